#include "operators/record_write.h"

#include "operators/severity.h"
#include "otlp/attribute_view.h"
#include "otlp/request_writer.h"
#include "otlp/wire.h"

namespace vigia::operators {

namespace {

using otlp::put_varint;
using otlp::varint_size;

// All field numbers here are below 16, so a tag is one byte.
char* put_tag(char* at, uint32_t tag) {
  *at = static_cast<char>(tag);
  return at + 1;
}

char* put_raw(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

size_t bytes_field_size(size_t content) { return 1 + varint_size(content) + content; }

char* put_bytes_field(char* at, uint32_t number, std::string_view content) {
  at = put_tag(at, otlp::bytes_tag(number));
  at = put_varint(at, content.size());
  return put_raw(at, content);
}

char* put_fixed64_field(char* at, uint32_t number, uint64_t value) {
  at = put_tag(at, otlp::fixed64_tag(number));
  std::memcpy(at, &value, 8);
  return at + 8;
}

// What stands in the place of values that nest deeper than any receiver takes.
constexpr std::string_view too_deep = "(nested too deep)";

Value shown(const Value& value, int level) {
  bool is_nest = value.is_map() || value.is_list();
  return is_nest && level >= otlp::max_value_levels ? Value::of_text(too_deep) : value;
}

// Of an AnyValue's content. REQUIRES: lists and maps keep their sizes, as any_value_size() has them do; `value` has been through shown().
size_t known_size(const Value& value) {
  switch (value.type) {
    case Value::Type::nil:
      return 0;
    case Value::Type::boolean:
      return 2;
    case Value::Type::integer:
    case Value::Type::time:
      return 1 + varint_size(static_cast<uint64_t>(value.integer));
    case Value::Type::floating:
      return 9;
    case Value::Type::text:
    case Value::Type::bytes:
      return bytes_field_size(value.size);
    case Value::Type::list:
      return bytes_field_size(value.list->wire_size);
    case Value::Type::map:
      return bytes_field_size(value.map->wire_size);
  }
  return 0;
}

size_t members_size(Map& map, int level);

// The same of any value; keeps the sizes of lists and maps in it.
size_t any_value_size(const Value& given, int level) {
  Value value = shown(given, level);
  if (value.is_list()) {
    size_t size = 0;
    for (const Value& item : *value.list) size += bytes_field_size(any_value_size(item, level + 1));
    value.list->wire_size = size;
  } else if (value.is_map()) {
    members_size(*value.map, level + 1);
  }
  return known_size(value);
}

size_t member_size(const Member& member, size_t any_size) { return bytes_field_size(member.key.size()) + bytes_field_size(any_size); }

size_t members_size(Map& map, int level) {
  size_t size = 0;
  for (const Member& member : map) size += bytes_field_size(member_size(member, any_value_size(member.value, level)));
  map.wire_size = size;
  return size;
}

char* put_members(char* at, uint32_t number, const Map& map, int level);

// `value` has been through shown().
char* put_any_value(char* at, const Value& value, int level) {
  switch (value.type) {
    case Value::Type::nil:
      return at;
    case Value::Type::boolean:
      at = put_tag(at, otlp::varint_tag(2));
      *at = static_cast<char>(value.boolean);
      return at + 1;
    case Value::Type::integer:
    case Value::Type::time:
      at = put_tag(at, otlp::varint_tag(3));
      return put_varint(at, static_cast<uint64_t>(value.integer));
    case Value::Type::floating:
      at = put_tag(at, otlp::fixed64_tag(4));
      std::memcpy(at, &value.floating, 8);
      return at + 8;
    case Value::Type::text:
      return put_bytes_field(at, 1, value.text());
    case Value::Type::bytes:
      return put_bytes_field(at, 7, value.text());
    case Value::Type::list:
      at = put_tag(at, otlp::bytes_tag(5));
      at = put_varint(at, value.list->wire_size);
      for (const Value& given : *value.list) {
        Value item = shown(given, level + 1);
        at = put_tag(at, otlp::bytes_tag(1));
        at = put_varint(at, known_size(item));
        at = put_any_value(at, item, level + 1);
      }
      return at;
    case Value::Type::map:
      at = put_tag(at, otlp::bytes_tag(6));
      at = put_varint(at, value.map->wire_size);
      return put_members(at, 1, *value.map, level + 1);
  }
  return at;
}

char* put_members(char* at, uint32_t number, const Map& map, int level) {
  for (const Member& member : map) {
    Value value = shown(member.value, level);
    size_t any_size = known_size(value);
    at = put_tag(at, otlp::bytes_tag(number));
    at = put_varint(at, member_size(member, any_size));
    at = put_bytes_field(at, 1, member.key);
    at = put_tag(at, otlp::bytes_tag(2));
    at = put_varint(at, any_size);
    at = put_any_value(at, value, level);
  }
  return at;
}

// OTLP has no times before 1970: such a one, of a clock that was never set, would be read as a time in the far future.
bool is_time_known(const Entry& entry) { return entry.has_time && entry.time_ns > 0; }

// Of everything but body and attributes.
size_t head_size(const Entry& entry, std::string_view severity_text) {
  size_t size = 9;
  if (is_time_known(entry)) size += 9;
  if (entry.severity) size += 2;
  if (!severity_text.empty()) size += bytes_field_size(severity_text.size());
  if (entry.flags) size += 5;
  if (!entry.trace_id.empty()) size += bytes_field_size(entry.trace_id.size());
  if (!entry.span_id.empty()) size += bytes_field_size(entry.span_id.size());
  return size;
}

char* put_head(char* at, const Entry& entry, std::string_view severity_text) {
  if (is_time_known(entry)) at = put_fixed64_field(at, 1, static_cast<uint64_t>(entry.time_ns));
  at = put_fixed64_field(at, 11, static_cast<uint64_t>(entry.observed_ns));
  if (entry.severity) {
    at = put_tag(at, otlp::varint_tag(2));
    at = put_varint(at, entry.severity);
  }
  if (!severity_text.empty()) at = put_bytes_field(at, 3, severity_text);
  if (entry.flags) {
    at = put_tag(at, otlp::fixed32_tag(8));
    std::memcpy(at, &entry.flags, 4);
    at += 4;
  }
  if (!entry.trace_id.empty()) at = put_bytes_field(at, 9, entry.trace_id);
  if (!entry.span_id.empty()) at = put_bytes_field(at, 10, entry.span_id);
  return at;
}

// Returns where the record's fields begin.
char* begin_record(Appender& out, size_t content, size_t& whole) {
  whole = bytes_field_size(content);
  char* at = out.room(whole);
  at = put_tag(at, otlp::RequestWriter::item_tag);
  return put_varint(at, content);
}

}  // namespace

void append_record(Appender& out, Entry& entry) {
  std::string_view severity_text = entry.severity_text.empty() ? severity_name(entry.severity) : entry.severity_text;
  size_t body_size = any_value_size(entry.body, 1);
  bool has_body = !entry.body.is_nil();
  Map* own = const_cast<Map*>(entry.own_attributes());
  size_t content = head_size(entry, severity_text) + (has_body ? bytes_field_size(body_size) : 0) +
                   (own ? members_size(*own, 1) : entry.origin->attributes_wire().size());
  size_t whole;
  char* at = begin_record(out, content, whole);
  at = put_head(at, entry, severity_text);
  if (has_body) {
    at = put_tag(at, otlp::bytes_tag(5));
    at = put_varint(at, body_size);
    at = put_any_value(at, shown(entry.body, 1), 1);
  }
  at = own ? put_members(at, 6, *own, 1) : put_raw(at, entry.origin->attributes_wire());
  out.advance(whole);
}

void append_line_record(Appender& out, std::string_view body, const Origin& origin, int64_t observed_ns, int64_t time_ns) {
  std::string_view attributes = origin.attributes_wire();
  size_t any_size = bytes_field_size(body.size());
  size_t content = (time_ns ? 18 : 9) + bytes_field_size(any_size) + attributes.size();
  size_t whole;
  char* at = begin_record(out, content, whole);
  if (time_ns) at = put_fixed64_field(at, 1, static_cast<uint64_t>(time_ns));
  at = put_fixed64_field(at, 11, static_cast<uint64_t>(observed_ns));
  at = put_tag(at, otlp::bytes_tag(5));
  at = put_varint(at, any_size);
  at = put_bytes_field(at, 1, body);
  put_raw(at, attributes);
  out.advance(whole);
}

void write_resource(std::string& out, Map& resource) {
  out.resize(members_size(resource, 1));
  put_members(out.data(), 1, resource, 1);
}

}  // namespace vigia::operators
