// The names of enums.

#include <array>

#include <fmt/core.h>

#include "base/text.h"
#include "ottl/expression_internal.h"

namespace vigia::ottl {

namespace {

struct EnumEntry {
  std::string_view name;
  int64_t value;
};
constexpr EnumEntry enums[] = {
    {"SPAN_KIND_UNSPECIFIED", 0},
    {"SPAN_KIND_INTERNAL", 1},
    {"SPAN_KIND_SERVER", 2},
    {"SPAN_KIND_CLIENT", 3},
    {"SPAN_KIND_PRODUCER", 4},
    {"SPAN_KIND_CONSUMER", 5},
    {"STATUS_CODE_UNSET", 0},
    {"STATUS_CODE_OK", 1},
    {"STATUS_CODE_ERROR", 2},
    {"METRIC_DATA_TYPE_NONE", 0},
    {"METRIC_DATA_TYPE_GAUGE", 1},
    {"METRIC_DATA_TYPE_SUM", 2},
    {"METRIC_DATA_TYPE_HISTOGRAM", 3},
    {"METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM", 4},
    {"METRIC_DATA_TYPE_SUMMARY", 5},
    {"AGGREGATION_TEMPORALITY_UNSPECIFIED", 0},
    {"AGGREGATION_TEMPORALITY_DELTA", 1},
    {"AGGREGATION_TEMPORALITY_CUMULATIVE", 2},
    {"FLAG_NONE", 0},
    {"FLAG_NO_RECORDED_VALUE", 1},
};

constexpr std::string_view severity_prefix = "SEVERITY_NUMBER_";
constexpr std::array<std::string_view, 6> severities = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};

// "ERROR" is 17, "ERROR2" 18, up to "ERROR4".
std::optional<int64_t> severity_number(std::string_view name) {
  if (name == "UNSPECIFIED") return 0;
  for (size_t i = 0; i < severities.size(); i++) {
    if (!name.starts_with(severities[i])) continue;
    std::string_view step = name.substr(severities[i].size());
    auto first = static_cast<int64_t>(4 * i + 1);
    if (step.empty()) return first;
    if (step.size() == 1 && step[0] >= '2' && step[0] <= '4') return first + (step[0] - '1');
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> enum_value(std::string_view name) {
  for (const EnumEntry& entry : enums) {
    if (entry.name == name) return entry.value;
  }
  if (name.starts_with(severity_prefix)) return severity_number(name.substr(severity_prefix.size()));
  return std::nullopt;
}

std::string nearest_enum(std::string_view name) {
  std::vector<std::string> candidates;
  for (const EnumEntry& entry : enums) candidates.emplace_back(entry.name);
  for (std::string_view severity : severities) candidates.push_back(std::string(severity_prefix) + std::string(severity));
  std::string nearest = nearest_word(name, candidates);
  return nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest);
}

}  // namespace vigia::ottl
