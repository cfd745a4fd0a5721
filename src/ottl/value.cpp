#include "ottl/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"

namespace vigia::ottl {

Value Value::of_any(std::string_view message) {
  otlp::ValueView view(message);
  switch (view.kind()) {
    case otlp::ValueKind::string:
      return of_text(view.string());
    case otlp::ValueKind::boolean:
      return of_boolean(view.boolean());
    case otlp::ValueKind::integer:
      return of_integer(view.integer());
    case otlp::ValueKind::real:
      return of_floating(view.real());
    case otlp::ValueKind::bytes:
      return of_bytes(view.bytes());
    case otlp::ValueKind::map:
      return of_map(view.map().message(), view.map().number());
    case otlp::ValueKind::array:
      return of_list(otlp::message_field(message, 5), 1);
    case otlp::ValueKind::empty:
      break;
  }
  return {};
}

std::string_view type_name(Value::Type type) {
  constexpr std::string_view names[] = {"nil",   "a boolean", "an integer", "a float", "a text",    "bytes",
                                        "a map", "a list",    "a list",     "a time",  "a duration"};
  return names[static_cast<size_t>(type)];
}

namespace {

template <typename T>
bool ordered(const T& left, Comparator comparator, const T& right) {
  switch (comparator) {
    case Comparator::equal:
      return left == right;
    case Comparator::not_equal:
      return !(left == right);
    case Comparator::less:
      return left < right;
    case Comparator::less_equal:
      return left <= right;
    case Comparator::greater:
      return left > right;
    case Comparator::greater_equal:
      return left >= right;
  }
  return false;
}

bool equal_deeply(const Value& left, const Value& right, int levels);

bool equal_lists(const Value& left, const Value& right, int levels) {
  otlp::RepeatedMessages left_items = left.items();
  otlp::RepeatedMessages right_items = right.items();
  auto a = left_items.begin();
  auto b = right_items.begin();
  for (; a != left_items.end() && b != right_items.end(); ++a, ++b) {
    if (!equal_deeply(Value::of_any(*a), Value::of_any(*b), levels)) return false;
  }
  return a == left_items.end() && b == right_items.end();
}

std::vector<otlp::AttributeView> sorted_entries(const Value& map) {
  std::vector<otlp::AttributeView> entries;
  for (const otlp::AttributeView& entry : map.attributes()) entries.push_back(entry);
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return entries;
}

bool equal_maps(const Value& left, const Value& right, int levels) {
  std::vector<otlp::AttributeView> a = sorted_entries(left);
  std::vector<otlp::AttributeView> b = sorted_entries(right);
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (a[i].key != b[i].key) return false;
    if (!equal_deeply(Value::of_any(a[i].value_message), Value::of_any(b[i].value_message), levels)) return false;
  }
  return true;
}

// Inside maps and lists types must agree exactly: 1 is not 1.0 there.
bool equal_deeply(const Value& left, const Value& right, int levels) {
  if (left.type != right.type || levels == 0) return false;
  if (left.type == Value::Type::map) return equal_maps(left, right, levels - 1);
  if (left.type == Value::Type::list) return equal_lists(left, right, levels - 1);
  return compare(left, Comparator::equal, right);
}

void append_digits(std::string& out, double value, std::chars_format format) {
  // The longest are those of the smallest number in fixed form.
  char digits[1100];
  auto end = std::to_chars(digits, digits + sizeof digits, value, format).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

// Without an exponent. Of a large number only the digits that tell it from its neighbours, then zeros, as Go writes it; to_chars
// alone would write all digits of its exact value.
void append_fixed(std::string& out, double value) {
  if (std::fabs(value) < 1e17) return append_digits(out, value, std::chars_format::fixed);
  std::string text;
  append_digits(text, value, std::chars_format::scientific);
  size_t exponent_at = text.find('e');
  auto exponent = static_cast<size_t>(parse_int(std::string_view(text).substr(exponent_at + 1)).value_or(0));
  size_t first = out.size();
  for (char c : std::string_view(text).substr(0, exponent_at)) {
    if (c != '.') out += c;
  }
  size_t count = out.size() - first - (value < 0 ? 1 : 0);
  if (count <= exponent) out.append(exponent + 1 - count, '0');
}

void append_floating(std::string& out, double value) {
  double magnitude = std::fabs(value);
  bool is_plain = magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e21);
  if (is_plain)
    append_fixed(out, value);
  else
    append_digits(out, value, std::chars_format::scientific);
}

void append_display_floating(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
    return;
  }
  std::string text;
  append_floating(text, value);
  size_t padding = text.find("e-0");
  if (padding == std::string::npos) {
    out += text;
    return;
  }
  // 1e-07 is written 1e-7.
  text.erase(padding + 2, 1);
  out += text;
}

void append_json(std::string& out, const Value& value, int levels);

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

void append_json_items(std::string& out, const Value& value, int levels) {
  out += '[';
  bool is_first = true;
  for (std::string_view item : value.items()) {
    if (!is_first) out += ',';
    is_first = false;
    append_json(out, Value::of_any(item), levels);
  }
  out += ']';
}

void append_json_entries(std::string& out, const Value& value, int levels) {
  out += '{';
  bool is_first = true;
  for (const otlp::AttributeView& entry : sorted_entries(value)) {
    if (!is_first) out += ',';
    is_first = false;
    append_quoted(out, entry.key);
    out += ':';
    append_json(out, Value::of_any(entry.value_message), levels);
  }
  out += '}';
}

void append_json(std::string& out, const Value& value, int levels) {
  bool has_parts = value.type == Value::Type::map || value.type == Value::Type::list;
  if (value.is_nil() || (has_parts && levels == 0)) {
    out += "null";
  } else if (value.type == Value::Type::text) {
    append_quoted(out, value.content);
  } else if (value.type == Value::Type::bytes) {
    append_quoted(out, to_base64(value.content));
  } else if (value.type == Value::Type::list) {
    append_json_items(out, value, levels - 1);
  } else if (value.type == Value::Type::map) {
    append_json_entries(out, value, levels - 1);
  } else if (value.type == Value::Type::floating) {
    append_display_floating(out, value.floating);
  } else {
    append_text(out, value);
  }
}

}  // namespace

bool compare(const Value& left, Comparator comparator, const Value& right) {
  bool is_unequal = comparator == Comparator::not_equal;
  if (left.type != right.type) {
    if (!left.is_number() || !right.is_number()) return is_unequal;
    return ordered(left.as_double(), comparator, right.as_double());
  }
  switch (left.type) {
    case Value::Type::text:
    case Value::Type::bytes:
      return ordered(left.content, comparator, right.content);
    case Value::Type::integer:
    case Value::Type::time:
    case Value::Type::duration:
      return ordered(left.integer, comparator, right.integer);
    case Value::Type::floating:
      return ordered(left.floating, comparator, right.floating);
    case Value::Type::boolean:
      return ordered(left.boolean, comparator, right.boolean);
    case Value::Type::nil:
      return ordered(0, comparator, 0);
    case Value::Type::map:
    case Value::Type::list:
      if (comparator != Comparator::equal && !is_unequal) return false;
      return equal_deeply(left, right, otlp::max_value_levels) != is_unequal;
    case Value::Type::messages:
      break;
  }
  return is_unequal;
}

size_t count_of(const Value& value) {
  switch (value.type) {
    case Value::Type::map:
    case Value::Type::list:
    case Value::Type::messages:
      return value.items().count();
    default:
      return value.content.size();
  }
}

void append_text(std::string& out, const Value& value) {
  switch (value.type) {
    case Value::Type::nil:
    case Value::Type::messages:
      break;
    case Value::Type::boolean:
      out += value.boolean ? "true" : "false";
      break;
    case Value::Type::integer:
    case Value::Type::time:
    case Value::Type::duration:
      out += std::to_string(value.integer);
      break;
    case Value::Type::floating:
      append_floating(out, value.floating);
      break;
    case Value::Type::text:
      out += value.content;
      break;
    case Value::Type::bytes:
      out += to_hex(value.content);
      break;
    case Value::Type::map:
    case Value::Type::list:
      append_json(out, value, otlp::max_value_levels);
      break;
  }
}

void append_display_text(std::string& out, const Value& value) {
  if (value.type == Value::Type::bytes)
    out += to_base64(value.content);
  else if (value.type == Value::Type::floating)
    append_display_floating(out, value.floating);
  else
    append_text(out, value);
}

void append_matching_text(std::string& out, const Value& value) {
  if (value.type == Value::Type::floating && std::isnan(value.floating))
    out += "NaN";
  else if (value.type == Value::Type::floating && std::isinf(value.floating))
    out += value.floating > 0 ? "+Inf" : "-Inf";
  else if (value.type == Value::Type::floating)
    append_fixed(out, value.floating);
  else
    append_display_text(out, value);
}

void append_any_value(std::string& out, const Value& value) {
  switch (value.type) {
    case Value::Type::nil:
    case Value::Type::messages:
      break;
    case Value::Type::boolean:
      otlp::append_varint_field(out, 2, value.boolean ? 1 : 0);
      break;
    case Value::Type::integer:
    case Value::Type::time:
    case Value::Type::duration:
      otlp::append_varint_field(out, 3, static_cast<uint64_t>(value.integer));
      break;
    case Value::Type::floating:
      otlp::append_double_field(out, 4, value.floating);
      break;
    case Value::Type::text:
      otlp::append_bytes_field(out, 1, value.content);
      break;
    case Value::Type::bytes:
      otlp::append_bytes_field(out, 7, value.content);
      break;
    case Value::Type::map:
    case Value::Type::list: {
      // Field 1 of both ArrayValue and KeyValueList.
      std::string content;
      for (std::string_view part : value.items()) otlp::append_bytes_field(content, 1, part);
      otlp::append_bytes_field(out, value.type == Value::Type::list ? 5 : 6, content);
      break;
    }
  }
}

}  // namespace vigia::ottl
