#pragma once

// Views of log records (view.h).

#include <cstdint>
#include <string_view>

#include "otlp/view.h"

namespace vigia::otlp {

class LogRecordView {
 public:
  static constexpr uint32_t attributes_number = 6;

  explicit LogRecordView(std::string_view message) : message_(message) {}
  std::string_view message() const { return message_; }
  uint64_t time_unix_ns() const { return fixed64_field(message_, 1); }
  uint64_t observed_time_unix_ns() const { return fixed64_field(message_, 11); }
  // 0 unspecified, 1–4 trace, 5–8 debug, 9–12 info, 13–16 warn, 17–20 error, 21–24 fatal.
  int32_t severity_number() const { return static_cast<int32_t>(varint_field(message_, 2)); }
  std::string_view severity_text() const { return bytes_field(message_, 3); }
  ValueView body() const { return ValueView(message_field(message_, 5)); }
  Attributes attributes() const { return {message_, attributes_number}; }
  uint32_t dropped_attributes_count() const { return static_cast<uint32_t>(varint_field(message_, 7)); }
  uint32_t flags() const { return fixed32_field(message_, 8); }
  // Raw bytes: 16 and 8 of them, or none.
  std::string_view trace_id() const { return bytes_field(message_, 9); }
  std::string_view span_id() const { return bytes_field(message_, 10); }
  std::string_view event_name() const { return bytes_field(message_, 12); }

 private:
  std::string_view message_;
};

}  // namespace vigia::otlp
