#include "app/configuration_arguments.h"

namespace vigia::app {

const std::vector<Flag>& configuration_flags() {
  static const std::vector<Flag> flags = {{"config", "FILE", 0, true}, {"set", "KEY=VALUE", 0, true}, {"feature-gates", "LIST", 0, true}};
  return flags;
}

std::vector<Flag> with_more(std::vector<Flag> flags, std::initializer_list<Flag> more) {
  flags.insert(flags.end(), more);
  return flags;
}

config::LoadRequest load_request(const Arguments& arguments) {
  config::LoadRequest request;
  request.sources = arguments.values("config");
  request.sets = arguments.values("set");
  return request;
}

Status refuse_positional(const Arguments& arguments) {
  if (arguments.positional().empty()) return {};
  return invalid_argument("unexpected argument: " + arguments.positional().front());
}

}  // namespace vigia::app
