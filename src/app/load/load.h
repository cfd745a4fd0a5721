#pragma once

// `vigia load`: sends made-up telemetry to an OTLP endpoint, as fast as it takes it or at a fixed rate, and tells how it went.

#include <string>
#include <vector>

namespace vigia::app {

// `args` is what follows "load" on the command line. Returns the exit code: 0 when everything that was sent was answered
// and something was accepted, 1 when not, 2 when the arguments are wrong. The summary goes to stdout as one JSON line.
int run_load(const std::vector<std::string>& args);

}  // namespace vigia::app
