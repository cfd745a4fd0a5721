#include "receivers/filelog/config.h"

#include "otlp/customer_attribute.h"
#include "pipeline/component.h"
#include "pipeline/customer.h"

namespace vigia::receivers {

namespace {

constexpr uint64_t least_fingerprint_bytes = 16;

void decode_globs(config::Section& in, std::string_view key, std::vector<Glob>& out) {
  std::vector<std::string> patterns;
  in.field(key, patterns);
  for (const std::string& pattern : patterns) {
    Result<Glob> glob = Glob::parse(pattern);
    if (glob.is_ok())
      out.push_back(std::move(*glob));
    else
      in.error(key, "cannot use the pattern '" + pattern + "': " + glob.status().message());
  }
}

void decode_finder(config::Section& in, FinderConfig& out) {
  decode_globs(in, "include", out.include);
  decode_globs(in, "exclude", out.exclude);
  in.require(!out.include.empty() || in.has_new_errors(), "include", "must name at least one file or pattern");
  in.duration_ms("exclude_older_than", out.exclude_older_than_ms);
  in.section("ordering_criteria", [&](config::Section& ordering) { decode(ordering, out.ordering); });
}

std::optional<Regex> decode_pattern(config::Section& in, std::string_view key) {
  std::string pattern;
  in.field(key, pattern);
  if (pattern.empty()) return std::nullopt;
  Result<Regex> regex = Regex::compile("(?m)" + pattern);
  if (regex.is_ok()) return std::move(*regex);
  in.error(key, regex.status().message());
  return std::nullopt;
}

void decode_multiline(config::Section& in, SplitterConfig& out) {
  out.line_start = decode_pattern(in, "line_start_pattern");
  out.line_end = decode_pattern(in, "line_end_pattern");
  in.field("omit_pattern", out.omits_pattern);
  in.require(!out.line_start || !out.line_end, "line_end_pattern", "only one of line_start_pattern and line_end_pattern can be set");
  bool is_nop = out.encoding.kind() == TextEncoding::Kind::nop;
  in.require(!is_nop || (!out.line_start && !out.line_end), "", "does not go with encoding nop, which has no lines");
}

void decode_splitter(config::Section& in, SplitterConfig& out) {
  std::string encoding = "utf-8";
  in.field("encoding", encoding);
  Result<TextEncoding> known = TextEncoding::by_name(encoding);
  if (known.is_ok())
    out.encoding = std::move(*known);
  else
    in.error("encoding", known.status().message());
  in.section("multiline", [&](config::Section& multiline) { decode_multiline(multiline, out); });
  in.size_bytes("max_log_size", out.max_log_size);
  constexpr uint64_t most = 1 << 30;
  in.require(out.max_log_size > 0 && out.max_log_size <= most, "max_log_size", "must be between 1 byte and 1 GiB");
  in.choice("max_log_size_behavior", out.truncates, {{"split", false}, {"truncate", true}});
}

void decode_attributes(config::Section& in, FileAttributesConfig& out) {
  in.field("include_file_name", out.has_name);
  in.field("include_file_path", out.has_path);
  in.field("include_file_name_resolved", out.has_name_resolved);
  in.field("include_file_path_resolved", out.has_path_resolved);
  in.field("include_file_owner_name", out.has_owner_name);
  in.field("include_file_owner_group_name", out.has_owner_group_name);
  in.field("include_file_permissions", out.has_permissions);
  in.field("include_file_record_number", out.has_record_number);
  in.field("include_file_record_offset", out.has_record_offset);
}

void decode_customer(config::Section& in, FilelogConfig& out) {
  pipeline::decode_customer(in, out.customer);
  const config::MapEntry* resource = in.node().find("resource");
  if (out.customer.empty() || !resource) return;
  for (const config::MapEntry& entry : resource->value.entries)
    in.require(!otlp::is_customer_attribute(entry.key), "resource",
               "the key customer says already whose the records are: leave out " + entry.key);
}

// Refused data is tried again in any case: the file is the buffer. The section only says at what pace, and for how long.
void decode_retry(config::Section& in, pipeline::RetryConfig& out) {
  in.field("enabled", out.is_enabled);
  in.duration_ms("initial_interval", out.initial_interval_ms);
  in.duration_ms("max_interval", out.max_interval_ms);
  in.duration_ms("max_elapsed_time", out.max_elapsed_time_ms);
  in.require(out.initial_interval_ms > 0, "initial_interval", "must be positive");
  in.require(out.max_interval_ms > 0, "max_interval", "must be positive");
  in.require(out.max_elapsed_time_ms >= 0, "max_elapsed_time", "must not be negative");
}

void decode_header(config::Section& in, HeaderConfig& out) {
  std::string pattern;
  in.field("pattern", pattern);
  if (in.require(!pattern.empty(), "pattern", "must be given: it matches the lines of the header")) {
    Result<Regex> regex = Regex::compile(pattern);
    if (regex.is_ok())
      out.pattern = std::move(*regex);
    else
      in.error("pattern", regex.status().message());
  }
  out.operators = operators::decode_chain(in, "metadata_operators");
  in.require(in.has("metadata_operators"), "metadata_operators", "must name at least one operator");
}

// What the Collector needs for how it works, and what is there in any case here.
void accept_what_says_nothing(config::Section& in) {
  for (const char* key : {"initial_buffer_size", "polls_to_archive", "skip_unmodified_files", "file_cache_advise", "id", "type"})
    in.accept_ignored(key);
  bool locks = false;
  in.field("acquire_fs_lock", locks);
  in.require(!locks, "acquire_fs_lock", "not in this build");
}

void check_together(config::Section& in, const FilelogConfig& out) {
  in.require(out.poll_interval_ms > 0, "poll_interval", "must be positive");
  in.require(out.force_flush_period_ms >= 0, "force_flush_period", "must not be negative");
  in.require(out.fingerprint_size >= least_fingerprint_bytes && out.fingerprint_size <= 1 << 20, "fingerprint_size",
             "must be between 16 bytes and 1 MiB");
  in.require(out.max_concurrent_files > 0, "max_concurrent_files", "must be positive");
  in.require(!out.deletes_after_read || out.starts_at_beginning, "delete_after_read", "does not go with 'start_at: end'");
  in.require(!out.header || out.starts_at_beginning, "header", "does not go with 'start_at: end'");
  bool has_lines = out.splitter.encoding.kind() != TextEncoding::Kind::nop;
  in.require(!out.header || has_lines, "header", "does not go with encoding nop, which has no lines");
}

}  // namespace

void decode(config::Section& in, FilelogConfig& out) {
  decode_finder(in, out.finder);
  decode_splitter(in, out.splitter);
  decode_attributes(in, out.file_attributes);
  in.choice("start_at", out.starts_at_beginning, {{"end", false}, {"beginning", true}});
  in.duration_ms("poll_interval", out.poll_interval_ms);
  in.duration_ms("force_flush_period", out.force_flush_period_ms);
  in.size_bytes("fingerprint_size", out.fingerprint_size);
  in.field("max_concurrent_files", out.max_concurrent_files);
  in.field("max_batches", out.max_batches);
  in.field("preserve_leading_whitespaces", out.preserves_leading_whitespace);
  in.field("preserve_trailing_whitespaces", out.preserves_trailing_whitespace);
  in.field("delete_after_read", out.deletes_after_read);
  in.choice(
      "compression", out.compressed,
      {{"", CompressedFiles::none}, {"none", CompressedFiles::none}, {"gzip", CompressedFiles::gzip}, {"auto", CompressedFiles::all}});
  in.choice("on_truncate", out.on_truncate,
            {{"ignore", OnTruncate::ignore}, {"read_whole_file", OnTruncate::read_whole_file}, {"read_new", OnTruncate::read_new}});
  in.section("header", [&](config::Section& header) { decode_header(header, out.header.emplace()); });
  out.operators = operators::decode_chain_and_texts(in, out.texts);
  decode_customer(in, out);
  if (in.field("storage", out.storage) && !out.storage.empty()) in.claim(pipeline::storage_topic, "storage", out.storage);
  in.section("retry_on_failure", [&](config::Section& retry) { decode_retry(retry, out.retry); });
  accept_what_says_nothing(in);
  check_together(in, out);
}

}  // namespace vigia::receivers
