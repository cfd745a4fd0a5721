#pragma once

// The requests of one batch on their way: the shards side by side, within a shard one after the other. Whatever fails for the moment holds up
// its own shard; the rest goes on, and what is left can be sent again. A request that is refused for what is in it is cut until the samples at fault
// are found, or the search is given up (pipeline/bisection.h).

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/function.h"
#include "base/status.h"
#include "pipeline/bisection.h"
#include "prometheus/remote_write.h"

namespace vigia::exporters {

class WriteRound : public std::enable_shared_from_this<WriteRound> {
 public:
  // What came of one request.
  enum class Verdict : uint8_t {
    written,
    partly,  // What was good of it was written.
    retry,
    refused,      // Nothing was written, for what is in it: it is cut to find the samples at fault.
    turned_away,  // Nothing was written, whatever is in it.
    too_large,    // It is cut.
  };
  struct Answer {
    Verdict verdict = Verdict::written;
    Status status;
    size_t rejected_samples = 0;  // Of a request that was written partly.
  };
  // Sends one request once and calls back on the same loop.
  using SendOne = std::function<void(const prometheus::WriteRequest& request, Function<void(Answer)> answered)>;

  WriteRound(Chain payload, std::vector<prometheus::WriteRequest> requests, uint32_t shards);

  // What it was made of.
  const Chain& payload() const { return payload_; }
  size_t requests_left() const;
  // So far, in all runs: what was refused for good, and whether anything was not.
  size_t rejected_samples() const { return rejected_samples_; }
  bool is_any_written() const { return is_any_written_; }
  // Sends all that is left. `done` is called once: OK when nothing is left and nothing was refused; a retryable error when something is left,
  // after the longest wait that a receiver asked for; else why something was refused for good. REQUIRES: on a loop; not while a run is going on.
  void run(SendOne send, prometheus::WriteVersion version, MemoryLedger& ledger, Function<void(Status)> done);

 private:
  // A request, or what was cut from one.
  struct Piece {
    prometheus::WriteRequest request;
    std::shared_ptr<pipeline::Bisection> bisection = nullptr;  // Since it, or what it is a part of, was refused.
  };

  void send_next(size_t shard);
  void answered(size_t shard, Answer answer);
  void reject_front(size_t shard, Status status);
  bool may_look_for_culprits(Piece& piece);
  bool split_front(size_t shard);
  void end_shard();

  Chain payload_;
  std::vector<std::deque<Piece>> shards_;
  SendOne send_;
  prometheus::WriteVersion version_ = prometheus::WriteVersion::v1;
  MemoryLedger* ledger_ = nullptr;
  Function<void(Status)> done_;
  size_t busy_shards_ = 0;
  Status failure_;
  // These stay from run to run.
  Status refusal_;
  size_t rejected_samples_ = 0;
  bool is_any_written_ = false;
};

}  // namespace vigia::exporters
