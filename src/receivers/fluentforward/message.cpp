#include "receivers/fluentforward/message.h"

#include <optional>

#include <fmt/core.h>

#include "base/compress.h"
#include "base/msgpack.h"

namespace vigia::receivers {

namespace {

using msgpack::Kind;
using msgpack::Reader;
using msgpack::Value;

struct Options {
  std::string_view chunk;
  std::string_view compressed;
  int64_t fluent_signal = 0;
};

Status broken(std::string_view what) { return invalid_argument(fmt::format("cannot read a forward message: {}", what)); }

// How many whole values there are, or nothing when something is broken or cut short.
std::optional<size_t> count_values(std::string_view bytes) {
  Reader reader(bytes);
  size_t count = 0;
  while (!reader.at_end()) {
    if (reader.skip().empty()) return std::nullopt;
    count++;
  }
  if (!reader.ok()) return std::nullopt;
  return count;
}

Result<Options> read_options(Reader& reader) {
  Options options;
  Value map;
  if (!reader.next(map)) return broken("its options are missing");
  if (map.kind == Kind::nil) return options;
  if (map.kind != Kind::map) return broken("its options are not a map");
  for (uint32_t i = 0; i < map.count; i++) {
    Value key, value;
    if (!reader.next(key) || !key.is_text()) return broken("the name of an option is not a text");
    std::string_view whole = reader.skip();
    Reader(whole).next(value);
    if (key.bytes == "chunk" && value.is_text() && !value.bytes.empty()) options.chunk = whole;
    if (key.bytes == "compressed" && value.is_text()) options.compressed = value.bytes;
    if (key.bytes == "fluent_signal" && value.kind == Kind::integer) options.fluent_signal = value.integer;
  }
  return options;
}

Status unpack(const Options& options, size_t max_bytes, MemoryLedger& ledger, ForwardMessage& message) {
  std::optional<Compression> compression = options.compressed == "text" ? Compression::none : compression_by_name(options.compressed);
  if (!compression) return broken(fmt::format("compression \"{}\" is not known; gzip and zstd are", options.compressed));
  if (*compression != Compression::none) {
    ASSIGN_OR_RETURN(message.inflated, decompress(*compression, message.entries, max_bytes, ledger));
    message.entries = message.inflated.view();
  }
  std::optional<size_t> count = count_values(message.entries);
  if (!count) return broken("its packed entries are damaged or cut short");
  message.entry_count = *count;
  return {};
}

// Whether this array is the time of a single entry as Fluent Bit may write it, and not a list of entries, which are arrays.
bool is_time_with_metadata(const Value& array, Reader content) {
  Value first;
  return array.count == 2 && content.next(first) && first.kind != Kind::array;
}

// Reads what follows the tag, and says how it is to be understood.
Result<Options> read_body(Reader& reader, uint32_t element_count, ForwardMessage& message, bool& is_packed) {
  Reader before = reader;
  Value second;
  if (!reader.next(second)) return broken("its entries are missing");
  uint32_t used = 2;
  if (second.is_text()) {
    is_packed = true;
    message.entries = second.bytes;
  } else if (second.kind == Kind::array && !is_time_with_metadata(second, reader)) {
    // Its elements, without the array around them.
    std::string_view whole = before.skip();
    message.entry_count = second.count;
    message.entries = reader.rest().substr(0, whole.size() - static_cast<size_t>(reader.rest().data() - whole.data()));
    reader = before;
  } else {
    // Whether the time is one is found when the record is read.
    reader = before;
    if (reader.skip().empty() || reader.skip().empty()) return broken("its record is missing");
    message.entries = before.rest().substr(0, before.rest().size() - reader.rest().size());
    message.entry_count = 1;
    message.is_single = true;
    used = 3;
  }
  if (element_count == used) return Options();
  if (element_count != used + 1) return broken(fmt::format("{} elements", element_count));
  return read_options(reader);
}

}  // namespace

Result<ForwardMessage> open_forward_message(std::string_view bytes, size_t max_bytes, MemoryLedger& ledger) {
  Reader reader(bytes);
  Value array, tag;
  if (!reader.next(array) || array.kind != Kind::array || array.count < 2 || array.count > 4)
    return broken("it is not an array of a tag, entries and options");
  if (!reader.next(tag) || !tag.is_text()) return broken("its tag is not a text");
  ForwardMessage message;
  message.tag = tag.bytes;
  bool is_packed = false;
  ASSIGN_OR_RETURN(Options options, read_body(reader, array.count, message, is_packed));
  if (options.fluent_signal != 0)
    return unimplemented(
        "Fluent Bit sent metrics or traces, and only logs come by the forward protocol; send those with its output \"opentelemetry\"");
  message.chunk = options.chunk;
  if (is_packed) RETURN_IF_ERROR(unpack(options, max_bytes, ledger, message));
  return message;
}

bool is_forward_heartbeat(std::string_view bytes) { return bytes == "\xC0"; }

}  // namespace vigia::receivers
