#pragma once

// Any JSON document as a small tree: for bodies that are no telemetry, such as requests to the API. Telemetry has json_read.h.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::otlp {

struct JsonMember;

struct JsonValue {
  enum class Kind : uint8_t { null, boolean, integer, real, string, array, object };

  Kind kind = Kind::null;
  bool boolean = false;
  int64_t integer = 0;  // whole numbers beyond it are real
  double real = 0;
  std::string string;
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;  // in the document's order, names may repeat

  bool is(Kind wanted) const { return kind == wanted; }
  // The last member of that name, as most readers have it; nullptr when there is none or it is null.
  const JsonValue* find(std::string_view name) const;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

// INVALID_ARGUMENT says what is wrong. Text that is not UTF-8 is malformed, and so is what nests deeper than `most_levels`.
Result<JsonValue> parse_json(std::string_view text, size_t most_levels = 16);

}  // namespace vigia::otlp
