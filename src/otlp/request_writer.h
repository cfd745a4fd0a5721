#pragma once

// Writes an Export…ServiceRequest of any signal: one resource after the other, in it one scope after the other, in that the items.
//
//   RequestWriter writer(ledger);
//   writer.open_resource(resource);      // the content of the Resource message, such as attributes as field 1
//   writer.open_scope("hostmetrics", version);
//   NestedMessage item(writer.out(), RequestWriter::item_tag, 200);
//   …append the item's fields to writer.out()…
//   item.close();
//   Slice request = writer.take();

#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "otlp/wire.h"

namespace vigia::otlp {

class RequestWriter {
 public:
  static constexpr uint32_t item_tag = bytes_tag(2);

  // The size of a whole request, when it is known about, saves moving bytes.
  explicit RequestWriter(MemoryLedger& ledger, size_t expected_size = 0) : out_(ledger, expected_size), expected_size_(expected_size) {}
  // Another guess for what is opened from here on.
  void expect(size_t size) { expected_size_ = size; }
  // The open messages refer to the appender.
  RequestWriter(const RequestWriter&) = delete;
  RequestWriter& operator=(const RequestWriter&) = delete;

  // Ends the resource before it, if one is open. `resource` is the content of a Resource.
  void open_resource(std::string_view resource, std::string_view schema_url = {}) {
    close_resource();
    resource_group_.emplace(out_, bytes_tag(1), expected_size_);
    append_bytes_field(out_, 1, resource);
    if (!schema_url.empty()) append_bytes_field(out_, 3, schema_url);
  }
  // Ends the scope before it. `attributes` are KeyValues as field 3. REQUIRES: a resource is open.
  void open_scope(std::string_view name, std::string_view version = {}, std::string_view attributes = {},
                  std::string_view schema_url = {}) {
    close_scope();
    scope_group_.emplace(out_, bytes_tag(2), expected_size_);
    size_t size = (name.empty() ? 0 : 1 + varint_size(name.size()) + name.size()) +
                  (version.empty() ? 0 : 1 + varint_size(version.size()) + version.size()) + attributes.size();
    append_varint(out_, bytes_tag(1));
    append_varint(out_, size);
    if (!name.empty()) append_bytes_field(out_, 1, name);
    if (!version.empty()) append_bytes_field(out_, 2, version);
    append_raw(out_, attributes);
    if (!schema_url.empty()) append_bytes_field(out_, 3, schema_url);
  }
  // Where items go. REQUIRES: a scope is open.
  Appender& out() { return out_; }
  size_t size() const { return out_.size(); }

  // The whole request; the writer is empty afterwards.
  Slice take() {
    close_resource();
    return out_.take();
  }

 private:
  void close_scope() {
    if (scope_group_) scope_group_->close();
    scope_group_.reset();
  }
  void close_resource() {
    close_scope();
    if (resource_group_) resource_group_->close();
    resource_group_.reset();
  }

  Appender out_;
  size_t expected_size_;
  std::optional<NestedMessage> resource_group_;
  std::optional<NestedMessage> scope_group_;
};

}  // namespace vigia::otlp
