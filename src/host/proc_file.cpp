#include "host/proc_file.h"

namespace vigia::host {

namespace {

constexpr size_t first_size = 4096;
// The longest one is the mountinfo of a node with thousands of containers.
constexpr size_t most_bytes = 8 << 20;

}  // namespace

Result<std::string_view> ProcFile::read() {
  if (!file_) {
    ASSIGN_OR_RETURN(file_, files_.open_file(path_, FileMode::read));
  }
  if (buffer_.empty()) buffer_.resize(first_size);
  for (;;) {
    Result<size_t> count = file_->read_at(0, buffer_.data(), buffer_.size());
    if (!count.is_ok()) {
      file_.reset();
      return std::move(count).status();
    }
    if (*count < buffer_.size()) return std::string_view(buffer_).substr(0, *count);
    if (buffer_.size() >= most_bytes) return resource_exhausted("cannot read " + path_ + ": it is larger than 8 MiB");
    buffer_.resize(buffer_.size() * 2);
  }
}

std::string below_root(const std::string& root_path, std::string_view path) {
  std::string result = root_path;
  while (result.ends_with('/')) result.pop_back();
  return result + std::string(path);
}

}  // namespace vigia::host
