#include "net/file_watcher.h"

#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace vigia::net {

namespace {

constexpr uint32_t name_events = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_MOVE_SELF | IN_ONLYDIR;
constexpr uint32_t content_events = IN_MODIFY;

Status cannot_watch(const std::string& path) {
  // The system's limits on watches and on instances have errors of their own.
  if (errno == ENOSPC || errno == EMFILE || errno == ENFILE)
    return resource_exhausted("cannot watch " + path +
                              ": the system grants no more watches (fs.inotify.max_user_watches, max_user_instances)");
  return system_error("cannot watch " + path, errno);
}

// File systems whose content others change without our kernel knowing: NFS, SMB and CIFS, FUSE, 9P, AFS, Ceph.
bool tells_of_changes(const std::string& path) {
  static constexpr std::array<int64_t, 8> silent = {0x6969, 0x517B, 0xFF534D42, 0xFE534D42, 0x65735546, 0x01021997, 0x5346414F, 0x00C36400};
  struct statfs facts {};
  if (::statfs(path.c_str(), &facts) != 0) return true;
  int64_t type = static_cast<uint32_t>(facts.f_type);
  return std::find(silent.begin(), silent.end(), type) == silent.end();
}

class Inotify final : public FileWatcher, public IoHandler {
 public:
  Inotify(EventLoop& loop, int descriptor) : loop_(loop), descriptor_(descriptor) {}
  ~Inotify() override {
    loop_.forget(descriptor_);
    ::close(descriptor_);
  }
  Status begin() { return loop_.watch(descriptor_, false, false, *this); }

  Result<Id> watch_names(const std::string& directory) override { return add(directory, name_events); }
  Result<Id> watch_content(const std::string& path) override { return add(path, content_events); }
  void forget(Id id) override { ::inotify_rm_watch(descriptor_, id); }

  void wait(Function<void()> changed) override {
    changed_ = std::move(changed);
    loop_.change_watch(descriptor_, true, false, *this);
  }

  Changes take() override {
    Changes changes;
    alignas(inotify_event) std::array<char, 16384> room;
    for (;;) {
      ssize_t count = ::read(descriptor_, room.data(), room.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return changes;
      for (ssize_t at = 0; at < count;) {
        inotify_event event;
        std::memcpy(&event, room.data() + at, sizeof event);
        const char* name = room.data() + at + sizeof event;
        sort_in(event, std::string_view(name, event.len > 0 ? ::strnlen(name, event.len) : 0), changes);
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    }
  }

  void on_io(bool, bool) override {
    loop_.change_watch(descriptor_, false, false, *this);
    if (changed_) std::exchange(changed_, nullptr)();
  }

 private:
  Result<Id> add(const std::string& path, uint32_t events) {
    if (!tells_of_changes(path)) return unimplemented("cannot watch " + path + ": its file system does not tell of changes");
    int id = ::inotify_add_watch(descriptor_, path.c_str(), events);
    if (id < 0) return cannot_watch(path);
    return id;
  }

  void sort_in(const inotify_event& event, std::string_view name, Changes& changes) {
    if (event.mask & IN_MOVED_FROM) moving_ = {event.cookie, event.wd, std::string(name)};
    // The two halves of a rename follow one another.
    if ((event.mask & IN_MOVED_TO) && moving_.cookie == event.cookie)
      changes.renames.push_back({moving_.directory, std::move(moving_.name), event.wd, std::string(name)});
    if (event.mask & IN_Q_OVERFLOW) changes.is_incomplete = true;
    if (event.mask & IN_IGNORED) changes.ended.push_back(event.wd);
    if (event.mask & IN_MODIFY) changes.contents.push_back(event.wd);
    if (event.mask & (name_events | IN_IGNORED | IN_UNMOUNT)) changes.names = true;
  }

  struct Moving {
    uint32_t cookie = 0;
    Id directory = 0;
    std::string name;
  };

  EventLoop& loop_;
  const int descriptor_;
  Function<void()> changed_;
  Moving moving_;
};

}  // namespace

Result<std::unique_ptr<FileWatcher>> FileWatcher::open(EventLoop& loop) {
  int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return cannot_watch("files");
  auto watcher = std::make_unique<Inotify>(loop, descriptor);
  RETURN_IF_ERROR(watcher->begin());
  return std::unique_ptr<FileWatcher>(std::move(watcher));
}

}  // namespace vigia::net
