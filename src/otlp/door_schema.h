#pragma once

// What the door knows of the OTLP messages: which fields they have, and what may stand in them. Tables rather than code, so
// that the check, the repair and the error messages cannot disagree.

#include <array>
#include <cstddef>
#include <cstdint>

#include "otlp/signal.h"

namespace vigia::otlp::door {

enum class MessageType : uint8_t {
  trace_request,
  metrics_request,
  logs_request,
  resource_spans,
  resource_metrics,
  resource_logs,
  resource,
  entity_ref,
  scope_spans,
  scope_metrics,
  scope_logs,
  scope,
  key_value,
  any_value,
  array_value,
  key_value_list,
  span,
  span_event,
  span_link,
  span_status,
  log_record,
  metric,
  gauge,
  sum,
  histogram,
  exponential_histogram,
  summary,
  number_point,
  histogram_point,
  exponential_histogram_point,
  buckets,
  summary_point,
  quantile,
  exemplar,
};
inline constexpr size_t message_type_count = static_cast<size_t>(MessageType::exemplar) + 1;

enum class FieldKind : uint8_t {
  unknown,  // kept as it is
  illegal,  // field 0
  varint,
  fixed32,
  fixed64,
  text,
  bytes,
  trace_id,
  span_id,
  varints,   // repeated numbers, packed or not
  fixed64s,  // likewise
  message,
};

struct FieldRule {
  const char* name = "";
  FieldKind kind = FieldKind::unknown;
  MessageType message = MessageType::trace_request;  // of kind message
  bool is_item = false;                              // counts as one span, data point or log record
  // Of the fields of a message that share a bit here at most one may stand, once: a singular message, or the members of a
  // oneof that has messages. 0 for all others.
  uint32_t once = 0;
};

inline constexpr uint32_t largest_known_field = 16;

struct MessageRule {
  std::array<FieldRule, largest_known_field + 1> fields;
};

// Indexed by MessageType.
extern const std::array<MessageRule, message_type_count> schema;
extern const FieldRule unknown_field;

inline const MessageRule& rules_of(MessageType type) { return schema[static_cast<size_t>(type)]; }
inline const FieldRule& rule_of(const MessageRule& message, uint32_t number) {
  return number <= largest_known_field ? message.fields[number] : unknown_field;
}
constexpr MessageType request_type(Signal signal) {
  return signal == Signal::traces    ? MessageType::trace_request
         : signal == Signal::metrics ? MessageType::metrics_request
                                     : MessageType::logs_request;
}

}  // namespace vigia::otlp::door
