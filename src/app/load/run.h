#pragma once

// One load run from beginning to end.

#include "app/load/options.h"
#include "app/load/report.h"
#include "base/status.h"

namespace vigia::app {

// Sends as the options say and waits for the last answer. SIGINT and SIGTERM, which are blocked in this thread from then on,
// end it early. With a terminal on stderr a line a second tells how it goes.
Result<LoadReport> perform_load(const LoadOptions& options);

}  // namespace vigia::app
