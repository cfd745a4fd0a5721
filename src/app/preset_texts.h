#pragma once

// The files of presets/, as the build puts them into the program.

#include <string_view>
#include <vector>

namespace vigia::app {

struct PresetText {
  std::string_view name;  // "up"
  std::string_view yaml;
};
const std::vector<PresetText>& preset_texts();

}  // namespace vigia::app
