#include "receivers/hostmetrics/metric_choice.h"

#include <algorithm>

#include <fmt/format.h>

namespace vigia::receivers {

namespace {

std::vector<std::string> attributes_of(const MetricFact& fact) {
  std::vector<std::string> names;
  for (std::string_view name : fact.attributes)
    if (!name.empty()) names.emplace_back(name);
  return names;
}

MetricChoice default_choice(const MetricFact& fact) {
  MetricChoice choice;
  choice.is_wanted = fact.presence == Presence::by_default;
  // Counts add up; shares and speeds do not.
  choice.aggregation = fact.kind == otlp::MetricKind::gauge ? Aggregation::avg : Aggregation::sum;
  if (!fact.opt_in_attribute.empty()) {
    choice.attributes = attributes_of(fact);
    std::erase(*choice.attributes, fact.opt_in_attribute);
  }
  return choice;
}

void decode_choice(config::Section& in, const MetricFact& fact, MetricChoice& choice) {
  in.field("enabled", choice.is_wanted);
  std::vector<std::string> known = attributes_of(fact);
  if (known.empty()) return;
  in.choice("aggregation_strategy", choice.aggregation,
            {{"sum", Aggregation::sum}, {"avg", Aggregation::avg}, {"min", Aggregation::min}, {"max", Aggregation::max}});
  std::vector<std::string> kept;
  if (!in.field("attributes", kept)) return;
  for (const std::string& name : kept)
    in.require(std::find(known.begin(), known.end(), name) != known.end(), "attributes",
               fmt::format("{} has no attribute \"{}\"; it has {}", fact.name, name, fmt::join(known, ", ")));
  bool keeps_all =
      std::all_of(known.begin(), known.end(), [&](const std::string& name) { return std::count(kept.begin(), kept.end(), name); });
  choice.attributes = keeps_all ? std::nullopt : std::optional(std::move(kept));
}

}  // namespace

std::vector<MetricChoice> decode_metric_choices(config::Section& scraper, std::span<const MetricFact> facts, std::string_view elsewhere) {
  std::vector<MetricChoice> choices;
  for (const MetricFact& fact : facts) choices.push_back(default_choice(fact));
  scraper.section("metrics", [&](config::Section& metrics) {
    for (size_t i = 0; i < facts.size(); i++)
      metrics.section(facts[i].name, [&](config::Section& one) { decode_choice(one, facts[i], choices[i]); });
    for (const config::MapEntry& entry : metrics.node().entries)
      if (entry.key.ends_with("@v1"))
        metrics.refuse(entry.key,
                       "metrics by the newer conventions, whose names end in @v1, are not in this build: take the name without it");
    if (!elsewhere.empty()) metrics.accept_ignored(elsewhere);
  });
  return choices;
}

}  // namespace vigia::receivers
