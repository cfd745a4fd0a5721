#include "operators/value_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

namespace vigia::operators {

namespace {

// Deeper values are cut; nothing that nests as deep comes out of a parser.
constexpr int max_levels = 64;

std::vector<const Member*> sorted_members(const Map& map) {
  std::vector<const Member*> members;
  for (const Member& member : map) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) { return a->key < b->key; });
  return members;
}

// The shortest digits that give the number back, with an exponent from `exponent_from` on and below 1e-4 (or 1e-6 in JSON).
void append_floating(std::string& out, double value, bool is_json) {
  char digits[40];
  double magnitude = std::fabs(value);
  bool is_plain = magnitude == 0 || (magnitude >= (is_json ? 1e-6 : 1e-4) && magnitude < 1e21);
  if (!is_plain) {
    char* end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
    std::string_view text(digits, static_cast<size_t>(end - digits));
    // Go's JSON writes 1e-7 where to_chars writes 1e-07.
    size_t padding = is_json ? text.find("e-0") : std::string_view::npos;
    out.append(text.substr(0, padding == std::string_view::npos ? text.size() : padding + 2));
    if (padding != std::string_view::npos) out.append(text.substr(padding + 3));
    return;
  }
  // Of a large whole number only the digits that matter, then zeros: to_chars would write all digits of its exact value.
  char* end =
      std::to_chars(digits, digits + sizeof digits, value, magnitude < 1e15 ? std::chars_format::fixed : std::chars_format::scientific).ptr;
  std::string text(digits, static_cast<size_t>(end - digits));
  size_t exponent_at = text.find('e');
  if (exponent_at == std::string::npos) {
    out += text;
    return;
  }
  auto exponent = static_cast<size_t>(parse_int(std::string_view(text).substr(exponent_at + 2)).value_or(0));
  size_t written = 0;
  for (char c : std::string_view(text).substr(0, exponent_at)) {
    if (c == '.') continue;
    out += c;
    if (c != '-') written++;
  }
  if (written <= exponent) out.append(exponent + 1 - written, '0');
}

void append_float_text(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    append_floating(out, value, false);
  }
}

void append_level(std::string& out, const Value& value, int levels) {
  if (levels == 0) return;
  switch (value.type) {
    case Value::Type::nil:
      out += "<nil>";
      return;
    case Value::Type::boolean:
      out += value.boolean ? "true" : "false";
      return;
    case Value::Type::integer:
      out += std::to_string(value.integer);
      return;
    case Value::Type::floating:
      return append_float_text(out, value.floating);
    case Value::Type::text:
    case Value::Type::bytes:
      out += value.text();
      return;
    case Value::Type::time:
      return append_time_text(out, value.integer);
    case Value::Type::list: {
      out += '[';
      for (const Value& item : *value.list) {
        if (&item != value.list->begin()) out += ' ';
        append_level(out, item, levels - 1);
      }
      out += ']';
      return;
    }
    case Value::Type::map: {
      out += "map[";
      bool is_first = true;
      for (const Member* member : sorted_members(*value.map)) {
        if (!is_first) out += ' ';
        is_first = false;
        out.append(member->key) += ':';
        append_level(out, member->value, levels - 1);
      }
      out += ']';
      return;
    }
  }
}

// Writes one document.
class JsonWriter {
 public:
  JsonWriter(std::string& out, int indent) : out_(out), indent_(indent) {}
  void write(const Value& value, int level);

 private:
  void quoted(std::string_view text) {
    out_ += '"';
    append_json_escaped(out_, text);
    out_ += '"';
  }
  void new_line(int level) {
    if (indent_ > 0) out_.append("\n").append(static_cast<size_t>(level * indent_), ' ');
  }
  void write_list(const List& list, int level);
  void write_map(const Map& map, int level);

  std::string& out_;
  int indent_;
};

void JsonWriter::write_list(const List& list, int level) {
  out_ += '[';
  for (const Value& item : list) {
    if (&item != list.begin()) out_ += ',';
    new_line(level + 1);
    write(item, level + 1);
  }
  if (list.count > 0) new_line(level);
  out_ += ']';
}

void JsonWriter::write_map(const Map& map, int level) {
  out_ += '{';
  bool is_first = true;
  for (const Member* member : sorted_members(map)) {
    if (!is_first) out_ += ',';
    is_first = false;
    new_line(level + 1);
    quoted(member->key);
    out_ += indent_ > 0 ? ": " : ":";
    write(member->value, level + 1);
  }
  if (map.count > 0) new_line(level);
  out_ += '}';
}

void JsonWriter::write(const Value& value, int level) {
  if (level >= max_levels) {
    out_ += "null";
    return;
  }
  switch (value.type) {
    case Value::Type::nil:
      out_ += "null";
      return;
    case Value::Type::boolean:
    case Value::Type::integer:
      return append_level(out_, value, 1);
    case Value::Type::floating:
      if (std::isfinite(value.floating)) {
        append_floating(out_, value.floating, true);
      } else {
        out_ += "null";
      }
      return;
    case Value::Type::text:
      return quoted(value.text());
    case Value::Type::bytes:
      return quoted(to_base64(value.text()));
    case Value::Type::time:
      return quoted(format_rfc3339(value.integer, 9));
    case Value::Type::list:
      return write_list(*value.list, level);
    case Value::Type::map:
      return write_map(*value.map, level);
  }
}

}  // namespace

void append_text(std::string& out, const Value& value) { append_level(out, value, max_levels); }

void append_json(std::string& out, const Value& value, int indent) { JsonWriter(out, indent).write(value, 0); }

void append_time_text(std::string& out, int64_t unix_ns) {
  std::string text = format_rfc3339(unix_ns, 9);
  text.pop_back();
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  text[text.find('T')] = ' ';
  out.append(text).append(" +0000 UTC");
}

}  // namespace vigia::operators
