#include "app/complaint.h"

#include <fmt/core.h>

namespace vigia::app {

int fail(Console& console, std::string_view message) {
  if (message.ends_with('\n')) message.remove_suffix(1);
  console.err << "Error: " << message << std::endl;
  return 1;
}

int fail_with_mistakes(Console& console, const config::Diagnostics& diagnostics) {
  size_t count = diagnostics.error_count();
  return fail(console, fmt::format("the configuration has {}:\n", count == 1 ? "a mistake" : fmt::format("{} mistakes", count)) +
                           diagnostics.render_errors());
}

int fail_line_by_line(Console& console, const config::Diagnostics& diagnostics) {
  for (const config::Diagnostic& mistake : diagnostics.errors()) fail(console, config::one_line(mistake));
  return 1;
}

int fail_with_usage(Console& console, std::string_view command, std::string_view message) {
  fail(console, message);
  console.err << "Run 'vigia help" << (command.empty() ? "" : " ") << command << "' for usage." << std::endl;
  return 1;
}

int fail_with_usage(Console& console, std::string_view command, const Status& status) {
  return fail_with_usage(console, command, status.message());
}

}  // namespace vigia::app
