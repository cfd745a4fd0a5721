#include "receivers/filelog/file_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "receivers/filelog/decompressed_file.h"
#include "receivers/filelog/file_origin.h"

namespace vigia::receivers {

namespace {

// Little enough to be read again where the batch was full before its end.
constexpr size_t block_bytes = 64 << 10;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// A compressed file is complete where it ends well; what has no newline there will get none.
bool ends_for_good(const TrackedFile& file) {
  return file.compression != Compression::none && !static_cast<const DecompressedFile&>(*file.file).is_unfinished();
}

}  // namespace

ReaderTelemetry::ReaderTelemetry(MetricRegistry& metrics, const pipeline::ComponentId& id)
    : bytes(metrics.counter("vigia_filelog_read_bytes", "Bytes of log files that became entries; of compressed ones, of what is in them.",
                            {{"receiver", id.to_string()}})),
      entries(metrics.counter("vigia_filelog_entries", "Entries found in log files, before operators.", {{"receiver", id.to_string()}})),
      cut_entries(
          metrics.counter("vigia_filelog_cut_entries", "Entries longer than max_log_size, split or cut.", {{"receiver", id.to_string()}})),
      repaired_entries(metrics.counter("vigia_filelog_repaired_entries", "Entries with bytes that were no text and became U+FFFD.",
                                       {{"receiver", id.to_string()}})) {}

FileReader::FileReader(const pipeline::Context& context, const FilelogConfig& config, KnownFiles& known, EntryBatch& batch,
                       std::unique_ptr<operators::ChainRun> header_run)
    : context_(context),
      config_(config),
      splitter_(config.splitter),
      known_(known),
      batch_(batch),
      header_run_(std::move(header_run)),
      telemetry_(context.metrics, context.id) {}

FileReader::Outcome FileReader::read(TrackedFile& file, size_t budget_bytes, bool ends_rest) {
  if (Outcome outcome = prepare(file); outcome != Outcome::more) return outcome;
  observed_ns_ = context_.clock.wall_ns();
  size_t wanted = block_size(block_bytes);
  for (size_t used = 0; used < budget_bytes;) {
    Result<Block> block = read_block(file, wanted);
    if (!block.is_ok()) return block.status().code() == StatusCode::data_loss ? Outcome::replaced : fail(file, block.status());
    bool is_last = block->is_end && (ends_rest || !splitter_.splits() || ends_for_good(file));
    size_t consumed = push_entries(file, *block, is_last);
    advance(file, *block, consumed);
    used += consumed;
    if (batch_.is_full()) return Outcome::full;
    // An entry longer than the block needs a larger one.
    wanted = block_size(consumed > 0 ? block_bytes : 2 * wanted);
    if (!block->is_end) continue;
    note_rest(file, *block, consumed);
    return Outcome::at_end;
  }
  return Outcome::more;
}

// Makes what entries of the file have in common, and its fingerprint where that is not whole yet.
FileReader::Outcome FileReader::prepare(TrackedFile& file) {
  file.used_ms = context_.clock.steady_ms();
  bool may_be_longer = file.compression != Compression::none || file.size_bytes > file.fingerprint.size;
  if (file.fingerprint.size < config_.fingerprint_size && may_be_longer) {
    Result<std::string> beginning = read_range(*file.file, 0, config_.fingerprint_size);
    if (!beginning.is_ok()) return fail(file, beginning.status());
    if (!file.fingerprint.fits(std::string_view(*beginning).substr(0, file.fingerprint.size))) return Outcome::replaced;
    known_.set_fingerprint(file, Sample::of(*beginning));
  }
  if (file.origin && file.origin_path == file.path) return Outcome::more;
  if (file.origin) known_.retired_origins().push_back(std::move(file.origin));
  file.origin = make_origin(context_.files, config_, file);
  file.is_header_read = false;
  return config_.header ? prepare_header(file) : Outcome::more;
}

FileReader::Outcome FileReader::prepare_header(TrackedFile& file) {
  Result<Header> header = read_header(config_, splitter_, *header_run_, context_.ledger, *file.file, *file.origin);
  if (!header.is_ok()) return fail(file, header.status());
  if (!header->is_complete) {
    file.origin.reset();
    return Outcome::at_end;
  }
  file.is_header_read = true;
  if (file.read.offset >= header->end) return Outcome::more;
  uint64_t size = std::min(header->end, tail_bytes);
  Result<std::string> tail = read_range(*file.file, header->end - size, size);
  if (!tail.is_ok()) return fail(file, tail.status());
  file.read = {header->end, Sample::of(*tail), 0};
  batch_.mark(file, file.read);
  return Outcome::more;
}

// An entry is at most max_log_size long, or is cut. The characters behind show where.
size_t FileReader::block_size(size_t wanted) const {
  size_t most = config_.splitter.max_log_size;
  return wanted < most ? wanted : std::max(block_bytes, most) + 8;
}

// DATA_LOSS when what was read is not there any more.
Result<FileReader::Block> FileReader::read_block(TrackedFile& file, size_t size) {
  size_t wanted = file.read.tail.size + size;
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  ASSIGN_OR_RETURN(size_t count, file.file->read_at(file.read.offset - file.read.tail.size, buffer_.data(), wanted));
  std::string_view bytes(buffer_.data(), count);
  Block block;
  block.tail_size = file.read.tail.size;
  if (!file.read.tail.fits(bytes.substr(0, block.tail_size))) return data_loss("the content has changed");
  block.data = bytes.substr(block.tail_size);
  block.is_end = count < wanted;
  block.is_valid = config_.splitter.encoding.is_plain() && is_valid_utf8(block.data);
  return block;
}

size_t FileReader::push_entries(TrackedFile& file, const Block& block, bool ends_rest) {
  size_t consumed = 0;
  Piece piece;
  while (!batch_.is_full() && splitter_.next(block.data.substr(consumed), ends_rest, piece)) {
    if (piece.is_too_long) telemetry_.cut_entries.add();
    bool is_rest = std::exchange(file.skips_rest, piece.is_cut);
    if (!is_rest) push(file, piece.raw, file.read.offset + consumed, block.is_valid);
    consumed += piece.consumed;
  }
  return consumed;
}

void FileReader::push(TrackedFile& file, std::string_view raw, uint64_t offset, bool is_valid) {
  file.read.record_number++;
  bool is_bytes = false;
  std::string_view text = text_of(raw, is_valid, is_bytes);
  // A byte order mark is no text.
  if (offset == 0 && text.substr(0, 3) == "\xEF\xBB\xBF" && splitter_.splits()) text.remove_prefix(3);
  if (splitter_.splits()) text = trim_entry(text);
  if (text.empty()) return;
  telemetry_.entries.add();
  std::array<std::pair<std::string_view, int64_t>, 2> numbers;
  size_t count = 0;
  if (config_.file_attributes.has_record_number)
    numbers[count++] = {"log.file.record_number", static_cast<int64_t>(file.read.record_number)};
  if (config_.file_attributes.has_record_offset) numbers[count++] = {"log.file.record_offset", static_cast<int64_t>(offset)};
  batch_.push(text, is_bytes, *file.origin, {.observed_ns = observed_ns_, .time_ns = 0, .position = offset}, {numbers.data(), count});
}

std::string_view FileReader::text_of(std::string_view raw, bool is_valid, bool& is_bytes) {
  switch (config_.splitter.encoding.kind()) {
    case TextEncoding::Kind::nop:
      is_bytes = true;
      return raw;
    case TextEncoding::Kind::utf8_raw:
      is_bytes = !is_valid && !is_valid_utf8(raw);
      return raw;
    case TextEncoding::Kind::utf8:
      if (is_valid || is_valid_utf8(raw)) return raw;
      scratch_ = repair_utf8(raw);
      telemetry_.repaired_entries.add();
      return scratch_;
    default:
      scratch_.clear();
      config_.splitter.encoding.decode(raw, scratch_);
      return scratch_;
  }
}

std::string_view FileReader::trim_entry(std::string_view text) const {
  if (!config_.preserves_trailing_whitespace)
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (!config_.preserves_leading_whitespace)
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

void FileReader::advance(TrackedFile& file, const Block& block, size_t consumed) {
  if (consumed == 0) return;
  telemetry_.bytes.add(consumed);
  file.read.offset += consumed;
  uint64_t size = std::min(file.read.offset, tail_bytes);
  // The tail before the block is the last tail_bytes or all there was, so this reaches back far enough.
  file.read.tail = Sample::of(std::string_view(block.data.data() + consumed - size, size));
  file.rest_bytes = 0;
  batch_.mark(file, file.read);
}

// When the rest has grown its time begins anew.
void FileReader::note_rest(TrackedFile& file, const Block& block, size_t consumed) {
  size_t rest = block.data.size() - consumed;
  if (rest != file.rest_bytes || consumed > 0) file.rest_since_ms = context_.clock.steady_ms();
  file.rest_bytes = rest;
  file.has_rest = rest > 0;
  if (!batch_.holds_any()) known_.retired_origins().clear();
}

FileReader::Outcome FileReader::fail(TrackedFile& file, const Status& why) {
  // What is damaged stays so.
  if (file.compression != Compression::none && why.code() == StatusCode::invalid_argument) file.is_unwanted = true;
  context_.log.warn("cannot read a log file", {{"path", file.path}, {"error", why}});
  return Outcome::failed;
}

}  // namespace vigia::receivers
