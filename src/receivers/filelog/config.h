#pragma once

// The filelog receiver's section.

#include <cstdint>
#include <optional>
#include <string>

#include "config/section.h"
#include "operators/chain.h"
#include "pipeline/sender_config.h"
#include "receivers/filelog/finder.h"
#include "receivers/filelog/splitter.h"

namespace vigia::receivers {

// What is done with a file that was cut to less than was read of it.
enum class OnTruncate : uint8_t {
  ignore,  // Wait until it has grown beyond that place.
  read_whole_file,
  read_new,  // Go on from where it ends now.
};

// Which compressed files are read as what is in them.
enum class CompressedFiles : uint8_t { none, gzip, all };

struct FileAttributesConfig {
  bool has_name = true;
  bool has_path = false;
  bool has_name_resolved = false;
  bool has_path_resolved = false;
  bool has_owner_name = false;
  bool has_owner_group_name = false;
  bool has_permissions = false;
  bool has_record_number = false;
  bool has_record_offset = false;
};

struct HeaderConfig {
  std::optional<Regex> pattern;
  operators::Chain operators;
};

struct FilelogConfig {
  FinderConfig finder;
  SplitterConfig splitter;
  FileAttributesConfig file_attributes;
  bool starts_at_beginning = false;
  int64_t poll_interval_ms = 200;
  int64_t force_flush_period_ms = 500;  // 0: never.
  uint64_t fingerprint_size = 1000;
  uint64_t max_concurrent_files = 1024;
  uint64_t max_batches = 0;  // 0: no bound.
  bool preserves_leading_whitespace = false;
  bool preserves_trailing_whitespace = false;
  bool deletes_after_read = false;
  CompressedFiles compressed = CompressedFiles::none;
  OnTruncate on_truncate = OnTruncate::read_whole_file;
  std::optional<HeaderConfig> header;
  operators::GivenTexts texts;
  operators::Chain operators;
  std::string customer;
  std::string storage;
  pipeline::RetryConfig retry{.initial_interval_ms = 1'000, .max_elapsed_time_ms = 0};
};

void decode(config::Section& in, FilelogConfig& out);

}  // namespace vigia::receivers
