#include "pipeline/fan_out.h"

#include <algorithm>
#include <bit>

#include "base/guarded.h"

namespace vigia::pipeline {

struct CombinedDone::State {
  struct Answers {
    size_t missing;
    Status worst;
  };
  Guarded<Answers> answers;
  Done done;
};

CombinedDone::CombinedDone(size_t count, Done done) : state_(std::make_unique<State>()) {
  CHECK(count > 0);
  state_->answers.with([&](State::Answers& answers) { answers.missing = count; });
  state_->done = std::move(done);
}

CombinedDone::~CombinedDone() = default;

std::shared_ptr<CombinedDone> CombinedDone::create(size_t count, Done done) {
  return std::shared_ptr<CombinedDone>(new CombinedDone(count, std::move(done)));
}

namespace {

// The first permanent error stays; of retryable ones the first, with the longest wait.
void add_answer(Status& worst, Status status) {
  if (status.is_ok()) return;
  if (worst.is_ok() || (worst.is_retryable() && !status.is_retryable())) {
    worst = std::move(status);
    return;
  }
  if (!worst.is_retryable() || !status.is_retryable()) return;
  int64_t delay_ms = std::max(worst.retry_delay_ms(), status.retry_delay_ms());
  worst = std::move(worst).retryable_after_ms(delay_ms);
}

}  // namespace

void CombinedDone::answer(Status status) {
  bool is_last = false;
  Status combined;
  state_->answers.with([&](State::Answers& answers) {
    CHECK(answers.missing > 0);
    add_answer(answers.worst, std::move(status));
    is_last = --answers.missing == 0;
    if (is_last) combined = std::move(answers.worst);
  });
  if (is_last) state_->done(std::move(combined));
}

Done CombinedDone::part_of(std::shared_ptr<CombinedDone> self) {
  return [self = std::move(self)](Status status) { self->answer(std::move(status)); };
}

namespace {

bool is_in(uint64_t branches, size_t branch) { return branches >> branch & 1; }

}  // namespace

FanOut::FanOut(std::vector<Consumer*> targets) : targets_(std::move(targets)) { CHECK(!targets_.empty()); }

Result<Reservation> FanOut::reserve(const Load& load) {
  if (targets_.size() == 1) return targets_.front()->reserve(load);
  std::vector<Reservation> branches;
  branches.reserve(targets_.size());
  Load of_target = load;
  of_target.branches = all_branches;
  for (size_t i = 0; i < targets_.size(); i++) {
    Result<Reservation> room = is_in(load.branches, i) ? targets_[i]->reserve(of_target) : Reservation();
    if (!room.is_ok()) return room;
    branches.push_back(std::move(*room));
  }
  return Reservation(std::move(branches));
}

namespace {

// Branches whose data comes out of a journal.
struct Journaled {
  uint64_t branches = 0;
  // One receipt is about several, so that the journal cannot give the data to one of them alone: behind a connector.
  bool is_shared = false;
};

Journaled journaled_branches(const Batch& batch, const std::vector<size_t>& wanted) {
  Journaled journaled;
  uint64_t mask = 0;
  for (size_t branch : wanted) mask |= uint64_t{1} << branch;
  for (const Receipt& receipt : batch.receipts) {
    journaled.branches |= receipt.branches();
    journaled.is_shared |= std::popcount(receipt.branches() & mask) > 1;
  }
  return journaled;
}

// A copy of a receipt that is not about this branch has nothing to wait for; the one of the right branch decides.
void keep_receipts_of(Batch& batch, size_t branch) {
  auto is_foreign = [&](const Receipt& receipt) { return !is_in(receipt.branches(), branch); };
  for (Receipt& receipt : batch.receipts)
    if (is_foreign(receipt)) receipt.settle();
  std::erase_if(batch.receipts, is_foreign);
  for (Receipt& receipt : batch.receipts) receipt.widen();
}

}  // namespace

void FanOut::consume(Batch batch, Done done) {
  if (targets_.size() == 1) {
    targets_.front()->consume(std::move(batch), std::move(done));
    return;
  }
  std::vector<size_t> wanted;
  for (size_t i = 0; i < targets_.size(); i++)
    if (is_in(batch.branches, i)) wanted.push_back(i);
  if (wanted.empty()) return done(Status());
  Journaled journaled = journaled_branches(batch, wanted);
  // After a reload, room may have been reserved for other branches than there are now. What is not for all has been accepted before, and
  // whoever may refuse it can do that on its own.
  if (batch.branches == all_branches && batch.reservation.branches().size() != targets_.size()) {
    Load load = batch.load();
    if (!journaled.is_shared) load.branches = ~journaled.branches;
    Result<Reservation> room = reserve(load);
    if (!room.is_ok()) {
      done(std::move(room).status());
      return;
    }
    batch.reservation = std::move(room).value();
  }
  // What one of them refuses is no reason to give the others the same data again: either the journal gives it to that one alone, or it was
  // answered before, and whoever has its queue in memory has had its chance to say that it is full.
  bool is_each_alone = journaled.branches != 0 && !journaled.is_shared && wanted.size() > 1;
  Reservation room = std::exchange(batch.reservation, {});
  bool has_room = room.branches().size() == targets_.size();
  auto combined = CombinedDone::create(wanted.size(), std::move(done));
  for (size_t i : wanted) {
    Batch branch = i != wanted.back() ? batch.share() : std::move(batch);
    keep_receipts_of(branch, i);
    branch.branches = all_branches;
    if (has_room) branch.reservation = std::move(room.branches()[i]);
    Done part = CombinedDone::part_of(combined);
    if (is_each_alone) part = [part = std::move(part)](Status) mutable { part(Status()); };
    targets_[i]->consume(std::move(branch), std::move(part));
  }
}

}  // namespace vigia::pipeline
