#pragma once

// The configuration of the processor `attributes`.

#include <vector>

#include "config/section.h"
#include "ottl/attribute_actions.h"
#include "ottl/match_properties.h"

namespace vigia::processors {

struct AttributesConfig {
  std::vector<ottl::AttributeAction> actions;
  ottl::MatchConfig match;
};

AttributesConfig decode_attributes_config(config::Section& section);

}  // namespace vigia::processors
