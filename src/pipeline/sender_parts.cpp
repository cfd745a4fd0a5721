// Cutting batches: those that are too large, and those that the other side refuses for what some of their items say.

#include "pipeline/batch_parts.h"
#include "pipeline/fan_out.h"
#include "pipeline/sender_core_internal.h"

namespace vigia::pipeline {

// Who waits for the job waits for all its pieces. The first one holds the room of all.
Sender::Core::Jobs Sender::Core::cut(JobPointer job, std::vector<Batch> parts) {
  std::vector<std::shared_ptr<CombinedDone>> combined;
  for (Done& done : job->dones) combined.push_back(CombinedDone::create(parts.size(), std::move(done)));
  Jobs pieces;
  for (Batch& part : parts) {
    JobPointer& piece = pieces.emplace_back(std::make_unique<Job>());
    piece->batch = std::move(part);
    piece->queued_ms = job->queued_ms;
    piece->bisection = job->bisection;
    for (auto& one : combined) piece->dones.push_back(CombinedDone::part_of(one));
  }
  pieces.front()->room = job->room;
  pieces.front()->is_probe = job->is_probe;
  return pieces;
}

// --- Too large ---

// All but the first part of a job that is larger than a batch may be go back to the head of the queue.
void Sender::Core::keep_to_size(JobPointer& job) {
  if (!merging_ || merging_->max_size == 0) return;
  const QueueBatchConfig& limits = *merging_;
  if (batching_size(job->batch) <= limits.max_size) return;
  std::vector<Batch> parts = split_batch(std::move(job->batch), limits.max_size, limits.sizer, ledger_);
  Jobs pieces = cut(std::move(job), std::move(parts));
  job = std::move(pieces.front());
  pieces.erase(pieces.begin());
  put_back(std::move(pieces));
}

// --- Refused for good ---

void Sender::Core::refused(JobPointer job, Status status) {
  bool is_isolating = !config_.queue.keeps_order && (set_aside_ || config_.queue.is_durable());
  if (is_isolating && is_content_at_fault(status) && job->batch.item_count > 1) {
    if (!job->bisection) job->bisection = std::make_shared<Bisection>(job->batch.item_count);
    if (job->bisection->may_cut()) {
      bisect(std::move(job), std::move(status));
      return;
    }
  }
  set_aside(std::move(job), std::move(status));
}

void Sender::Core::bisect(JobPointer job, Status status) {
  size_t half = (job->batch.item_count + 1) / 2;
  std::vector<Batch> halves = split_batch(std::move(job->batch), half, Sizer::items, ledger_);
  if (halves.size() < 2) {
    job->batch = std::move(halves.front());
    set_aside(std::move(job), std::move(status));
    return;
  }
  log_.debug("The other side refuses a request. Looking for the items at fault.", {{"error", status}, {"items_of_half", half}});
  job->is_probe = false;
  Jobs pieces = cut(std::move(job), std::move(halves));
  put_back(std::move(pieces));
  end_flight();
}

void Sender::Core::set_aside(JobPointer job, Status status) {
  if (!set_aside_) {
    job->batch.settle();
    give_up(std::move(job), std::move(status), "the error is permanent");
    return;
  }
  size_t items = job->batch.item_count;
  set_aside_items_.add(items);
  telemetry_.send_failed.add(signal_, items);
  log_.warn("The other side refuses data for good. Setting it aside.", {{"error", status}, {"items", items}});
  set_aside_(std::move(job->batch), status);
  finish(std::move(job), Status());
}

}  // namespace vigia::pipeline
