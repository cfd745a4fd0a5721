// How data passes through the head of a durable pipeline: into the journal, on from memory, and out of the journal again.

#include <algorithm>
#include <bit>

#include "pipeline/attempt.h"
#include "pipeline/dead_letters.h"
#include "pipeline/journal_record.h"
#include "pipeline/journal_stage_core_internal.h"

namespace vigia::pipeline {

namespace {

constexpr uint64_t read_bytes = 1 << 20;
constexpr int64_t pause_ms = 1'000;
constexpr size_t most_parked_bytes = 16 << 20;
constexpr int64_t park_ms = 50;
constexpr int64_t resend_poll_ms = 2'000;

}  // namespace

// As long as one is there the stage is not stopped. Who makes one looks at is_stopping() afterwards, and does nothing if it is.
class JournalStage::Core::Activity {
 public:
  explicit Activity(std::shared_ptr<Core> core) : core_(std::move(core)) { core_->activities_.fetch_add(1, std::memory_order_acq_rel); }
  Activity(Activity&& other) noexcept = default;
  Activity& operator=(Activity&&) = delete;
  ~Activity() {
    if (core_) core_->end_activity();
  }
  Core* operator->() const { return core_.get(); }

 private:
  std::shared_ptr<Core> core_;
};

// A record that somebody downstream holds for one exporter.
class JournalStage::Core::Holding final : public Receipt::Record {
 public:
  enum class Way : uint8_t { exporter, overflow };
  Holding(std::shared_ptr<Core> core, Branch& branch, const journal::RecordPlace& place, journal::Origin origin, Way way = Way::exporter)
      : core_(std::move(core)), branch_(branch), place_(place), origin_(origin), way_(way) {}

  void on_released() override {
    if (branch_.overflow && way_ == Way::exporter) branch_.overflow->on_delivered();
    if (core_->runner_->journal().release(branch_.cursor, place_, origin_)) core_->tell_readable(branch_);
  }
  void on_kept() override {
    if (branch_.overflow) branch_.overflow->on_let_go();
    core_->pause_after_return(branch_);
    if (core_->runner_->journal().give_back(branch_.cursor, place_, origin_)) core_->tell_readable(branch_);
  }

 private:
  const std::shared_ptr<Core> core_;
  Branch& branch_;
  const journal::RecordPlace place_;
  const journal::Origin origin_;
  const Way way_;
};

JournalStage::Core::Core(const Context& context, JournalStageConfig config, Consumer& next)
    : context_(context), config_(std::move(config)), next_(next) {}

// --- Beginning and end ---

Status JournalStage::Core::start(std::shared_ptr<JournalRunner> runner, const journal::JournalOptions& options,
                                 const std::string& storage_directory) {
  runner_ = std::move(runner);
  whole_ = config_.branch_count >= 64 ? all_branches : (uint64_t{1} << config_.branch_count) - 1;
  memory_branches_ = whole_;
  RETURN_IF_ERROR(runner_->join(shared_from_this(), options));
  for (const JournalStageConfig::Cursor& cursor : config_.cursors) {
    Branch& branch = branches_.emplace_back();
    branch.cursor = runner_->journal().cursor(cursor.exporter);
    branch.bit = uint64_t{1} << cursor.branch;
    branch.in_order = cursor.in_order;
    has_order_ |= cursor.in_order;
    memory_branches_ &= ~branch.bit;
    cursors_ |= uint64_t{1} << branch.cursor;
    std::string letters = dead_letter_directory(storage_directory, config_.pipeline, cursor.exporter);
    branch.resent = std::make_shared<ResentLetters>(context_, runner_, letters, branch.bit, [weak = weak_from_this()](Batch batch) {
      std::shared_ptr<Core> core = weak.lock();
      if (!core) return;
      core->context_.loops.next().post([activity = Activity(core), batch = std::move(batch)]() mutable {
        uint64_t branches = batch.branches;
        activity->pass(std::move(batch), branches);
      });
    });
    if (Status status = branch.resent->prepare(); !status.is_ok())
      context_.log.warn("dead letters cannot be sent again", {{"error", status}});
    branch.overflow = make_overflow(branch, branches_.size() - 1);
  }
  is_started_.store(true, std::memory_order_release);
  for (Branch& branch : branches_) {
    if (branch.overflow) branch.overflow->start();
    poke(branch);
  }
  poll_resent_letters();
  return {};
}

void JournalStage::Core::poll_resent_letters() {
  runner_->read_soon(
      [weak = weak_from_this()] {
        std::shared_ptr<Core> core = weak.lock();
        if (!core) return;
        Activity activity(core);
        if (core->is_stopping()) return;
        for (Branch& branch : core->branches_) branch.resent->poll();
        core->poll_resent_letters();
      },
      resend_poll_ms);
}

void JournalStage::Core::stop_waiting() {
  std::deque<Parked> parked = park_.with([](Park& park) {
    park.is_closed = true;
    park.bytes = 0;
    return std::exchange(park.waiting, {});
  });
  for (Parked& one : parked) one.done(unavailable("the program is shutting down"));
}

void JournalStage::Core::stop(Function<void()> stopped) {
  stopped_.with([&](Function<void()>& held) { held = std::move(stopped); });
  is_stopping_.store(true, std::memory_order_release);
  stop_waiting();
  runner_->leave(*this);
  for (const Branch& branch : branches_) tell_readable(branch);
  end_activity();
}

void JournalStage::Core::end_activity() {
  if (activities_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  Function<void()> stopped = stopped_.with([](Function<void()>& held) { return std::move(held); });
  if (stopped) stopped();
}

std::shared_ptr<void> JournalStage::Core::enter() {
  auto activity = std::make_shared<Activity>(shared_from_this());
  return is_stopping() ? nullptr : activity;
}

net::EventLoop& JournalStage::Core::loop() {
  net::EventLoop* current = context_.loops.current();
  return current ? *current : context_.loops.next();
}

// --- In ---

// What durable exporters cannot take waits in the journal.
Result<Reservation> JournalStage::Core::reserve(const Load& load) {
  if (!config_.blocks_on_overflow) RETURN_IF_ERROR(room_for(load));
  return reserve_in_memory(load);
}

Status JournalStage::Core::room_for(const Load& load) const {
  return runner_->journal().room_for({1, load.items, load.stored_bytes}, cursors_);
}

Result<Reservation> JournalStage::Core::reserve_in_memory(Load load) {
  if (memory_branches_ == 0) return Reservation();
  load.branches = memory_branches_;
  return next_.reserve(load);
}

void JournalStage::Core::consume(Batch batch, Done done) {
  Activity activity(shared_from_this());
  if (is_stopping()) return done(unavailable("the pipeline is shutting down"));
  batch.branches = all_branches;
  // Queues in memory can refuse only what has not been answered yet.
  if (memory_branches_ != 0 && batch.reservation.branches().empty()) {
    Result<Reservation> room = reserve_in_memory(batch.load());
    if (!room.is_ok()) return refuse(std::move(batch), std::move(done), std::move(room).status(), false);
    batch.reservation = std::move(*room);
  }
  append(std::move(batch), std::move(done), config_.blocks_on_overflow);
}

void JournalStage::Core::append(Batch batch, Done done, bool may_park) {
  journal::Record record = to_record(batch, context_.clock.wall_ns());
  struct Flight {
    Activity activity;
    Batch batch;
    Done done;
    net::EventLoop& loop;
  };
  net::EventLoop& next_loop = has_order_ ? ordered_loop() : loop();
  auto flight = std::make_unique<Flight>(Flight{Activity(shared_from_this()), std::move(batch), std::move(done), next_loop});
  auto answered = [may_park, flight = std::move(flight)](Result<journal::Appended> answer) mutable {
    Core& core = *flight->activity.operator->();
    if (!answer.is_ok()) return core.refuse(std::move(flight->batch), std::move(flight->done), std::move(answer).status(), may_park);
    net::EventLoop& loop = flight->loop;
    loop.post([flight = std::move(flight), appended = *answer]() mutable {
      flight->done(Status());
      flight->batch.packed = nullptr;
      flight->batch.settle();  // Whoever had a receipt for it before can forget it now.
      flight->activity->pass_live(std::move(flight->batch), appended);
    });
  };
  runner_->journal().append(std::move(record), std::move(answered), cursors_);
}

void JournalStage::Core::refuse(Batch batch, Done done, Status status, bool may_park) {
  bool is_parked = may_park && status.is_retryable() && park_.with([&](Park& park) {
    if (park.is_closed) return false;
    if (park.bytes + batch.payload.size() > most_parked_bytes) return false;
    park.bytes += batch.payload.size();
    park.waiting.push_back({std::move(batch), std::move(done)});
    return true;
  });
  if (is_parked) return try_parked();
  refused_items_.fetch_add(batch.item_count, std::memory_order_relaxed);
  done(std::move(status));
}

// Comes back to what waits for room, for as long as something does.
void JournalStage::Core::try_parked() {
  bool needs_timer = park_.with([](Park& park) { return !park.waiting.empty() && !std::exchange(park.has_timer, true); });
  if (!needs_timer) return;
  net::EventLoop& loop = this->loop();
  loop.dispatch([&loop, weak = weak_from_this()] {
    loop.run_after_ms(park_ms, [weak] {
      std::shared_ptr<Core> core = weak.lock();
      if (!core) return;
      Activity activity(core);
      if (core->is_stopping()) return;
      std::deque<Parked> waiting = core->park_.with([](Park& park) {
        park.has_timer = false;
        park.bytes = 0;
        return std::exchange(park.waiting, {});
      });
      for (Parked& parked : waiting) core->append_parked(std::move(parked));
    });
  });
}

// A look costs less than a try, for which the whole body is summed up.
void JournalStage::Core::append_parked(Parked parked) {
  Status room = room_for(parked.batch.load());
  if (room.is_ok()) return append(std::move(parked.batch), std::move(parked.done), true);
  refuse(std::move(parked.batch), std::move(parked.done), std::move(room), true);
}

// --- On, from memory ---

void JournalStage::Core::pass_live(Batch batch, const journal::Appended& appended) {
  uint64_t branches = memory_branches_;
  for (Branch& branch : branches_) {
    if (branch.overflow) branch.overflow->note_appended(appended.place);
    bool is_held = appended.live_cursors >> branch.cursor & 1;
    if (is_held && !is_closed(branch)) {
      branches |= branch.bit;
      batch.receipts.emplace_back(std::make_shared<Holding>(shared_from_this(), branch, appended.place, journal::Origin::live), branch.bit);
      continue;
    }
    if (is_held) runner_->journal().give_back(branch.cursor, appended.place, journal::Origin::live);
    // In order: as long as new data is on its way, nothing can be read; the end of that tells.
    if (!branch.in_order || runner_->journal().is_readable(branch.cursor)) poke(branch);
  }
  if (branches != 0) pass(std::move(batch), branches);
}

// What some of several exporters do not take is let go, and comes back to the journal for each of them alone.
void JournalStage::Core::pass(Batch batch, uint64_t branches) {
  batch.branches = branches == whole_ ? all_branches : branches;
  if (std::has_single_bit(branches) && !batch.receipts.empty()) return pass_to_one(std::move(batch), branches);
  next_.consume(std::move(batch), [](const Status&) {});
}

void JournalStage::Core::pass_to_one(Batch batch, uint64_t bit) {
  auto kept = std::make_unique<Batch>(std::move(batch));
  Attempt attempt(*kept);
  Batch outgoing = attempt.take();
  next_.consume(std::move(outgoing),
                [weak = weak_from_this(), bit, kept = std::move(kept), attempt = std::move(attempt)](const Status& status) mutable {
                  if (status.is_ok()) return attempt.accepted();
                  attempt.refused(*kept);
                  std::shared_ptr<Core> core = weak.lock();
                  if (!core) return;
                  Activity activity(core);
                  if (!core->is_stopping()) core->refused_by_one(std::move(*kept), bit, status);
                });
}

// There is no use in reading it again at once, and none at all when it will never be taken.
void JournalStage::Core::refused_by_one(Batch batch, uint64_t bit, const Status& status) {
  if (!status.is_retryable()) {
    context_.log.warn("the pipeline refuses stored data for good. Setting it aside.", {{"error", status}, {"items", batch.item_count}});
    return context_.set_aside(std::move(batch), status);
  }
  for (Branch& branch : branches_) {
    if (branch.bit != bit) continue;
    bool is_news = !is_closed(branch);
    int64_t wait_ms = std::max(pause_ms, status.retry_delay_ms());
    branch.closed_until_ms.store(context_.clock.steady_ms() + wait_ms, std::memory_order_relaxed);
    pause(branch, wait_ms);
    if (is_news) context_.log.warn("the pipeline does not take data that is stored; it will be read again", {{"error", status}});
  }
}

// --- On, from the journal ---

bool JournalStage::Core::on_readable(uint32_t cursor) {
  Activity activity(shared_from_this());
  if (is_stopping() || !is_started_.load(std::memory_order_acquire)) return false;
  auto branch = std::find_if(branches_.begin(), branches_.end(), [&](const Branch& one) { return one.cursor == cursor; });
  if (branch == branches_.end()) return false;
  poke(*branch);
  return true;
}

// A longer pause stays.
void JournalStage::Core::pause(Branch& branch, int64_t for_ms) {
  int64_t until_ms = context_.clock.steady_ms() + for_ms;
  int64_t known_ms = branch.paused_until_ms.load(std::memory_order_relaxed);
  while (known_ms < until_ms && !branch.paused_until_ms.compare_exchange_weak(known_ms, until_ms, std::memory_order_relaxed)) continue;
}

bool JournalStage::Core::is_closed(const Branch& branch) const {
  int64_t until_ms = branch.closed_until_ms.load(std::memory_order_relaxed);
  return until_ms != 0 && until_ms > context_.clock.steady_ms();
}

// Whoever let go of a record could do nothing with it, and would not either if it came back at once.
void JournalStage::Core::pause_after_return(Branch& branch) {
  Activity activity(shared_from_this());
  if (!is_stopping()) pause(branch, pause_ms);
}

void JournalStage::Core::poke(Branch& branch) {
  if (is_stopping() || branch.is_reading.exchange(true)) return;
  int64_t wait_ms = branch.paused_until_ms.load(std::memory_order_relaxed) - context_.clock.steady_ms();
  runner_->read_soon(
      [weak = weak_from_this(), &branch] {
        if (std::shared_ptr<Core> core = weak.lock()) core->read_some(branch);
      },
      wait_ms);
}

// On the disk's reading thread.
void JournalStage::Core::read_some(Branch& branch) {
  Activity activity(shared_from_this());
  if (is_stopping()) return;
  Result<std::vector<journal::ReadRecord>> records = runner_->journal().read(branch.cursor, read_bytes);
  if (!records.is_ok()) context_.log.error("cannot read the journal; will try again", {{"error", records.status()}});
  if (!records.is_ok() || records->empty()) pause(branch, pause_ms);
  if (records.is_ok() && !records->empty()) {
    std::vector<Batch> batches = batches_of(branch, std::move(*records));  // Without what goes to the overflow.
    net::EventLoop& loop = branch.in_order ? ordered_loop() : context_.loops.next();
    loop.post([activity = Activity(shared_from_this()), bit = branch.bit, batches = std::move(batches)]() mutable {
      for (Batch& batch : batches) activity->pass(std::move(batch), bit);
    });
  }
  branch.is_reading.store(false);
  if (runner_->journal().is_readable(branch.cursor)) poke(branch);
}

std::vector<Batch> JournalStage::Core::batches_of(Branch& branch, std::vector<journal::ReadRecord> records) {
  std::vector<Batch> batches;
  for (journal::ReadRecord& record : records) {
    Holding::Way way = is_overdue(branch, record.place) ? Holding::Way::overflow : Holding::Way::exporter;
    Receipt receipt(std::make_shared<Holding>(shared_from_this(), branch, record.place, journal::Origin::backlog, way), branch.bit);
    std::shared_ptr<const Packed> packed = way == Holding::Way::overflow ? packed_of(record.record) : nullptr;
    Result<Batch> batch = to_batch(std::move(record.record), context_.ledger);
    if (!batch.is_ok()) {
      context_.log.error("a stored request cannot be unpacked and is lost",
                         {{"error", batch.status()}, {"lost_items", record.place.items}});
      receipt.settle();
      continue;
    }
    batch->receipts.push_back(std::move(receipt));
    if (way == Holding::Way::overflow) {
      batch->packed = std::move(packed);
      move_to_overflow(branch, std::move(*batch), record.place.received_ns);
      continue;
    }
    batches.push_back(std::move(*batch));
  }
  return batches;
}

}  // namespace vigia::pipeline
