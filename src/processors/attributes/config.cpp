#include "processors/attributes/config.h"

#include "ottl/decode.h"

namespace vigia::processors {

AttributesConfig decode_attributes_config(config::Section& section) {
  AttributesConfig config;
  ottl::decode_actions(section, "actions", config.actions);
  ottl::decode_match(section, config.match);
  return config;
}

}  // namespace vigia::processors
