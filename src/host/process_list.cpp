#include "host/process_list.h"

#include "host/text_fields.h"

namespace vigia::host {

namespace {

constexpr size_t most_bytes = 65536;

}  // namespace

Status ProcessList::begin() {
  if (!directory_) {
    ASSIGN_OR_RETURN(directory_, files_.open_directory(folder_));
    return {};
  }
  Status status = directory_->rewind();
  if (!status.is_ok()) directory_.reset();
  return status;
}

Result<bool> ProcessList::next() {
  if (!directory_) return false;
  std::string_view name;
  for (;;) {
    Result<bool> more = directory_->next(name);
    if (!more.is_ok()) directory_.reset();
    if (!more.is_ok() || !*more) return more;
    std::optional<uint64_t> pid = parse_unsigned(name);
    if (!pid) continue;
    pid_ = *pid;
    return true;
  }
}

const std::string& ProcessList::path_of(std::string_view name) {
  char digits[20];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, pid_);
  path_ = folder_;
  path_ += '/';
  path_.append(digits, end);
  path_ += '/';
  path_ += name;
  return path_;
}

Result<std::string_view> ProcessList::read(std::string_view name, std::string& buffer) {
  if (buffer.size() < most_bytes) buffer.resize(most_bytes);
  ASSIGN_OR_RETURN(size_t size, files_.read_start(path_of(name), buffer.data(), buffer.size()));
  return std::string_view(buffer).substr(0, size);
}

Result<std::string_view> ProcessList::read_link(std::string_view name, std::string& buffer) {
  constexpr size_t longest = 4096;
  if (buffer.size() < longest) buffer.resize(longest);
  ASSIGN_OR_RETURN(size_t size, files_.read_link(path_of(name), buffer.data(), buffer.size()));
  return std::string_view(buffer).substr(0, size);
}

Result<std::unique_ptr<Directory>> ProcessList::open_directory(std::string_view name) { return files_.open_directory(path_of(name)); }

// A file that is open already says ESRCH, which has no code of its own.
bool has_ended(const Status& status) { return status.code() == StatusCode::not_found || status.message().ends_with("No such process"); }

}  // namespace vigia::host
