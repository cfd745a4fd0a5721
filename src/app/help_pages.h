#pragma once

// The pages of the commands, in the order of the general page.

#include <span>
#include <string_view>

namespace vigia::app {

struct HelpPage {
  std::string_view command;
  std::string_view text;
};
std::span<const HelpPage> help_pages();

}  // namespace vigia::app
