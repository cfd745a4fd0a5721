#pragma once

// Views of spans, their events and links (view.h).

#include <cstdint>
#include <string_view>

#include "otlp/view.h"

namespace vigia::otlp {

class SpanEventView {
 public:
  static constexpr uint32_t attributes_number = 3;

  explicit SpanEventView(std::string_view message) : message_(message) {}
  std::string_view message() const { return message_; }
  uint64_t time_unix_ns() const { return fixed64_field(message_, 1); }
  std::string_view name() const { return bytes_field(message_, 2); }
  Attributes attributes() const { return {message_, attributes_number}; }
  uint32_t dropped_attributes_count() const { return static_cast<uint32_t>(varint_field(message_, 4)); }

 private:
  std::string_view message_;
};

class SpanLinkView {
 public:
  static constexpr uint32_t attributes_number = 4;

  explicit SpanLinkView(std::string_view message) : message_(message) {}
  std::string_view message() const { return message_; }
  std::string_view trace_id() const { return bytes_field(message_, 1); }
  std::string_view span_id() const { return bytes_field(message_, 2); }
  std::string_view trace_state() const { return bytes_field(message_, 3); }
  Attributes attributes() const { return {message_, attributes_number}; }
  uint32_t dropped_attributes_count() const { return static_cast<uint32_t>(varint_field(message_, 5)); }
  uint32_t flags() const { return fixed32_field(message_, 6); }

 private:
  std::string_view message_;
};

class SpanStatusView {
 public:
  SpanStatusView() = default;
  explicit SpanStatusView(std::string_view message) : message_(message) {}
  std::string_view text() const { return bytes_field(message_, 2); }
  // 0 unset, 1 ok, 2 error.
  int32_t code() const { return static_cast<int32_t>(varint_field(message_, 3)); }

 private:
  std::string_view message_;
};

class SpanView {
 public:
  static constexpr uint32_t attributes_number = 9;
  static constexpr uint32_t events_number = 11;
  static constexpr uint32_t links_number = 13;

  explicit SpanView(std::string_view message) : message_(message) {}
  std::string_view message() const { return message_; }

  // Ids are raw bytes: 16 and 8 of them, or none.
  std::string_view trace_id() const { return bytes_field(message_, 1); }
  std::string_view span_id() const { return bytes_field(message_, 2); }
  std::string_view trace_state() const { return bytes_field(message_, 3); }
  std::string_view parent_span_id() const { return bytes_field(message_, 4); }
  std::string_view name() const { return bytes_field(message_, 5); }
  // 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
  int32_t kind() const { return static_cast<int32_t>(varint_field(message_, 6)); }
  uint64_t start_time_unix_ns() const { return fixed64_field(message_, 7); }
  uint64_t end_time_unix_ns() const { return fixed64_field(message_, 8); }
  Attributes attributes() const { return {message_, attributes_number}; }
  uint32_t dropped_attributes_count() const { return static_cast<uint32_t>(varint_field(message_, 10)); }
  // To be wrapped in SpanEventView and SpanLinkView.
  RepeatedMessages events() const { return {message_, events_number}; }
  uint32_t dropped_events_count() const { return static_cast<uint32_t>(varint_field(message_, 12)); }
  RepeatedMessages links() const { return {message_, links_number}; }
  uint32_t dropped_links_count() const { return static_cast<uint32_t>(varint_field(message_, 14)); }
  SpanStatusView status() const { return SpanStatusView(message_field(message_, 15)); }
  uint32_t flags() const { return fixed32_field(message_, 16); }

 private:
  std::string_view message_;
};

}  // namespace vigia::otlp
