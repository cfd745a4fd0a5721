#include "receivers/fluentforward/records.h"

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "base/utf8.h"
#include "otlp/attribute_write.h"
#include "otlp/request_writer.h"
#include "receivers/fluentforward/values_internal.h"

namespace vigia::receivers {

namespace {

using msgpack::Kind;
using msgpack::Reader;
using msgpack::Value;

// Fields of a LogRecord.
constexpr uint32_t time_field = 1;
constexpr uint32_t severity_number_field = 2;
constexpr uint32_t severity_text_field = 3;
constexpr uint32_t body_field = 5;
constexpr uint32_t attributes_field = 6;
constexpr uint32_t flags_field = 8;
constexpr uint32_t trace_id_field = 9;
constexpr uint32_t span_id_field = 10;
constexpr uint32_t observed_time_field = 11;

constexpr std::string_view tag_name = "fluent.tag";
constexpr std::string_view metadata_prefix = "fluent.metadata.";

bool is_list(const Value& value) { return value.kind == Kind::array || value.kind == Kind::map; }

// An id is bytes or their hexadecimal digits; whatever has another length is none.
void append_id(Appender& out, uint32_t number, const Value& value, size_t size) {
  if (!value.is_text()) return;
  if (value.bytes.size() == size) {
    otlp::append_bytes_field(out, number, value.bytes);
  } else if (value.bytes.size() == 2 * size) {
    if (std::optional<std::string> id = from_hex(value.bytes)) otlp::append_bytes_field(out, number, *id);
  }
}

// What Fluent Bit keeps of a record that came to it by OTLP. Each field is written once, whatever the map repeats.
bool write_otlp_metadata(Appender& out, uint32_t count, Reader& reader, ValueWriter& values) {
  Value key, value, trace_id, span_id, severity_text, severity, observed, flags;
  for (uint32_t i = 0; i < count; i++) {
    if (!reader.next(key) || !key.is_text()) return false;
    Reader before = reader;
    if (!reader.next(value)) return false;
    if (is_list(value)) {
      if (key.bytes == "attributes" && value.kind == Kind::map) {
        if (!values.attributes(out, attributes_field, value.count, reader, 1)) return false;
      } else {
        reader = before;
        reader.skip();
      }
      continue;
    }
    if (key.bytes == "trace_id") trace_id = value;
    if (key.bytes == "span_id") span_id = value;
    if (key.bytes == "severity_text") severity_text = value;
    if (key.bytes == "severity_number") severity = value;
    if (key.bytes == "observed_timestamp") observed = value;
    if (key.bytes == "trace_flags") flags = value;
  }
  auto is_count = [](const Value& one) { return one.kind == Kind::integer && one.integer > 0; };
  if (is_count(severity) && severity.integer <= 24)
    otlp::append_varint_field(out, severity_number_field, static_cast<uint64_t>(severity.integer));
  if (severity_text.is_text() && !severity_text.bytes.empty() && is_valid_utf8(severity_text.bytes))
    otlp::append_bytes_field(out, severity_text_field, severity_text.bytes);
  if (is_count(flags)) otlp::append_fixed32_field(out, flags_field, static_cast<uint32_t>(flags.integer));
  if (is_count(observed)) otlp::append_fixed64_field(out, observed_time_field, static_cast<uint64_t>(observed.integer));
  append_id(out, trace_id_field, trace_id, 16);
  append_id(out, span_id_field, span_id, 8);
  return true;
}

bool write_metadata(Appender& out, uint32_t count, Reader& reader, ValueWriter& values) {
  bool has_otlp = false;
  Value key, value;
  std::string name;
  for (uint32_t i = 0; i < count; i++) {
    if (!reader.next(key) || !key.is_text() || !reader.next(value)) return false;
    if (key.bytes == "otlp" && value.kind == Kind::map && !has_otlp) {
      has_otlp = true;
      if (!write_otlp_metadata(out, value.count, reader, values)) return false;
      continue;
    }
    name.assign(metadata_prefix).append(key.bytes);
    if (!values.attribute(out, attributes_field, name, value, reader)) return false;
  }
  return true;
}

// The record's pairs as attributes, and one of them as the body.
bool write_record(Appender& out, uint32_t count, Reader& reader, ValueWriter& values) {
  std::optional<Value> body;
  Reader body_content("");
  Value key, value;
  for (uint32_t i = 0; i < count; i++) {
    if (!reader.next(key) || !key.is_text()) return false;
    Reader before = reader;
    if (!reader.next(value)) return false;
    bool is_body = key.bytes == "log" || key.bytes == "message";
    if (is_body) {
      body = value;
      body_content = reader;
    }
    if (!is_body && key.bytes != tag_name) {
      if (!values.attribute(out, attributes_field, key.bytes, value, reader)) return false;
    } else if (is_list(value)) {
      reader = before;
      if (reader.skip().empty()) return false;
    }
  }
  return !body || body->kind == Kind::nil || values.any_value(out, body_field, *body, body_content);
}

}  // namespace

RecordWalk::RecordWalk(const ForwardMessage& message)
    : reader_(message.entries),
      is_single_(message.is_single),
      left_(message.entry_count),
      typical_bytes_(message.entries.size() / std::max<size_t>(message.entry_count, 1) + message.tag.size() + 40) {
  ValueWriter values(repaired_);
  Value tag;
  tag.kind = Kind::string;
  tag.bytes = message.tag;
  MemoryLedger ledger;
  Appender attribute(ledger);
  Reader nothing("");
  values.attribute(attribute, attributes_field, tag_name, tag, nothing);
  tag_attribute_ = attribute.view();
}

RecordWalk::Step RecordWalk::write_next(Appender& out) {
  if (left_ == 0) return Step::end;
  left_--;
  Reader entry = reader_;
  size_t size_before = out.size();
  size_t repaired_before = repaired_;
  Step step = write_entry(out);
  if (step == Step::written) return step;
  out.truncate(size_before);
  repaired_ = repaired_before;
  reader_ = entry;
  // Of a single entry nothing follows.
  if (!is_single_) reader_.skip();
  return step;
}

RecordWalk::Step RecordWalk::write_entry(Appender& out) {
  Value head, time, metadata, record;
  if (!is_single_ && (!reader_.next(head) || head.kind != Kind::array || head.count != 2)) return Step::invalid;
  if (!reader_.next(time)) return Step::invalid;
  bool has_metadata = time.kind == Kind::array && time.count == 2;
  if (has_metadata && !reader_.next(time)) return Step::invalid;
  std::optional<ForwardTime> when = read_forward_time(time);
  if (!when) return Step::invalid;
  if (when->is_marker) return Step::marker;

  ValueWriter values(repaired_);
  otlp::NestedMessage item(out, otlp::RequestWriter::item_tag, typical_bytes_);
  if (when->unix_ns > 0) otlp::append_fixed64_field(out, time_field, when->unix_ns);
  out.append(tag_attribute_);
  if (has_metadata) {
    if (!reader_.next(metadata) || metadata.kind != Kind::map) return Step::invalid;
    if (!write_metadata(out, metadata.count, reader_, values)) return Step::invalid;
  }
  if (!reader_.next(record) || record.kind != Kind::map) return Step::invalid;
  if (!write_record(out, record.count, reader_, values)) return Step::invalid;
  item.close();
  return Step::written;
}

}  // namespace vigia::receivers
