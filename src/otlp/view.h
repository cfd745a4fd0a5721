#pragma once

// Lazy views over telemetry in wire form: nothing is decoded before it is asked for, and nothing is allocated.
//
//   for_each_item(request, [&](const ResourceGroup& group, const ScopeGroup& scope_group, std::string_view item) { … });
//   for (AttributeView attribute : SpanView(item).attributes()) …
//
// A view borrows the bytes it was made from. The rules of protobuf for fields that stand twice in one message:
//   * a repeated field is read from all its occurrences, in their order, packed or not;
//   * of a scalar, the last occurrence counts;
//   * singular messages (a resource, a value, a status) and oneofs of messages stand at most once, since the door
//     (validate.h) joins such occurrences. Views therefore take the first one and stop looking.
// Views of bytes that did not come through the door read something arbitrary, but never beyond the message.

#include <cstdint>
#include <string_view>

#include "otlp/attribute_view.h"
#include "otlp/field_view.h"

namespace vigia::otlp {

class ResourceView {
 public:
  static constexpr uint32_t attributes_number = 1;

  ResourceView() = default;
  explicit ResourceView(std::string_view message) : message_(message) {}
  std::string_view message() const { return message_; }
  Attributes attributes() const { return {message_, attributes_number}; }
  uint32_t dropped_attributes_count() const { return static_cast<uint32_t>(varint_field(message_, 2)); }
  // EntityRef messages.
  RepeatedMessages entity_refs() const { return {message_, 3}; }

 private:
  std::string_view message_;
};

class ScopeView {
 public:
  static constexpr uint32_t attributes_number = 3;

  ScopeView() = default;
  explicit ScopeView(std::string_view message) : message_(message) {}
  std::string_view message() const { return message_; }
  std::string_view name() const { return bytes_field(message_, 1); }
  std::string_view version() const { return bytes_field(message_, 2); }
  Attributes attributes() const { return {message_, attributes_number}; }
  uint32_t dropped_attributes_count() const { return static_cast<uint32_t>(varint_field(message_, 4)); }

 private:
  std::string_view message_;
};

// A ScopeSpans, ScopeMetrics or ScopeLogs.
class ScopeGroup {
 public:
  ScopeGroup() = default;
  explicit ScopeGroup(std::string_view message) : message_(message), scope_(message_field(message, 1)) {}
  std::string_view message() const { return message_; }
  const ScopeView& scope() const { return scope_; }
  std::string_view schema_url() const { return bytes_field(message_, 3); }
  // Span, Metric or LogRecord messages.
  RepeatedMessages items() const { return {message_, 2}; }

 private:
  std::string_view message_;
  ScopeView scope_;
};

// A ResourceSpans, ResourceMetrics or ResourceLogs.
class ResourceGroup {
 public:
  ResourceGroup() = default;
  explicit ResourceGroup(std::string_view message) : message_(message), resource_(message_field(message, 1)) {}
  std::string_view message() const { return message_; }
  const ResourceView& resource() const { return resource_; }
  std::string_view schema_url() const { return bytes_field(message_, 3); }
  // To be wrapped in ScopeGroup.
  RepeatedMessages scope_groups() const { return {message_, 2}; }

 private:
  std::string_view message_;
  ResourceView resource_;
};

// The groups of a request, to be wrapped in ResourceGroup.
inline RepeatedMessages resource_groups(std::string_view request) { return {request, 1}; }

// Calls visit(const ResourceGroup&, const ScopeGroup&, std::string_view item) for every Span, Metric or LogRecord.
template <typename Visit>
void for_each_item(std::string_view request, Visit&& visit) {
  for (std::string_view group_message : resource_groups(request)) {
    ResourceGroup group(group_message);
    for (std::string_view scope_message : group.scope_groups()) {
      ScopeGroup scope_group(scope_message);
      for (std::string_view item : scope_group.items()) visit(group, scope_group, item);
    }
  }
}

}  // namespace vigia::otlp
