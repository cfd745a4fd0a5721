#include <cmath>
#include <map>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "exporters/debug/text.h"
#include "otlp/json_text.h"

namespace vigia::exporters {

namespace {

using otlp::ValueKind;
using otlp::ValueView;

std::string special_text(double value) { return std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"; }

// The characters that Go's JSON escapes for the sake of HTML, too.
void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  size_t start = out.size();
  append_json_escaped(out, text);
  for (size_t i = start; i < out.size(); i++) {
    if (out[i] != '<' && out[i] != '>' && out[i] != '&') continue;
    std::string escape = fmt::format("\\u{:04x}", static_cast<unsigned>(out[i]));
    out.replace(i, 1, escape);
    i += escape.size() - 1;
  }
  out += '"';
}

std::string real_text(double value) {
  if (!std::isfinite(value)) return special_text(value);
  MemoryLedger ledger;
  Appender text(ledger, 32);
  otlp::append_json_real(text, value);
  return std::string(text.view());
}

void append_json(std::string& out, const ValueView& value, int levels_left);

void append_json_map(std::string& out, const ValueView& value, int levels_left) {
  // Go sorts the keys; of equal ones the last counts.
  std::map<std::string_view, std::string_view> sorted;
  for (const otlp::AttributeView& attribute : value.map()) sorted[attribute.key] = attribute.value_message;
  out += '{';
  bool is_first = true;
  for (const auto& [key, message] : sorted) {
    if (!std::exchange(is_first, false)) out += ',';
    append_json_string(out, key);
    out += ':';
    append_json(out, ValueView(message), levels_left - 1);
  }
  out += '}';
}

void append_json_array(std::string& out, const ValueView& value, int levels_left) {
  out += '[';
  bool is_first = true;
  for (std::string_view message : value.array()) {
    if (!std::exchange(is_first, false)) out += ',';
    append_json(out, ValueView(message), levels_left - 1);
  }
  out += ']';
}

void append_json(std::string& out, const ValueView& value, int levels_left) {
  if (levels_left <= 0) {
    out += "null";
    return;
  }
  switch (value.kind()) {
    case ValueKind::empty:
      out += "null";
      return;
    case ValueKind::string:
      append_json_string(out, value.string());
      return;
    case ValueKind::boolean:
      out += value.boolean() ? "true" : "false";
      return;
    case ValueKind::integer:
      out += std::to_string(value.integer());
      return;
    case ValueKind::real:
      out += real_text(value.real());
      return;
    case ValueKind::bytes:
      append_json_string(out, to_base64(value.bytes()));
      return;
    case ValueKind::array:
      append_json_array(out, value, levels_left);
      return;
    case ValueKind::map:
      append_json_map(out, value, levels_left);
      return;
  }
}

std::string_view kind_name(ValueKind kind) {
  switch (kind) {
    case ValueKind::empty:
      return "Empty";
    case ValueKind::string:
      return "Str";
    case ValueKind::boolean:
      return "Bool";
    case ValueKind::integer:
      return "Int";
    case ValueKind::real:
      return "Double";
    case ValueKind::array:
      return "Slice";
    case ValueKind::map:
      return "Map";
    case ValueKind::bytes:
      return "Bytes";
  }
  return "Empty";
}

}  // namespace

std::string value_text(const ValueView& value) {
  if (value.kind() == ValueKind::string) return std::string(value.string());
  if (value.kind() == ValueKind::bytes) return to_base64(value.bytes());
  std::string text;
  if (value.kind() != ValueKind::empty) append_json(text, value, otlp::max_value_levels + 1);
  return text;
}

std::string typed_value_text(const ValueView& value) { return fmt::format("{}({})", kind_name(value.kind()), value_text(value)); }

std::string time_text(uint64_t unix_ns) {
  std::string text = format_rfc3339(static_cast<int64_t>(unix_ns), 9);
  text[text.find('T')] = ' ';
  text.erase(text.find('Z'));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + " +0000 UTC";
}

std::string fixed_text(double value) { return std::isfinite(value) ? fmt::format("{:f}", value) : special_text(value); }
std::string shortest_text(double value) { return std::isfinite(value) ? fmt::format("{}", value) : special_text(value); }

}  // namespace vigia::exporters
