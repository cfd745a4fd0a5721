#include <limits>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "config/scalar_text.h"
#include "config/values_internal.h"

namespace vigia::config {
namespace {

// What messages say a secret's value is: enough to see the slip, nothing of the value.
std::string describe_secret(const Node& node) {
  switch (node.kind) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
    case Kind::scalar:
      break;
  }
  return "another value";
}

std::string trimmed_text(const Node& node) { return std::string(trim(node.text)); }

}  // namespace

bool ValueReader::expected(const Node& node, const std::string& path, std::string_view what) {
  std::string found = is_secret_ ? describe_secret(node) : describe(node);
  diagnostics_.error(node.position, path, "expected " + std::string(what) + ", found " + found);
  return false;
}

bool ValueReader::read(const Node& node, const std::string& path, bool& out) {
  if (node.is_null()) return false;
  std::optional<bool> value = node.is_scalar() ? parse_bool(trimmed_text(node)) : std::nullopt;
  if (!value) return expected(node, path, "true or false");
  out = *value;
  return true;
}

template <typename T>
bool ValueReader::read_whole(const Node& node, const std::string& path, T& out) {
  if (node.is_null()) return false;
  std::optional<WholeNumber> number = node.is_scalar() ? parse_whole_number(node.text) : std::nullopt;
  constexpr auto most = static_cast<uint64_t>(std::numeric_limits<T>::max());
  if (!number) return expected(node, path, "a whole number");
  bool fits = number->magnitude <= most;
  if (number->is_negative) fits = number->magnitude == 0 || (std::is_signed_v<T> && number->magnitude <= most + 1);
  if (!fits)
    return expected(node, path, "a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " + std::to_string(most));
  out = static_cast<T>(number->is_negative ? 0 - number->magnitude : number->magnitude);
  return true;
}

bool ValueReader::read(const Node& node, const std::string& path, int64_t& out) { return read_whole(node, path, out); }
bool ValueReader::read(const Node& node, const std::string& path, uint64_t& out) { return read_whole(node, path, out); }
bool ValueReader::read(const Node& node, const std::string& path, int32_t& out) { return read_whole(node, path, out); }
bool ValueReader::read(const Node& node, const std::string& path, uint32_t& out) { return read_whole(node, path, out); }
bool ValueReader::read(const Node& node, const std::string& path, uint16_t& out) { return read_whole(node, path, out); }

bool ValueReader::read(const Node& node, const std::string& path, double& out) {
  if (node.is_null()) return false;
  std::optional<double> value = node.is_scalar() ? parse_number(node.text) : std::nullopt;
  if (!value) return expected(node, path, "a number");
  out = *value;
  return true;
}

bool ValueReader::read(const Node& node, const std::string& path, std::string& out) {
  mark(path);
  const std::string* text = node.string_value();
  if (text != nullptr) {
    out = *text;
    return true;
  }
  return !node.is_null() && expected(node, path, "a text");
}

bool ValueReader::read(const Node& node, const std::string& path, DurationNs& out) {
  if (node.is_null()) return false;
  if (!node.is_scalar()) return expected(node, path, "a duration such as 200ms or 1h30m");
  std::string text = trimmed_text(node);
  std::optional<int64_t> ns = parse_duration_ns(text);
  if (!ns && node.type == ScalarType::integer && !node.is_quoted) {
    int64_t value = 0;
    if (!read(node, path, value)) return false;
    diagnostics_.warning(node.position, path, "a duration without a unit is in nanoseconds; write " + text + "s for seconds");
    ns = value;
  }
  if (!ns) return expected(node, path, "a duration such as 200ms or 1h30m");
  out.value = *ns;
  return true;
}

bool ValueReader::read(const Node& node, const std::string& path, SizeBytes& out) {
  if (node.is_null()) return false;
  std::optional<uint64_t> value = node.is_scalar() ? parse_size_bytes(node.text) : std::nullopt;
  if (!value) return expected(node, path, "a size such as 1048576 or 1MiB");
  out.value = *value;
  return true;
}

template <typename T>
bool ValueReader::read_list(const Node& node, const std::string& path, std::vector<T>& out) {
  if (node.is_null()) return false;
  std::vector<T> values;
  bool all_read = true;
  if (node.is_list()) {
    for (size_t i = 0; i < node.items.size(); i++) {
      T value{};
      bool is_read = read(node.items[i], item_path(path, i), value);
      // A null item is an empty text or a zero, as in the Collector.
      if (is_read || node.items[i].is_null()) values.push_back(std::move(value));
      all_read = all_read && (is_read || node.items[i].is_null());
    }
  } else if (node.is_scalar()) {
    T value{};
    all_read = read(node, path, value);
    values.push_back(std::move(value));
  } else {
    return expected(node, path, "a list");
  }
  if (all_read) out = std::move(values);
  return all_read;
}

bool ValueReader::read(const Node& node, const std::string& path, std::vector<std::string>& out) {
  mark(path);
  if (!node.is_scalar()) return read_list(node, path, out);
  // The Collector splits a text that stands for a list at its commas: `${env:BROKERS}` = "a:9092,b:9092".
  out.clear();
  const std::string& text = *node.string_value();
  if (text.empty()) return true;
  for (std::string_view part : split(text, ',')) out.emplace_back(part);
  return true;
}

bool ValueReader::read(const Node& node, const std::string& path, std::vector<int64_t>& out) { return read_list(node, path, out); }
bool ValueReader::read(const Node& node, const std::string& path, std::vector<double>& out) { return read_list(node, path, out); }

bool ValueReader::read(const Node& node, const std::string& path, std::map<std::string, std::string>& out) {
  mark(path);
  if (node.is_null()) return false;
  if (!node.is_map()) return expected(node, path, "a map of texts");
  std::map<std::string, std::string> values;
  bool all_read = true;
  for (const MapEntry& entry : node.entries) {
    std::string value;
    all_read = (read(entry.value, child_path(path, entry.key), value) || entry.value.is_null()) && all_read;
    values.emplace(entry.key, std::move(value));
  }
  if (all_read) out = std::move(values);
  return all_read;
}

}  // namespace vigia::config
