#pragma once

// The configuration of the processor `resource`.

#include <vector>

#include "config/section.h"
#include "ottl/attribute_actions.h"

namespace vigia::processors {

struct ResourceConfig {
  std::vector<ottl::AttributeAction> actions;
};

ResourceConfig decode_resource_config(config::Section& section);

}  // namespace vigia::processors
