#include "exporters/file/rotating_file.h"

#include <time.h>

#include <algorithm>

#include <fmt/core.h>

namespace vigia::exporters {

namespace {

struct PathParts {
  std::string directory;  // With its slash, or "".
  std::string stem;
  std::string extension;  // With its dot, or "".
};

PathParts parts_of(const std::string& path) {
  size_t name = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  size_t dot = path.rfind('.');
  if (dot == std::string::npos || dot <= name) dot = path.size();
  return {path.substr(0, name), path.substr(name, dot - name), path.substr(dot)};
}

// "2025-06-04T00-15-23.123".
std::string backup_time(int64_t wall_ns, bool is_local) {
  time_t seconds = wall_ns / 1'000'000'000;
  struct tm parts {};
  if (is_local)
    ::localtime_r(&seconds, &parts);
  else
    ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}-{:02}-{:02}.{:03}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                     parts.tm_min, parts.tm_sec, wall_ns / 1'000'000 % 1000);
}

// "2025-06-04T00-15-23.123", any digits.
bool is_backup_time(std::string_view text) {
  static constexpr std::string_view form = "0000-00-00T00-00-00.000";
  if (text.size() != form.size()) return false;
  for (size_t i = 0; i < form.size(); i++) {
    bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '0' ? !is_digit : text[i] != form[i]) return false;
  }
  return true;
}

}  // namespace

Status RotatingFile::open(bool keeps_content) {
  return state_.with([&](State& state) -> Status {
    if (state.file) return {};
    if (config_.creates_directory) {
      std::string directory = parts_of(config_.path).directory;
      if (!directory.empty()) RETURN_IF_ERROR(files_.create_directories(directory));
    }
    bool truncates = !config_.appends && !config_.rotation && !keeps_content;
    ASSIGN_OR_RETURN(state.file, files_.open_append(config_.path, truncates));
    return {};
  });
}

Status RotatingFile::write(std::string_view record) {
  return state_.with([&](State& state) -> Status {
    if (!state.file) {
      // The last rotation did not get this far.
      ASSIGN_OR_RETURN(state.file, files_.open_append(config_.path, false));
    }
    uint64_t most_bytes = config_.rotation ? config_.rotation->max_megabytes << 20 : UINT64_MAX;
    uint64_t size_bytes = state.file->size_bytes();
    if (size_bytes > 0 && size_bytes + record.size() > most_bytes) RETURN_IF_ERROR(rotate(state));
    return state.file->append(record);
  });
}

Status RotatingFile::sync() {
  return state_.with([](State& state) { return state.file ? state.file->sync() : Status(); });
}

Status RotatingFile::rotate(State& state) {
  state.file = nullptr;
  RETURN_IF_ERROR(files_.rename(config_.path, next_backup_path(state)));
  ASSIGN_OR_RETURN(state.file, files_.open_append(config_.path, false));
  return remove_old_backups();
}

// Later names sort behind earlier ones, also when two fall into one millisecond or the clock was turned back.
std::string RotatingFile::next_backup_path(State& state) const {
  PathParts parts = parts_of(config_.path);
  int64_t wall_ns = std::max(clock_.wall_ns(), state.last_backup_ns + 1'000'000);
  for (;; wall_ns += 1'000'000) {
    std::string time = backup_time(wall_ns, config_.rotation->uses_local_time);
    std::string path = fmt::format("{}{}-{}{}", parts.directory, parts.stem, time, parts.extension);
    if (files_.exists(path)) continue;
    state.last_backup_ns = wall_ns;
    return path;
  }
}

Status RotatingFile::remove_old_backups() {
  PathParts parts = parts_of(config_.path);
  std::string directory = parts.directory.empty() ? "." : parts.directory;
  ASSIGN_OR_RETURN(std::vector<std::string> names, files_.list(directory));
  std::string prefix = parts.stem + "-";
  std::erase_if(names, [&](const std::string& name) {
    if (!name.starts_with(prefix) || !name.ends_with(parts.extension) || name.size() < prefix.size() + parts.extension.size()) return true;
    std::string_view middle = std::string_view(name).substr(prefix.size(), name.size() - prefix.size() - parts.extension.size());
    return !is_backup_time(middle);
  });
  const RotationConfig& rotation = *config_.rotation;
  int64_t oldest_ns = clock_.wall_ns() - static_cast<int64_t>(rotation.max_days) * 86'400'000'000'000;
  // Their names sort by time.
  for (size_t i = 0; i < names.size(); i++) {
    std::string path = parts.directory + names[i];
    bool is_too_many = rotation.max_backups > 0 && names.size() - i > rotation.max_backups;
    bool is_too_old = false;
    if (rotation.max_days > 0) {
      Result<int64_t> modified_ns = files_.modified_ns(path);
      is_too_old = modified_ns.is_ok() && *modified_ns < oldest_ns;
    }
    if (is_too_many || is_too_old) RETURN_IF_ERROR(files_.remove(path));
  }
  return {};
}

}  // namespace vigia::exporters
