#pragma once

// MessagePack values as OTLP values in wire form. Private to the receiver.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/msgpack.h"

namespace vigia::receivers {

class ValueWriter {
 public:
  // Counts the texts that had to be repaired.
  explicit ValueWriter(size_t& repaired) : repaired_(repaired) {}

  // Appends the attribute `key` as field `number`. `value` has been read from the reader, and what is in it follows there. False when it
  // cannot be an OTLP value: too deep, or a map with names that are no texts; what has been appended by then is of no use.
  bool attribute(Appender& out, uint32_t number, std::string_view key, const msgpack::Value& value, msgpack::Reader& reader, int level = 1);
  // The same for an AnyValue without a name.
  bool any_value(Appender& out, uint32_t number, const msgpack::Value& value, msgpack::Reader& reader, int level = 1);
  // All pairs of a map, each as an attribute of field `number`, its name behind `prefix`.
  bool attributes(Appender& out, uint32_t number, uint32_t count, msgpack::Reader& reader, int level, std::string_view prefix = {});

 private:
  bool list(Appender& out, const msgpack::Value& value, msgpack::Reader& reader, int level);
  std::string_view clean(std::string_view text, std::string& room);

  size_t& repaired_;
  std::string key_room_;
  std::string text_room_;
};

// A time of the protocol: whole or broken seconds, EventTime, or MessagePack's own type. 0 for what cannot be told in OTLP.
struct ForwardTime {
  uint64_t unix_ns = 0;
  bool is_marker = false;  // One of Fluent Bit's times for what is no record.
};
std::optional<ForwardTime> read_forward_time(const msgpack::Value& value);

}  // namespace vigia::receivers
