#include "otlp/value_text.h"

#include <cmath>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/text.h"
#include "otlp/json_text.h"

namespace vigia::otlp {

namespace {

std::string_view special_text(double value) { return std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"; }

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

void append_real(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += special_text(value);
    return;
  }
  MemoryLedger ledger;
  Appender text(ledger, 32);
  append_json_real(text, value);
  out += text.view();
}

void append_json(std::string& out, const ValueView& value, int levels_left);

void append_json_map(std::string& out, const ValueView& value, int levels_left) {
  // Go sorts the keys; of equal ones the last counts.
  std::map<std::string_view, std::string_view> sorted;
  for (const AttributeView& attribute : value.map()) sorted[attribute.key] = attribute.value_message;
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
      append_real(out, value.real());
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

}  // namespace

void append_value_text(std::string& out, const ValueView& value) {
  if (value.kind() == ValueKind::string)
    out += value.string();
  else if (value.kind() == ValueKind::bytes)
    out += to_base64(value.bytes());
  else if (value.kind() != ValueKind::empty)
    append_json(out, value, max_value_levels + 1);
}

}  // namespace vigia::otlp
