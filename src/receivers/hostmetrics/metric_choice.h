#pragma once

// Which metrics a scraper can give, and which of them a configuration wants, in which detail.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/section.h"
#include "otlp/metric_view.h"

namespace vigia::receivers {

enum class Presence : uint8_t { by_default, when_asked };

struct MetricFact {
  std::string_view name;
  std::string_view description;
  std::string_view unit;
  otlp::MetricKind kind = otlp::MetricKind::sum;
  bool is_monotonic = false;
  Presence presence = Presence::by_default;
  std::array<std::string_view, 5> attributes = {};
  // One of them that is left out unless it is asked for.
  std::string_view opt_in_attribute = {};
};

// How points become one when an attribute that told them apart is left out.
enum class Aggregation : uint8_t { sum, avg, min, max };

struct MetricChoice {
  bool is_wanted = true;
  Aggregation aggregation = Aggregation::sum;
  // The attributes to keep; nothing: all.
  std::optional<std::vector<std::string>> attributes;
};

// The key "metrics" of a scraper. Choices are in the order of the facts. `elsewhere` is a metric that the Collector has on other systems only:
// what is said about it has no effect.
std::vector<MetricChoice> decode_metric_choices(config::Section& scraper, std::span<const MetricFact> facts,
                                                std::string_view elsewhere = {});

}  // namespace vigia::receivers
