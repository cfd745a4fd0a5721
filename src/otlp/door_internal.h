#pragma once

// The parts of the door: the quick check, and what happens off the beaten track.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "otlp/door_schema.h"

namespace vigia::otlp::door {

enum class Fault : uint8_t {
  none,
  broken_key,
  broken_number,
  too_short,
  wrong_type,
  field_number,
  packed_numbers,
  trace_id_length,
  span_id_length,
  too_deep,
};

// Where a check stopped: the first byte of the field that is wrong.
struct FaultPlace {
  Fault fault = Fault::none;
  const char* field = nullptr;
};

// The message of the error: the path to the field and what is wrong with it.
std::string describe_fault(MessageType request, std::string_view body, const FaultPlace& place);

// Appends the content of `message`, put right. REQUIRES: it was checked. Returns how many strings were repaired.
size_t repair(MessageType type, std::string_view message, Appender& out);

}  // namespace vigia::otlp::door
