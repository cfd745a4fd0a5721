#pragma once

// The requests of one batch on their way: the shards side by side, within a shard one after the other. Whatever fails for the moment holds up
// its own shard; the rest goes on, and what is left can be sent again.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/function.h"
#include "base/status.h"
#include "prometheus/remote_write.h"

namespace vigia::exporters {

class WriteRound : public std::enable_shared_from_this<WriteRound> {
 public:
  // What came of one request.
  enum class Verdict : uint8_t { written, retry, refused, too_large };
  struct Answer {
    Verdict verdict = Verdict::written;
    Status status;
  };
  // Sends one request once and calls back on the same loop.
  using SendOne = std::function<void(const prometheus::WriteRequest& request, Function<void(Answer)> answered)>;

  WriteRound(Chain payload, std::vector<prometheus::WriteRequest> requests, uint32_t shards);

  // What it was made of.
  const Chain& payload() const { return payload_; }
  size_t requests_left() const;
  // Sends all that is left. `done` is called once: OK when nothing is left and nothing was refused; a retryable error when something is left,
  // after the longest wait that a receiver asked for; else why something was refused for good. REQUIRES: on a loop; not while a run is going on.
  void run(SendOne send, prometheus::WriteVersion version, MemoryLedger& ledger, Function<void(Status)> done);

 private:
  void send_next(size_t shard);
  void answered(size_t shard, Answer answer);
  bool split_front(size_t shard);
  void end_shard();

  Chain payload_;
  std::vector<std::deque<prometheus::WriteRequest>> shards_;
  SendOne send_;
  prometheus::WriteVersion version_ = prometheus::WriteVersion::v1;
  MemoryLedger* ledger_ = nullptr;
  Function<void(Status)> done_;
  size_t busy_shards_ = 0;
  Status failure_;
  Status refusal_;  // Stays from run to run.
};

}  // namespace vigia::exporters
