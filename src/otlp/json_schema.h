#pragma once

// The OTLP messages as JSON has them: one table that OTLP/JSON is read and written by.
//
// Fields stand in the order in which the Collector writes them. Deprecated fields that no current sender uses are not listed;
// both directions pass over what is not listed.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "otlp/signal.h"

namespace vigia::otlp {

// How a field is written, on the wire and in JSON.
enum class JsonKind : uint8_t {
  string,
  bytes,     // base64 in JSON
  trace_id,  // 16 bytes, hexadecimal in JSON
  span_id,   // 8 bytes, hexadecimal in JSON
  boolean,
  real,
  int32,
  sint32,  // zigzag on the wire
  uint32,
  fixed32,
  int64,  // 64-bit integers are strings in JSON
  uint64,
  fixed64,
  sfixed64,
  enumeration,
  message,
};

struct JsonEnumValue {
  std::string_view name;
  int32_t number;
};

struct JsonMessage;

struct JsonField {
  std::string_view name;  // lowerCamelCase
  uint32_t number;
  JsonKind kind;
  bool is_repeated = false;
  // Fields with the same choice exclude each other; 0 for those that stand alone. Only a field with a choice differs between
  // "absent" and "zero".
  uint8_t choice = 0;
  const JsonMessage* message = nullptr;
  std::span<const JsonEnumValue> values;
};

struct JsonMessage {
  std::string_view name;
  std::span<const JsonField> fields;
  size_t typical_bytes;  // what a usual one takes on the wire: a hint for writers
};

// The most fields that a message of the table has.
inline constexpr size_t max_json_fields = 16;

// The Export…ServiceRequest of a signal.
const JsonMessage& json_request(Signal signal);
// AnyValue, which may contain itself.
const JsonMessage& json_any_value();

// The field with this JSON name, or its original name in snake_case; null when there is none. Looks first at `expected`, the
// index where a sender that keeps the usual order would be.
const JsonField* find_field(const JsonMessage& message, std::string_view name, size_t expected);

}  // namespace vigia::otlp
