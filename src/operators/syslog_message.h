#pragma once

// Messages of syslog, RFC 5424 and RFC 3164, taken apart in place.

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "operators/value.h"

namespace vigia::operators {

struct SyslogMessage {
  std::optional<uint8_t> priority;
  uint16_t version = 0;  // of RFC 5424
  std::string_view timestamp = {};
  // Empty when they are not there.
  std::string_view hostname = {};
  std::string_view appname = {};
  std::string_view proc_id = {};
  std::string_view msg_id = {};
  Map* structured_data = nullptr;
  std::string_view message = {};
};

// What is wrong with the text, "" when nothing is. Without `needs_priority`, it may begin behind the <13>.
std::string_view read_rfc5424(std::string_view text, bool needs_priority, Arena& arena, SyslogMessage& out);
std::string_view read_rfc3164(std::string_view text, bool needs_priority, SyslogMessage& out);

// "<13>" at the beginning of a text is taken off; nothing when there is none, or one above 191.
std::optional<uint8_t> take_priority(std::string_view& text);

// "kern", "user", … for 0 to 23.
std::string_view facility_name(uint8_t facility);

}  // namespace vigia::operators
