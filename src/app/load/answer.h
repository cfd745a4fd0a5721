#pragma once

// What a receiver's answer to one request means.

#include <cstdint>
#include <string>

#include "app/load/options.h"
#include "base/bytes.h"
#include "base/status.h"
#include "net/http_client.h"

namespace vigia::app {

enum class Verdict : uint8_t {
  accepted,
  refused,  // come again later
  failed,   // anything else: refused for good, no answer, or an answer that makes no sense
};

struct Answer {
  Verdict verdict = Verdict::accepted;
  uint64_t rejected_items = 0;  // of an accepted request: the receiver took the rest only
  std::string complaint;        // what the receiver or the network said; "" when all is well
};

Answer read_answer(LoadProtocol protocol, const Result<net::ClientResponse>& result, MemoryLedger& ledger);

}  // namespace vigia::app
