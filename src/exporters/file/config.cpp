#include "exporters/file/config.h"

namespace vigia::exporters {

namespace {

void decode_rotation(config::Section& in, RotationConfig& out) {
  in.field("max_megabytes", out.max_megabytes);
  in.field("max_days", out.max_days);
  in.field("max_backups", out.max_backups);
  in.field("localtime", out.uses_local_time);
  in.require(out.max_megabytes > 0, "max_megabytes", "must be positive");
}

}  // namespace

void decode(config::Section& in, FileConfig& out) {
  in.field("path", out.path);
  in.choice("format", out.format, {{"json", FileFormat::json}, {"proto", FileFormat::proto}});
  in.choice("compression", out.is_compressed, {{"zstd", true}, {"none", false}, {"", false}});
  in.field("append", out.appends);
  in.field("create_directory", out.creates_directory);
  in.section("rotation", [&](config::Section& rotation) { decode_rotation(rotation, out.rotation.emplace()); });
  // Every batch is written at once.
  int64_t flush_interval_ms = 1000;
  in.duration_ms("flush_interval", flush_interval_ms);
  in.accept_ignored("directory_permissions");
  in.refuse("encoding", "encoding extensions are not in this build");
  in.refuse("group_by", "not in this build");
  in.require(!out.path.empty(), "path", "must be given");
  in.require(flush_interval_ms >= 0, "flush_interval", "must not be negative");
  in.require(!out.appends || !out.is_compressed, "append", "does not go with compression");
  in.require(!out.appends || !out.rotation, "append", "does not go with rotation");
}

}  // namespace vigia::exporters
