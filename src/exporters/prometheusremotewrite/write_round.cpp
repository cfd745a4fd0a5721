#include "exporters/prometheusremotewrite/write_round.h"

#include <algorithm>
#include <functional>

namespace vigia::exporters {

using prometheus::WriteRequest;

namespace {

// A request may hold tens of thousands of series, and a receiver that takes the good halves is worth asking on.
constexpr int most_cuts = 256;

size_t sample_count(const WriteRequest& request) { return request.samples + request.histograms; }

}  // namespace

WriteRound::WriteRound(Chain payload, std::vector<WriteRequest> requests, uint32_t shards) : payload_(std::move(payload)), shards_(shards) {
  for (WriteRequest& request : requests) shards_[request.shard].push_back({std::move(request)});
}

size_t WriteRound::requests_left() const {
  size_t count = 0;
  for (const auto& shard : shards_) count += shard.size();
  return count;
}

void WriteRound::run(SendOne send, prometheus::WriteVersion version, MemoryLedger& ledger, Function<void(Status)> done) {
  send_ = std::move(send);
  version_ = version;
  ledger_ = &ledger;
  done_ = std::move(done);
  failure_ = {};
  busy_shards_ = shards_.size();
  // An answer may come before send_ returns, and the last one ends the run.
  std::shared_ptr<WriteRound> self = shared_from_this();
  for (size_t shard = 0; shard < shards_.size(); shard++) send_next(shard);
}

void WriteRound::send_next(size_t shard) {
  if (shards_[shard].empty()) return end_shard();
  send_(shards_[shard].front().request, [self = shared_from_this(), shard](Answer answer) { self->answered(shard, std::move(answer)); });
}

void WriteRound::answered(size_t shard, Answer answer) {
  switch (answer.verdict) {
    case Verdict::retry:
      if (failure_.is_ok() || answer.status.retry_delay_ms() > failure_.retry_delay_ms()) failure_ = std::move(answer.status);
      return end_shard();
    case Verdict::too_large:
      if (!split_front(shard)) reject_front(shard, std::move(answer.status));
      return send_next(shard);
    case Verdict::refused:
      if (!may_look_for_culprits(shards_[shard].front()) || !split_front(shard)) reject_front(shard, std::move(answer.status));
      return send_next(shard);
    case Verdict::turned_away:
      reject_front(shard, std::move(answer.status));
      return send_next(shard);
    case Verdict::partly:
      rejected_samples_ += answer.rejected_samples;
      if (refusal_.is_ok()) refusal_ = std::move(answer.status);
      [[fallthrough]];
    case Verdict::written:
      is_any_written_ = true;
      if (shards_[shard].front().bisection) shards_[shard].front().bisection->on_accepted();
      shards_[shard].pop_front();
      return send_next(shard);
  }
}

void WriteRound::reject_front(size_t shard, Status status) {
  rejected_samples_ += sample_count(shards_[shard].front().request);
  if (refusal_.is_ok()) refusal_ = std::move(status);
  shards_[shard].pop_front();
}

bool WriteRound::may_look_for_culprits(Piece& piece) {
  if (!piece.bisection) piece.bisection = std::make_shared<pipeline::Bisection>(sample_count(piece.request), most_cuts);
  return piece.bisection->may_cut();
}

bool WriteRound::split_front(size_t shard) {
  Piece& front = shards_[shard].front();
  std::vector<WriteRequest> halves = prometheus::split_request(front.request, version_, *ledger_);
  if (halves.empty()) return false;
  std::shared_ptr<pipeline::Bisection> bisection = front.bisection;
  front.request = std::move(halves[1]);
  shards_[shard].push_front({std::move(halves[0]), std::move(bisection)});
  return true;
}

void WriteRound::end_shard() {
  if (--busy_shards_ > 0) return;
  Function<void(Status)> done = std::move(done_);
  done(failure_.is_ok() ? refusal_ : failure_);
}

}  // namespace vigia::exporters
