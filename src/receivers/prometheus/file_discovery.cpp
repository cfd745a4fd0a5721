#include <algorithm>

#include <fmt/core.h>

#include "receivers/prometheus/discovery.h"

namespace vigia::receivers {

namespace {

using prometheus::TargetGroup;

constexpr size_t most_file_bytes = 16 << 20;
constexpr int64_t look_interval_ms = 5'000;

// Works on the background thread, and tells on the receiver's loop.
class FileDiscovery final : public Discovery, public std::enable_shared_from_this<FileDiscovery> {
 public:
  FileDiscovery(std::shared_ptr<ScrapeServices> services, FileDiscoverySettings settings, Found found)
      : services_(std::move(services)),
        background_(services_->context.background.loop()),
        settings_(std::move(settings)),
        found_(std::move(found)) {}

  void start() override {
    services_->begin_task();
    background_.post([self = shared_from_this()] { self->look(); });
  }
  void stop() override {
    is_told_ = false;
    background_.post([self = shared_from_this()]() mutable {
      self->background_.cancel_timer(self->timer_);
      self->is_over_ = true;
      std::shared_ptr<ScrapeServices> services = self->services_;
      self.reset();
      services->end_task();
    });
  }

 private:
  struct Known {
    int64_t modified_ns = 0;
    std::vector<TargetGroup> groups;
  };

  void look() {
    if (is_over_) return;
    int64_t now_ms = background_.now_ms();
    bool is_due = last_refresh_ms_ == 0 || now_ms - last_refresh_ms_ >= settings_.refresh_interval_ms;
    if (is_due) last_refresh_ms_ = std::max<int64_t>(now_ms, 1);
    if (refresh(is_due) || is_first_) tell();
    is_first_ = false;
    timer_ = background_.run_after_ms(std::min(look_interval_ms, settings_.refresh_interval_ms), [self = weak_from_this()] {
      if (auto discovery = self.lock()) discovery->look();
    });
  }

  // Whether anything is different now.
  bool refresh(bool reads_all) {
    std::vector<std::string> paths = list();
    bool has_changed =
        std::erase_if(known_, [&](const auto& entry) { return std::find(paths.begin(), paths.end(), entry.first) == paths.end(); }) > 0;
    for (const std::string& path : paths) has_changed |= read(path, reads_all);
    return has_changed;
  }

  std::vector<std::string> list() {
    std::vector<std::string> paths;
    FileSystem& files = services_->context.files;
    for (const std::string& pattern : settings_.files) {
      if (pattern.find('*') == std::string::npos) {
        if (files.exists(pattern)) paths.push_back(pattern);
        continue;
      }
      size_t slash = pattern.rfind('/');
      std::string folder = slash == std::string::npos ? "." : pattern.substr(0, slash + 1);
      Result<std::vector<std::string>> names = files.list(folder);
      if (!names.is_ok()) continue;
      std::string_view last = std::string_view(pattern).substr(slash == std::string::npos ? 0 : slash + 1);
      for (const std::string& name : *names)
        if (matches_wildcard(last, name)) paths.push_back(slash == std::string::npos ? name : folder + name);
    }
    return paths;
  }

  bool read(const std::string& path, bool reads_again) {
    FileSystem& files = services_->context.files;
    Result<int64_t> modified_ns = files.modified_ns(path);
    auto found = known_.find(path);
    bool is_same = found != known_.end() && modified_ns.is_ok() && found->second.modified_ns == *modified_ns;
    if (is_same && !reads_again) return false;
    Result<std::string> text = files.read_small_file(path, most_file_bytes);
    Result<std::vector<TargetGroup>> groups = text.is_ok() ? prometheus::parse_target_groups(*text, path) : std::move(text).status();
    Known& known = found != known_.end() ? found->second : known_[path];
    known.modified_ns = modified_ns.is_ok() ? *modified_ns : 0;
    if (!groups.is_ok()) {
      services_->context.log.error("cannot read targets from a file", {{"path", path}, {"error", groups.status()}});
      return false;
    }
    for (TargetGroup& group : *groups) group.labels.set("__meta_filepath", path);
    known.groups = std::move(*groups);
    return true;
  }

  void tell() {
    std::vector<TargetGroup> all;
    for (const auto& [path, known] : known_) all.insert(all.end(), known.groups.begin(), known.groups.end());
    services_->begin_task();
    services_->loop.post([self = shared_from_this(), all = std::move(all)]() mutable {
      if (self->is_told_) self->found_(std::move(all));
      std::shared_ptr<ScrapeServices> services = self->services_;
      self.reset();
      services->end_task();
    });
  }

  std::shared_ptr<ScrapeServices> services_;
  net::EventLoop& background_;
  const FileDiscoverySettings settings_;
  // On the receiver's loop:
  Found found_;
  bool is_told_ = true;
  // On the background thread:
  std::map<std::string, Known> known_;
  int64_t last_refresh_ms_ = 0;
  net::EventLoop::TimerId timer_ = 0;
  bool is_first_ = true;
  bool is_over_ = false;
};

}  // namespace

bool matches_wildcard(std::string_view pattern, std::string_view name) {
  size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  name.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  // What is between two stars is found at the first place; what is behind the last one must be the end.
  for (;;) {
    star = pattern.find('*');
    if (star == std::string_view::npos) return name.ends_with(pattern);
    size_t at = name.find(pattern.substr(0, star));
    if (at == std::string_view::npos) return false;
    name.remove_prefix(at + star);
    pattern.remove_prefix(star + 1);
  }
}

std::shared_ptr<Discovery> file_discovery(std::shared_ptr<ScrapeServices> services, FileDiscoverySettings settings,
                                          Discovery::Found found) {
  return std::make_shared<FileDiscovery>(std::move(services), std::move(settings), std::move(found));
}

}  // namespace vigia::receivers
