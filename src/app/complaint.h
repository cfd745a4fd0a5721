#pragma once

// How commands say that something is wrong. All of them return the exit code.

#include <string_view>

#include "app/console.h"
#include "base/status.h"
#include "config/diagnostics.h"

namespace vigia::app {

int fail(Console& console, std::string_view message);
// Of a configuration: all its mistakes with their places.
int fail_with_mistakes(Console& console, const config::Diagnostics& diagnostics);
// For mistakes in settings, which come from several places: one line each.
int fail_line_by_line(Console& console, const config::Diagnostics& diagnostics);
// Tells where to read how the command is used, too; "" is the program as a whole.
int fail_with_usage(Console& console, std::string_view command, std::string_view message);
int fail_with_usage(Console& console, std::string_view command, const Status& status);

}  // namespace vigia::app
