#include "processors/probabilistic_sampler/consistent_sampling.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/text.h"

namespace vigia::processors {

namespace {

constexpr int bits_per_digit = 4;
constexpr uint32_t bucket_bits = 14;
constexpr uint32_t bucket_count = 1 << bucket_bits;

std::optional<uint64_t> parse_hex(std::string_view digits) {
  uint64_t value = 0;
  for (char c : digits) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
    bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << bits_per_digit | static_cast<uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_lower_or_digit(char c) { return is_lower(c) || (c >= '0' && c <= '9'); }
bool is_key_character(char c) { return is_lower_or_digit(c) || c == '_' || c == '-' || c == '*' || c == '/'; }
bool is_value_character(char c) { return c >= 0x20 && c <= 0x7E && c != ',' && c != '='; }
bool is_ot_character(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-'; }

constexpr size_t max_state_bytes = 1024;
constexpr size_t max_entries = 31;
constexpr size_t max_key_bytes = 256;
constexpr size_t max_tenant_bytes = 241;
constexpr size_t max_system_bytes = 14;
constexpr size_t max_value_bytes = 256;

bool is_key(std::string_view key) {
  if (key.empty() || key.size() > max_key_bytes) return false;
  size_t at = key.find('@');
  if (at == std::string_view::npos) return is_lower(key[0]) && std::all_of(key.begin(), key.end(), is_key_character);
  std::string_view tenant = key.substr(0, at);
  std::string_view system = key.substr(at + 1);
  if (tenant.empty() || system.empty() || tenant.size() > max_tenant_bytes || system.size() > max_system_bytes) return false;
  return is_lower_or_digit(tenant[0]) && is_lower(system[0]) && std::all_of(tenant.begin(), tenant.end(), is_key_character) &&
         std::all_of(system.begin(), system.end(), is_key_character);
}

bool is_value(std::string_view value) {
  return !value.empty() && value.size() <= max_value_bytes && value.back() != ' ' &&
         std::all_of(value.begin(), value.end(), is_value_character);
}

std::string_view trim_blanks(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// How many digits 0 or f a threshold begins with, so that as many more are needed to tell it from its neighbours.
int leading_digits(double probability) {
  int exponent = 0;
  std::frexp(probability, &exponent);
  return exponent / -bits_per_digit;
}

}  // namespace

std::optional<Threshold> threshold_of(double probability, int precision) {
  if (!(probability >= least_probability && probability <= 1)) return std::nullopt;
  if (probability == 1) return keep_all;
  int digits = std::min(hex_digits, precision + std::max(leading_digits(probability), leading_digits(1 - probability)));
  auto scaled = static_cast<uint64_t>(std::round(probability * static_cast<double>(randomness_count)));
  Threshold threshold = randomness_count - scaled;
  if (int shift = bits_per_digit * (hex_digits - digits); shift > 0) {
    threshold += uint64_t{1} << (shift - 1);
    threshold = threshold >> shift << shift;
  }
  return threshold;
}

double probability_of(Threshold threshold) {
  return static_cast<double>(randomness_count - threshold) / static_cast<double>(randomness_count);
}

std::optional<Threshold> parse_threshold(std::string_view digits) {
  if (digits.empty() || digits.size() > hex_digits) return std::nullopt;
  std::optional<uint64_t> value = parse_hex(digits);
  if (!value) return std::nullopt;
  return *value << bits_per_digit * (hex_digits - static_cast<int>(digits.size()));
}

std::string format_threshold(Threshold threshold) {
  if (threshold >= keep_none) return "";
  if (threshold == keep_all) return "0";
  std::string digits = fmt::format("{:014x}", threshold);
  return digits.substr(0, digits.find_last_not_of('0') + 1);
}

std::optional<Randomness> parse_randomness(std::string_view digits) {
  return digits.size() == hex_digits ? parse_hex(digits) : std::nullopt;
}

std::string format_randomness(Randomness randomness) { return fmt::format("{:014x}", randomness); }

Randomness randomness_of_trace_id(std::string_view trace_id) {
  uint64_t value = 0;
  for (size_t i = 9; i < 16; i++) value = value << 8 | static_cast<unsigned char>(trace_id[i]);
  return value;
}

Randomness hashed_randomness(std::string_view bytes, uint32_t seed) {
  uint32_t hash = 2166136261U;
  auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 16777619U; };
  for (int shift = 0; shift < 32; shift += 8) add(static_cast<unsigned char>(seed >> shift));
  for (char c : bytes) add(static_cast<unsigned char>(c));
  // A bucket below the share's count of buckets is kept: turned round, it gives the leading bits of a randomness that decides alike. The
  // other bits of the hash fill it up.
  uint64_t bucket = hash & (bucket_count - 1);
  uint64_t unused = hash >> (32 - bucket_bits);
  uint64_t mixed = unused ^ unused << 10;
  return (bucket_count - 1 - bucket) << 42 | mixed << 14 | bucket;
}

std::optional<Threshold> bucket_threshold(float percentage) {
  // In single precision and towards zero, as it has always been done.
  constexpr float buckets_per_percent = bucket_count / 100.0F;
  auto kept = static_cast<uint32_t>(std::min(percentage, 100.0F) * buckets_per_percent);
  if (kept == 0) return std::nullopt;
  return static_cast<uint64_t>(bucket_count - std::min(kept, bucket_count)) << 42;
}

std::optional<TraceState> TraceState::parse(std::string_view text) {
  TraceState state;
  if (text.empty()) return state;
  if (text.size() > max_state_bytes) return std::nullopt;
  std::vector<std::string_view> members = split(text, ',');
  if (members.size() > max_entries) return std::nullopt;
  for (std::string_view member : members) {
    member = trim_blanks(member);
    if (member.empty()) continue;
    size_t separator = member.find('=');
    if (separator == std::string_view::npos) return std::nullopt;
    std::string_view key = member.substr(0, separator);
    std::string_view value = member.substr(separator + 1);
    if (!is_key(key) || !is_value(value)) return std::nullopt;
    if (key != "ot")
      state.entries_.push_back(member);
    else if (!state.parse_ot(value))
      return std::nullopt;
  }
  return state;
}

bool TraceState::parse_ot(std::string_view value) {
  for (std::string_view field : split(value, ';')) {
    size_t separator = field.find(':');
    if (separator == std::string_view::npos || separator == 0) return false;
    std::string_view key = field.substr(0, separator);
    std::string_view content = field.substr(separator + 1);
    if (!is_lower(key[0]) || !std::all_of(key.begin(), key.end(), is_lower_or_digit)) return false;
    if (!std::all_of(content.begin(), content.end(), is_ot_character)) return false;
    if (key == "rv") {
      randomness = parse_randomness(content);
      if (!randomness) return false;
    } else if (key == "th") {
      threshold = parse_threshold(content);
      if (!threshold) return false;
    } else {
      ot_fields_.push_back(field);
    }
  }
  return true;
}

std::string TraceState::to_string() const {
  std::string ot;
  auto add_field = [&](std::string_view name, std::string_view content) {
    if (!ot.empty()) ot += ';';
    ot += name;
    ot += content;
  };
  if (randomness) add_field("rv:", format_randomness(*randomness));
  if (threshold && *threshold != keep_none) add_field("th:", format_threshold(*threshold));
  for (std::string_view field : ot_fields_) add_field(field, "");

  std::string text = ot.empty() ? "" : "ot=" + ot;
  for (std::string_view entry : entries_) {
    if (!text.empty()) text += ',';
    text += entry;
  }
  return text;
}

}  // namespace vigia::processors
