#pragma once

// The places a setting of `vigia agent` comes from, as one tree (settings.h).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "base/file.h"
#include "config/diagnostics.h"
#include "config/substitute.h"

namespace vigia::app {

// What a bare text of a flag or variable means.
enum class SettingForm : uint8_t {
  text,
  seconds,       // "30" is "30s".
  milliseconds,  // "30" is "30ms", as the OTLP variables have it.
  pairs,         // "a=b,c=d" with percent escapes is a map.
  list,          // "a,b".
};

struct SettingName {
  std::string key;  // "customer::id", as in the file.
  std::string_view flag;
  std::string_view value_name;         // Of the flag; "" is a switch.
  std::vector<std::string> variables;  // The first that is set counts.
  SettingForm form = SettingForm::text;
};
const std::vector<SettingName>& setting_names();

// The file, over it the environment, over it the flags. Nothing when the file cannot be read.
std::optional<config::Node> read_setting_sources(const Arguments& arguments, const config::EnvironmentReader& environment,
                                                 FileSystem& files, config::Diagnostics& diagnostics);

}  // namespace vigia::app
