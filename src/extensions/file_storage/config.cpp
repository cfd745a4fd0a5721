#include "extensions/file_storage/config.h"

#include <charconv>
#include <optional>

#include "extensions/file_storage/file_storage.h"

namespace vigia::extensions {

namespace {

using pipeline::StorageSync;

// "0750", as chmod takes it.
std::optional<uint32_t> parse_permissions(const std::string& text) {
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc() || end != text.data() + text.size() || value > 0777) return std::nullopt;
  return value;
}

// Nothing of it is needed here, but whoever comes from the Collector has it in the file.
void decode_compaction(config::Section& in) {
  bool flag = false;
  uint64_t number = 0;
  int64_t duration_ms = 0;
  std::string directory;
  for (std::string_view key : {"on_start", "on_rebound", "cleanup_on_start"}) in.field(key, flag);
  for (std::string_view key : {"rebound_needed_threshold_mib", "rebound_trigger_threshold_mib", "max_transaction_size"})
    in.field(key, number);
  in.duration_ms("check_interval", duration_ms);
  in.field("directory", directory);
}

// `sync` is ours and has three answers; `fsync` is the Collector's and has two. Absent is the safe one, unlike there.
void decode_sync(config::Section& section, pipeline::StorageSettings& out) {
  bool has_sync = section.choice("sync", out.sync,
                                 {{"always", StorageSync::always}, {"interval", StorageSync::interval}, {"never", StorageSync::never}});
  bool wants_fsync = true;
  if (section.field("fsync", wants_fsync)) {
    section.require(!has_sync, "fsync", "fsync and sync cannot both be given; sync says more");
    if (!has_sync) out.sync = wants_fsync ? StorageSync::always : StorageSync::never;
  }
  section.duration_ms("sync_interval", out.sync_interval_ms);
  section.require(out.sync_interval_ms > 0, "sync_interval", "must be positive");
}

}  // namespace

FileStorageConfig decode_file_storage(config::Section& section) {
  FileStorageConfig config;
  section.field("directory", config.storage.directory);
  section.require(!config.storage.directory.empty(), "directory", "must name a directory");
  section.field("create_directory", config.creates_directory);
  std::string permissions;
  if (section.field("directory_permissions", permissions)) {
    std::optional<uint32_t> parsed = parse_permissions(permissions);
    section.require(parsed.has_value(), "directory_permissions",
                    "expected permissions in octal such as \"0750\", found \"" + permissions + "\"");
    config.directory_permissions = parsed.value_or(config.directory_permissions);
  }
  section.duration_ms("timeout", config.lock_timeout_ms);
  section.require(config.lock_timeout_ms >= 0, "timeout", "must not be negative");
  decode_sync(section, config.storage);
  uint64_t max_mebibytes = 0;
  section.field("max_size_mib", max_mebibytes);
  section.require(max_mebibytes <= UINT64_MAX >> 20, "max_size_mib", "is too large");
  config.storage.max_bytes = max_mebibytes << 20;
  if (section.section("compaction", decode_compaction))
    section.warn("compaction", "compaction is not needed: finished files are deleted whole");
  section.accept_ignored("recreate");
  if (!config.creates_directory)
    section.check_when_used("directory", [directory = config.storage.directory](FileSystem& files) -> Status {
      return check_storage_directory(files, directory);
    });
  return config;
}

}  // namespace vigia::extensions
