#include "prometheus/translate_config.h"

namespace vigia::prometheus {

namespace {

void decode_strategy(config::Section& section, TranslateSettings& settings) {
  bool has_suffixes = true;
  section.field("add_metric_suffixes", has_suffixes);
  if (!has_suffixes) settings.strategy = Strategy::underscores_without_suffixes;
  section.choice("translation_strategy", settings.strategy,
                 {{"UnderscoreEscapingWithSuffixes", Strategy::underscores_with_suffixes},
                  {"UnderscoreEscapingWithoutSuffixes", Strategy::underscores_without_suffixes},
                  {"NoUTF8EscapingWithSuffixes", Strategy::utf8_with_suffixes},
                  {"NoTranslation", Strategy::untranslated}});
}

// The older key: all attributes of the resource, or none.
void decode_conversion(config::Section& section, ResourceLabels& labels) {
  bool is_enabled = false;
  bool excludes_service = false;
  section.section("resource_to_telemetry_conversion", [&](config::Section& part) {
    part.field("enabled", is_enabled);
    part.field("exclude_service_attributes", excludes_service);
    part.field("included", labels.included);
    part.field("excluded", labels.excluded);
  });
  if (!is_enabled) return;
  labels.included = {"*"};
  if (excludes_service) labels.excluded = {"service.name", "service.namespace", "service.instance.id"};
}

}  // namespace

void decode_translation(config::Section& section, TranslateSettings& settings) {
  section.field("namespace", settings.name_space);
  decode_strategy(section, settings);
  decode_conversion(section, settings.resource_labels);
  bool has_both = section.has("resource_constant_labels") && section.has("resource_to_telemetry_conversion");
  section.section("resource_constant_labels", [&](config::Section& part) {
    if (part.has("excluded") && !part.has("included")) settings.resource_labels.included.clear();
    part.field("included", settings.resource_labels.included);
    part.field("excluded", settings.resource_labels.excluded);
  });
  section.require(!has_both, "resource_constant_labels",
                  "resource_to_telemetry_conversion is the older spelling of this: give only one of them");
}

}  // namespace vigia::prometheus
