#include <array>
#include <cmath>
#include <cstring>

#include "base/clock.h"
#include "base/utf8.h"
#include "otlp/attribute_view.h"
#include "otlp/attribute_write.h"
#include "receivers/fluentforward/values_internal.h"

namespace vigia::receivers {

namespace {

using msgpack::Kind;
using msgpack::Reader;
using msgpack::Value;

constexpr size_t typical_list_bytes = 100;
constexpr int64_t ns_per_s = 1'000'000'000;
constexpr int8_t event_time_type = 0;
constexpr int8_t timestamp_type = -1;

// The content of an AnyValue that needs no memory of its own.
class SmallValue {
 public:
  explicit SmallValue(const Value& value) {
    switch (value.kind) {
      case Kind::boolean:
        put(otlp::varint_tag(2));
        put(value.boolean ? 1 : 0);
        break;
      case Kind::integer: {
        put(otlp::varint_tag(3));
        char* end = otlp::put_varint(content_.data() + size_, static_cast<uint64_t>(value.integer));
        size_ = static_cast<size_t>(end - content_.data());
        break;
      }
      case Kind::number:
        put(otlp::fixed64_tag(4));
        std::memcpy(content_.data() + size_, &value.number, 8);
        size_ += 8;
        break;
      default:
        break;  // nil is an AnyValue without a value
    }
  }
  std::string_view view() const { return {content_.data(), size_}; }

 private:
  void put(uint32_t byte) { content_[size_++] = static_cast<char>(byte); }
  std::array<char, 11> content_;
  size_t size_ = 0;
};

uint64_t big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

uint64_t ns_of(int64_t seconds, uint64_t nanoseconds) {
  bool fits = seconds >= 0 && seconds < INT64_MAX / ns_per_s - 5 && nanoseconds <= UINT32_MAX;
  return fits ? static_cast<uint64_t>(seconds * ns_per_s) + nanoseconds : 0;
}

std::optional<ForwardTime> read_extension_time(const Value& value) {
  std::string_view bytes = value.bytes;
  if (value.extension_type == event_time_type && bytes.size() == 8) {
    auto seconds = static_cast<int64_t>(big_endian(bytes.substr(0, 4)));
    bool is_marker = seconds >= int64_t{UINT32_MAX} - 1;  // −1 and −2 as Fluent Bit writes them
    return ForwardTime{is_marker ? 0 : ns_of(seconds, big_endian(bytes.substr(4))), is_marker};
  }
  if (value.extension_type != timestamp_type) return std::nullopt;
  if (bytes.size() == 4) return ForwardTime{ns_of(static_cast<int64_t>(big_endian(bytes)), 0)};
  if (bytes.size() == 8) {
    uint64_t both = big_endian(bytes);
    return ForwardTime{ns_of(static_cast<int64_t>(both & ((uint64_t{1} << 34) - 1)), both >> 34)};
  }
  if (bytes.size() == 12) return ForwardTime{ns_of(static_cast<int64_t>(big_endian(bytes.substr(4))), big_endian(bytes.substr(0, 4)))};
  return std::nullopt;
}

// The text that an unusual value becomes; nothing for extensions that are no times.
std::optional<std::string> text_of(const Value& value) {
  if (value.kind == Kind::unsigned_integer) return std::to_string(static_cast<uint64_t>(value.integer));
  std::optional<ForwardTime> time = read_extension_time(value);
  if (!time) return std::nullopt;
  return format_rfc3339(static_cast<int64_t>(time->unix_ns), 9);
}

}  // namespace

std::optional<ForwardTime> read_forward_time(const Value& value) {
  switch (value.kind) {
    case Kind::integer:
      return ForwardTime{ns_of(value.integer, 0)};
    case Kind::unsigned_integer:
      return ForwardTime{};
    case Kind::number: {
      if (!(value.number >= 0 && value.number < 9e9)) return ForwardTime{};
      double seconds = std::floor(value.number);
      return ForwardTime{ns_of(static_cast<int64_t>(seconds), static_cast<uint64_t>((value.number - seconds) * 1e9))};
    }
    case Kind::extension:
      return read_extension_time(value);
    default:
      return std::nullopt;
  }
}

std::string_view ValueWriter::clean(std::string_view text, std::string& room) {
  if (is_valid_utf8(text)) return text;
  repaired_++;
  room = repair_utf8(text);
  return room;
}

bool ValueWriter::attribute(Appender& out, uint32_t number, std::string_view key, const Value& value, Reader& reader, int level) {
  std::string_view name = clean(key, key_room_);
  switch (value.kind) {
    case Kind::string:
    case Kind::binary:
      otlp::append_attribute(out, number, name, clean(value.bytes, text_room_));
      return true;
    case Kind::array:
    case Kind::map:
    case Kind::unsigned_integer:
    case Kind::extension: {
      otlp::NestedMessage pair(out, otlp::bytes_tag(number), typical_list_bytes);
      otlp::append_bytes_field(out, 1, name);
      bool is_written = any_value(out, 2, value, reader, level);
      pair.close();
      return is_written;
    }
    default:
      otlp::append_key_value(out, number, name, SmallValue(value).view());
      return true;
  }
}

bool ValueWriter::any_value(Appender& out, uint32_t number, const Value& value, Reader& reader, int level) {
  switch (value.kind) {
    case Kind::string:
    case Kind::binary: {
      std::string_view text = clean(value.bytes, text_room_);
      otlp::append_varint(out, otlp::bytes_tag(number));
      otlp::append_varint(out, 1 + otlp::varint_size(text.size()) + text.size());
      otlp::append_bytes_field(out, 1, text);
      return true;
    }
    case Kind::array:
    case Kind::map: {
      otlp::NestedMessage any(out, otlp::bytes_tag(number), typical_list_bytes);
      bool is_written = list(out, value, reader, level);
      any.close();
      return is_written;
    }
    case Kind::unsigned_integer:
    case Kind::extension: {
      otlp::NestedMessage any(out, otlp::bytes_tag(number), value.bytes.size() + 32);
      std::optional<std::string> text = text_of(value);
      otlp::append_bytes_field(out, text ? 1 : 7, text ? std::string_view(*text) : value.bytes);
      any.close();
      return true;
    }
    default:
      otlp::append_bytes_field(out, number, SmallValue(value).view());
      return true;
  }
}

bool ValueWriter::list(Appender& out, const Value& value, Reader& reader, int level) {
  if (level >= otlp::max_value_levels) return false;
  bool is_map = value.kind == Kind::map;
  otlp::NestedMessage values(out, otlp::bytes_tag(is_map ? 6 : 5), typical_list_bytes);
  bool is_written = true;
  if (is_map) {
    is_written = attributes(out, 1, value.count, reader, level + 1);
  } else {
    Value element;
    for (uint32_t i = 0; is_written && i < value.count; i++)
      is_written = reader.next(element) && any_value(out, 1, element, reader, level + 1);
  }
  values.close();
  return is_written;
}

bool ValueWriter::attributes(Appender& out, uint32_t number, uint32_t count, Reader& reader, int level, std::string_view prefix) {
  Value key, value;
  std::string prefixed(prefix);
  for (uint32_t i = 0; i < count; i++) {
    if (!reader.next(key) || !key.is_text() || !reader.next(value)) return false;
    std::string_view name = key.bytes;
    if (!prefix.empty()) {
      prefixed.resize(prefix.size());
      prefixed += name;
      name = prefixed;
    }
    if (!attribute(out, number, name, value, reader, level)) return false;
  }
  return true;
}

}  // namespace vigia::receivers
