#include "otlp/json_write.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/hash.h"
#include "base/text.h"
#include "otlp/json_schema.h"
#include "otlp/json_text.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

// Messages nest no deeper than this in what is written: well above what validated requests reach.
constexpr size_t max_message_depth = 256;

// Where the occurrences of one field lie in a message.
struct Occurrences {
  uint32_t count = 0;
  const char* first = nullptr;  // begins the first one
  const char* end = nullptr;    // behind the last one
  Field last;

  std::string_view range() const { return {first, static_cast<size_t>(end - first)}; }
};

WireType natural_type(JsonKind kind) {
  switch (kind) {
    case JsonKind::string:
    case JsonKind::bytes:
    case JsonKind::trace_id:
    case JsonKind::span_id:
    case JsonKind::message:
      return WireType::length;
    case JsonKind::real:
    case JsonKind::fixed64:
    case JsonKind::sfixed64:
      return WireType::fixed64;
    case JsonKind::fixed32:
      return WireType::fixed32;
    default:
      return WireType::varint;
  }
}

bool is_packable(JsonKind kind) { return natural_type(kind) != WireType::length; }

// Whether an occurrence belongs to this field: its number and a type that may hold it. Others count as unknown.
bool matches(const JsonField& schema, const Field& field) {
  if (field.id() != schema.number) return false;
  if (field.type() == natural_type(schema.kind)) return true;
  return schema.is_repeated && is_packable(schema.kind) && field.type() == WireType::length;
}

// All fields of one message, found in one pass.
class FieldIndex {
 public:
  FieldIndex(const JsonMessage& schema, std::string_view message) : schema_(schema) {
    Cursor cursor(message);
    Field field;
    size_t guess = 0;
    while (cursor.next(field)) {
      size_t at = slot_of(field, guess);
      if (at == schema_.fields.size()) continue;
      guess = at;
      add(at, field);
    }
  }
  const Occurrences& operator[](size_t at) const { return slots_[at]; }

 private:
  // Fields come mostly in the order of the schema, so the search goes on where it last succeeded.
  size_t slot_of(const Field& field, size_t guess) const {
    size_t count = schema_.fields.size();
    for (size_t i = guess; i < guess + count; i++) {
      size_t at = i < count ? i : i - count;
      if (matches(schema_.fields[at], field)) return at;
    }
    return count;
  }

  void add(size_t at, const Field& field) {
    // Of a choice the last one counts.
    if (uint8_t choice = schema_.fields[at].choice)
      for (size_t i = 0; i < schema_.fields.size(); i++)
        if (i != at && schema_.fields[i].choice == choice) slots_[i] = {};
    Occurrences& slot = slots_[at];
    if (slot.count++ == 0) slot.first = field.whole.data();
    slot.end = field.whole.data() + field.whole.size();
    slot.last = field;
  }

  const JsonMessage& schema_;
  std::array<Occurrences, max_json_fields> slots_;
};

class Writer {
 public:
  explicit Writer(Appender& out) : out_(out) {}

  void write_message(const JsonMessage& schema, std::string_view message, size_t depth);
  // The elements of a repeated field, with commas between them. `is_first`: none has been written yet.
  void write_elements(const JsonField& schema, std::string_view range, size_t depth, bool& is_first);

 private:
  void write_name(std::string_view name, bool& is_first);
  void write_field(const JsonField& schema, const Occurrences& found, size_t depth, bool& is_first);
  void write_embedded(const JsonField& schema, const Occurrences& found, size_t depth);
  void write_scalar(JsonKind kind, const Field& field);
  void write_packed(JsonKind kind, std::string_view content, bool& is_first);
  void write_hex(std::string_view bytes);

  Appender& out_;
};

bool is_all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

// Whether a field that does not distinguish "absent" from "zero" has nothing to say.
bool is_default(JsonKind kind, const Field& field) {
  switch (kind) {
    case JsonKind::string:
    case JsonKind::bytes:
      return field.content.empty();
    case JsonKind::trace_id:
    case JsonKind::span_id:
      return is_all_zero(field.content);
    case JsonKind::real:
      return field.as_double() == 0;
    case JsonKind::int32:
    case JsonKind::sint32:
    case JsonKind::uint32:
    case JsonKind::enumeration:
      return static_cast<uint32_t>(field.number) == 0;
    default:
      return field.number == 0;
  }
}

int32_t unzigzag(uint32_t value) { return static_cast<int32_t>(value >> 1 ^ (0 - (value & 1))); }

void Writer::write_message(const JsonMessage& schema, std::string_view message, size_t depth) {
  out_.push_back('{');
  if (depth < max_message_depth) {
    FieldIndex index(schema, message);
    bool is_first = true;
    for (size_t i = 0; i < schema.fields.size(); i++) write_field(schema.fields[i], index[i], depth, is_first);
  }
  out_.push_back('}');
}

void Writer::write_name(std::string_view name, bool& is_first) {
  if (!is_first) out_.push_back(',');
  is_first = false;
  out_.push_back('"');
  out_.append(name);
  out_.append("\":");
}

void Writer::write_field(const JsonField& schema, const Occurrences& found, size_t depth, bool& is_first) {
  bool is_message = schema.kind == JsonKind::message;
  if (found.count == 0) {
    if (!is_message || schema.is_repeated || schema.choice != 0) return;
    write_name(schema.name, is_first);
    return out_.append("{}");
  }
  if (schema.is_repeated) {
    size_t start = out_.size();
    bool was_first = is_first;
    write_name(schema.name, is_first);
    out_.push_back('[');
    bool is_first_element = true;
    write_elements(schema, found.range(), depth, is_first_element);
    out_.push_back(']');
    if (!is_first_element) return;
    out_.truncate(start);
    is_first = was_first;
    return;
  }
  if (schema.choice == 0 && !is_message && is_default(schema.kind, found.last)) return;
  write_name(schema.name, is_first);
  is_message ? write_embedded(schema, found, depth) : write_scalar(schema.kind, found.last);
}

// A message that was given in several parts is the parts one after the other.
void Writer::write_embedded(const JsonField& schema, const Occurrences& found, size_t depth) {
  if (found.count == 1) return write_message(*schema.message, found.last.content, depth + 1);
  std::string joined;
  Cursor cursor(found.range());
  Field field;
  while (cursor.next(field))
    if (matches(schema, field)) joined += field.content;
  write_message(*schema.message, joined, depth + 1);
}

void Writer::write_elements(const JsonField& schema, std::string_view range, size_t depth, bool& is_first) {
  Cursor cursor(range);
  Field field;
  while (cursor.next(field)) {
    if (!matches(schema, field)) continue;
    if (is_packable(schema.kind) && field.type() == WireType::length) {
      write_packed(schema.kind, field.content, is_first);
      continue;
    }
    if (!is_first) out_.push_back(',');
    is_first = false;
    if (schema.kind == JsonKind::message) {
      write_message(*schema.message, field.content, depth + 1);
    } else {
      write_scalar(schema.kind, field);
    }
  }
}

// Packed values have no keys; a Cursor wants some, so each value gets its own look.
void Writer::write_packed(JsonKind kind, std::string_view content, bool& is_first) {
  WireType type = natural_type(kind);
  size_t width = type == WireType::fixed64 ? 8 : type == WireType::fixed32 ? 4 : 0;
  while (!content.empty()) {
    Field field;
    size_t size = width;
    if (width > 0) {
      if (content.size() < width) return;
      std::memcpy(&field.number, content.data(), width);
    } else {
      size = 0;
      unsigned char byte = 0x80;
      while (byte >= 0x80 && size < content.size() && size < 10) {
        byte = static_cast<unsigned char>(content[size]);
        field.number |= static_cast<uint64_t>(byte & 0x7F) << (7 * size);
        size++;
      }
      if (byte >= 0x80) return;
    }
    content.remove_prefix(size);
    if (!is_first) out_.push_back(',');
    is_first = false;
    write_scalar(kind, field);
  }
}

void Writer::write_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  char* at = out_.room(bytes.size() * 2 + 2);
  out_.advance(bytes.size() * 2 + 2);
  *at++ = '"';
  for (char c : bytes) {
    *at++ = digits[static_cast<unsigned char>(c) >> 4];
    *at++ = digits[static_cast<unsigned char>(c) & 15];
  }
  *at = '"';
}

void Writer::write_scalar(JsonKind kind, const Field& field) {
  auto low = static_cast<uint32_t>(field.number);
  switch (kind) {
    case JsonKind::string:
      return append_json_string(out_, field.content);
    case JsonKind::bytes:
      out_.push_back('"');
      out_.append(to_base64(field.content));
      return out_.push_back('"');
    case JsonKind::trace_id:
    case JsonKind::span_id:
      return write_hex(field.content);
    case JsonKind::boolean:
      return out_.append(field.number != 0 ? "true" : "false");
    case JsonKind::real:
      return append_json_real(out_, field.as_double());
    case JsonKind::sint32:
      return append_json_int(out_, unzigzag(low));
    case JsonKind::int32:
    case JsonKind::enumeration:
      return append_json_int(out_, static_cast<int32_t>(low));
    case JsonKind::uint32:
    case JsonKind::fixed32:
      return append_json_uint(out_, low);
    case JsonKind::int64:
    case JsonKind::sfixed64:
      out_.push_back('"');
      append_json_int(out_, static_cast<int64_t>(field.number));
      return out_.push_back('"');
    case JsonKind::uint64:
    case JsonKind::fixed64:
      out_.push_back('"');
      append_json_uint(out_, field.number);
      return out_.push_back('"');
    case JsonKind::message:
      return;
  }
}

// A request is an object with one list; of several requests the lists are joined.
class RequestWriter {
 public:
  RequestWriter(Signal signal, Appender& out) : writer_(out), out_(out), resources_(json_request(signal).fields.front()) {}

  void add(std::string_view request) {
    if (is_first_) {
      start_ = out_.size();
      out_.append("{\"");
      out_.append(resources_.name);
      out_.append("\":[");
    }
    writer_.write_elements(resources_, request, 0, is_first_);
    if (is_first_) out_.truncate(start_);
  }
  void finish() { out_.append(is_first_ ? "{}" : "]}"); }

 private:
  Writer writer_;
  Appender& out_;
  const JsonField& resources_;
  bool is_first_ = true;
  size_t start_ = 0;
};

}  // namespace

void write_json(Signal signal, std::string_view request, Appender& out) {
  RequestWriter writer(signal, out);
  writer.add(request);
  writer.finish();
}

void write_json(Signal signal, const Chain& requests, Appender& out) {
  RequestWriter writer(signal, out);
  for (const Slice& slice : requests.slices()) writer.add(slice.view());
  writer.finish();
}

}  // namespace vigia::otlp
