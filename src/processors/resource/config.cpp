#include "processors/resource/config.h"

#include "ottl/decode.h"

namespace vigia::processors {

ResourceConfig decode_resource_config(config::Section& section) {
  ResourceConfig config;
  ottl::decode_actions(section, "attributes", config.actions);
  return config;
}

}  // namespace vigia::processors
