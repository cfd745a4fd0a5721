#include "processors/probabilistic_sampler/config.h"

#include <cmath>

#include "processors/probabilistic_sampler/consistent_sampling.h"

namespace vigia::processors {

SamplerConfig decode_sampler_config(config::Section& section) {
  SamplerConfig config;
  double percentage = 0;
  section.field("sampling_percentage", percentage);
  config.sampling_percentage = static_cast<float>(percentage);
  double ratio = static_cast<double>(config.sampling_percentage) / 100;
  if (!std::isfinite(percentage) || percentage < 0)
    section.error("sampling_percentage", "a percentage is a number from 0 to 100");
  else if (ratio > 0 && ratio < least_probability)
    section.error("sampling_percentage", "the smallest percentage above 0 is 1.4e-15");

  section.field("hash_seed", config.hash_seed);
  std::string mode;
  if (section.field("mode", mode) && !mode.empty())
    section.choice(
        "mode", config.mode,
        {{"hash_seed", SamplerMode::hash_seed}, {"equalizing", SamplerMode::equalizing}, {"proportional", SamplerMode::proportional}});
  section.field("fail_closed", config.fail_closed);
  section.field("sampling_precision", config.sampling_precision);
  section.require(config.sampling_precision >= 1 && config.sampling_precision <= hex_digits, "sampling_precision",
                  "expected 1 to 14 digits");
  section.choice("attribute_source", config.uses_trace_id, {{"traceID", true}, {"record", false}});
  section.field("from_attribute", config.from_attribute);
  section.field("sampling_priority", config.sampling_priority);
  return config;
}

}  // namespace vigia::processors
