#pragma once

// What the program says about how to use it. Texts are at most 80 columns wide.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vigia::app {

std::string_view general_help();

// The page of one command, or nothing when there is none here.
std::optional<std::string_view> command_help(std::string_view command);

// All commands, in the order of the general page.
std::vector<std::string> command_names();

}  // namespace vigia::app
