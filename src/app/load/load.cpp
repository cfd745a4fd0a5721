#include "app/load/load.h"

#include <cstdio>

#include <fmt/core.h>

#include "app/load/options.h"
#include "app/load/run.h"

namespace vigia::app {

int run_load(const std::vector<std::string>& args) {
  Result<LoadOptions> options = parse_load_options(args);
  if (!options.is_ok()) {
    fmt::print(stderr, "Error: {}\nRun 'vigia help load' for usage.\n", options.status().message());
    return 2;
  }
  if (options->wants_help) {
    fmt::print("{}", load_help());
    return 0;
  }
  Result<LoadReport> report = perform_load(*options);
  if (!report.is_ok()) {
    fmt::print(stderr, "Error: {}\n", report.status().message());
    return 2;
  }
  fmt::print("{}\n", report->to_json());
  return report->totals.failed == 0 && report->totals.accepted > 0 ? 0 : 1;
}

}  // namespace vigia::app
