#pragma once

// The keys about translation that exporters to Prometheus share: `namespace`, `translation_strategy` and `add_metric_suffixes`,
// `resource_constant_labels` and `resource_to_telemetry_conversion`.

#include "config/section.h"
#include "prometheus/translate.h"

namespace vigia::prometheus {

void decode_translation(config::Section& section, TranslateSettings& settings);

}  // namespace vigia::prometheus
