#pragma once

// A made-up /proc and /sys in memory, for tests: files appear, change and vanish between two readings, also under an open descriptor.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"

namespace vigia::host::test {

class TreeFiles final : public FileSystem {
 public:
  std::map<std::string, std::string> content;
  std::map<std::string, std::string> links;
  std::map<std::string, DiskSpace> spaces;
  std::set<std::string> forbidden;  // Are there, and cannot be opened.
  int opened = 0;

  Result<std::string> read_file(const std::string& path) override {
    opened++;
    auto found = content.find(path);
    if (forbidden.contains(path)) return Status(StatusCode::permission_denied, "cannot open " + path + ": Permission denied");
    if (found == content.end()) return not_found("cannot open " + path + ": No such file or directory");
    return found->second;
  }
  Result<std::unique_ptr<File>> open_file(const std::string& path, FileMode) override {
    RETURN_IF_ERROR(check(path));
    return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, path));
  }
  Result<size_t> read_link(const std::string& path, char* out, size_t size) override {
    auto found = links.find(path);
    if (forbidden.contains(path)) return Status(StatusCode::permission_denied, "cannot read the link " + path + ": Permission denied");
    if (found == links.end()) return not_found("cannot read the link " + path + ": No such file or directory");
    return found->second.copy(out, size);
  }
  Result<DiskSpace> disk_space(const std::string& path) override {
    auto found = spaces.find(path);
    if (found == spaces.end()) return not_found("cannot tell the space of " + path + ": No such file or directory");
    return found->second;
  }
  // The names of files and of directories that have files.
  Result<std::vector<std::string>> list(const std::string& directory) override {
    std::set<std::string> names;
    for (const auto& [path, text] : content)
      if (path.starts_with(directory + "/"))
        names.insert(path.substr(directory.size() + 1, path.find('/', directory.size() + 1) - directory.size() - 1));
    if (names.empty()) return not_found("cannot list " + directory + ": No such file or directory");
    return std::vector<std::string>(names.begin(), names.end());
  }
  bool exists(const std::string& path) override { return content.contains(path); }
  Result<int64_t> modified_ns(const std::string& path) override {
    RETURN_IF_ERROR(check(path));
    return static_cast<int64_t>(content[path].size());
  }

  // Nobody writes to /proc.
  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path, bool) override { return unimplemented("cannot open " + path); }
  Status write_file_atomically(const std::string& path, std::string_view) override { return unimplemented("cannot write " + path); }
  Status rename(const std::string& from, const std::string&) override { return unimplemented("cannot rename " + from); }
  Status remove(const std::string& path) override { return unimplemented("cannot remove " + path); }
  Status create_directories(const std::string& path) override { return unimplemented("cannot create " + path); }

 private:
  class OpenFile final : public File {
   public:
    OpenFile(TreeFiles& files, std::string path) : files_(files), path_(std::move(path)) {}
    Result<size_t> read_at(uint64_t offset, char* out, size_t size) override {
      auto found = files_.content.find(path_);
      if (found == files_.content.end()) return unavailable("cannot read " + path_ + ": No such process");
      return offset >= found->second.size() ? size_t{0} : found->second.copy(out, size, offset);
    }
    Status write_at(uint64_t, std::span<const std::string_view>) override { return unimplemented("cannot write " + path_); }
    Status sync() override { return {}; }
    Status truncate(uint64_t) override { return unimplemented("cannot truncate " + path_); }
    Result<uint64_t> size_bytes() override { return uint64_t{0}; }

   private:
    TreeFiles& files_;
    const std::string path_;
  };

  Status check(const std::string& path) {
    Result<std::string> text = read_file(path);
    return text.is_ok() ? Status() : std::move(text).status();
  }
};

}  // namespace vigia::host::test
