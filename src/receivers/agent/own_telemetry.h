#pragma once

// The agent's own log lines and sends as OTLP. A line and a send become one item each.

#include <string_view>
#include <vector>

#include "base/log_tap.h"
#include "base/random.h"
#include "otlp/request_writer.h"
#include "pipeline/delivery_board.h"

namespace vigia::receivers {

// `resource`: the content of a Resource message. `observed_ns`: when they were taken out of the log.
Slice logs_request(const std::vector<LogTap::Line>& lines, std::string_view resource, std::string_view version, int64_t observed_ns,
                   MemoryLedger& ledger);
// A client span for each, a trace of its own.
Slice spans_request(const std::vector<pipeline::SendRound>& rounds, std::string_view resource, std::string_view version, Random& random,
                    MemoryLedger& ledger);

}  // namespace vigia::receivers
