#include "pipeline/overflow_pump.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vigia::pipeline {

namespace {

constexpr uint64_t read_bytes = 256 << 10;
// What new data may have to wait behind.
constexpr size_t most_bytes_under_way = 2 << 20;
constexpr int64_t pause_ms = 1'000;
// So much of the pace is made up for when a timer came late.
constexpr int64_t credit_ns = 100'000'000;

int64_t wait_until(int64_t time_ns, int64_t now_ns) { return std::max<int64_t>((time_ns - now_ns + 999'999) / 1'000'000, 1); }

}  // namespace

// A batch of the store on its way to the exporter.
class OverflowPump::Replay final : public Receipt::Record {
 public:
  // Takes the batch's receipts.
  Replay(std::shared_ptr<OverflowPump> pump, Batch& batch)
      : pump_(std::move(pump)), receipts_(std::exchange(batch.receipts, {})), items_(batch.item_count), bytes_(batch.payload.size()) {}

  void on_released() override {
    for (Receipt& receipt : receipts_) receipt.settle();
    end(true);
  }
  void on_kept() override { end(false); }

 private:
  void end(bool is_delivered) {
    receipts_.clear();
    pump_->end_replay(items_, bytes_, is_delivered);
  }

  const std::shared_ptr<OverflowPump> pump_;
  std::vector<Receipt> receipts_;
  const size_t items_;
  const size_t bytes_;
};

OverflowPump::OverflowPump(const Context& context, const OverflowConfig& config, std::shared_ptr<OverflowStore> store,
                           OverflowOutlet outlet)
    : context_(context),
      config_(config),
      store_(std::move(store)),
      outlet_(std::move(outlet)),
      ages_(RecordAges(config.after_ms, context.clock.steady_ms())) {}

// --- Away ---

void OverflowPump::note_appended(const journal::RecordPlace& place) {
  int64_t now_ms = context_.clock.steady_ms();
  ages_.with([&](RecordAges& ages) { ages.note_appended(place.number, now_ms); });
}

bool OverflowPump::is_overdue(const journal::RecordPlace& place) const {
  // There is no use in waiting for room while the exporter takes data.
  if (!has_room_.load(std::memory_order_relaxed) && delivers_.load(std::memory_order_relaxed)) return false;
  int64_t now_ms = context_.clock.steady_ms();
  return ages_.with([&](const RecordAges& ages) { return ages.is_overdue(place.number, now_ms); });
}

void OverflowPump::move(Batch batch, int64_t received_ns, Done done) {
  delivers_.store(false, std::memory_order_relaxed);
  size_t items = batch.item_count;
  std::vector<Receipt> receipts = std::exchange(batch.receipts, {});
  store_->put(std::move(batch), received_ns,
              [self = shared_from_this(), items, receipts = std::move(receipts), done = std::move(done)](Status status) mutable {
                self->note_answer(status);
                if (status.is_ok()) {
                  for (Receipt& receipt : receipts) receipt.settle();
                  self->moved_items_.fetch_add(items, std::memory_order_relaxed);
                  self->state_.with([](State& state) { state.is_empty = false; });
                  self->poke();
                }
                // A caller who pauses after a failure must know of it before the journal offers the data again.
                std::vector<Receipt> held = std::move(receipts);
                done(std::move(status));
              });
}

// Told once: it may stay so for hours, and everything that waits is offered again and again.
void OverflowPump::note_answer(const Status& status) {
  bool had_room = has_room_.exchange(status.is_ok(), std::memory_order_relaxed);
  if (had_room && !status.is_ok())
    context_.log.warn("the overflow does not take data that could not be delivered; it stays in the journal",
                      {{"exporter", store_->owner().exporter}, {"error", status}});
}

// --- And back ---

void OverflowPump::on_delivered() {
  if (!delivers_.load(std::memory_order_relaxed) && !delivers_.exchange(true, std::memory_order_relaxed)) poke();
}

void OverflowPump::poke(int64_t delay_ms) {
  std::shared_ptr<void> entry = outlet_.enter();
  if (!entry) return let_go_of_ready();
  bool is_set = state_.with([&](State& state) { return delay_ms > 0 && std::exchange(state.has_timer, true); });
  if (is_set) return;
  net::EventLoop& loop = context_.loops.next();
  if (delay_ms <= 0)
    return loop.post([weak = weak_from_this()] {
      if (std::shared_ptr<OverflowPump> self = weak.lock()) self->run();
    });
  loop.post([&loop, delay_ms, weak = weak_from_this()] {
    loop.run_after_ms(delay_ms, [weak] {
      std::shared_ptr<OverflowPump> self = weak.lock();
      if (!self) return;
      self->state_.with([](State& state) { state.has_timer = false; });
      self->run();
    });
  });
}

void OverflowPump::let_go_of_ready() {
  std::deque<Batch> ready = state_.with([](State& state) { return std::exchange(state.ready, {}); });
}

void OverflowPump::run() {
  for (;;) {
    int64_t wait_ms = step();
    if (wait_ms > 0) poke(wait_ms);
    if (wait_ms != 0) return;
  }
}

int64_t OverflowPump::step() {
  std::shared_ptr<void> entry = outlet_.enter();
  if (!entry) {
    let_go_of_ready();
    return -1;
  }
  // What the store has no room for waits until the replay has made some.
  bool is_behind = has_room_.load(std::memory_order_relaxed) && outlet_.is_behind();
  std::optional<Batch> next;
  uint64_t wanted_bytes = 0;
  int64_t wait_ms = state_.with([&](State& state) { return choose(state, is_behind, next, wanted_bytes); });
  if (wanted_bytes > 0) read(wanted_bytes, std::move(entry));
  if (next) pass(std::move(*next));
  return wait_ms;
}

int64_t OverflowPump::choose(State& state, bool is_behind, std::optional<Batch>& next, uint64_t& wanted_bytes) const {
  if (state.is_empty && state.ready.empty()) return -1;
  if (is_behind) return pause_ms;
  bool delivers = delivers_.load(std::memory_order_relaxed);
  if (delivers ? state.bytes_under_way >= most_bytes_under_way : state.under_way > 0) return -1;
  int64_t now_ns = context_.clock.steady_ns();
  if (state.next_ns > now_ns) return wait_until(state.next_ns, now_ns);
  if (state.ready.empty()) {
    if (!std::exchange(state.is_reading, true)) wanted_bytes = delivers ? read_bytes : 1;
    return -1;
  }
  next = std::move(state.ready.front());
  state.ready.pop_front();
  state.under_way++;
  state.bytes_under_way += next->payload.size();
  double pace_ns = 1e9 * static_cast<double>(next->item_count) / static_cast<double>(config_.replay_items_per_second);
  state.next_ns = std::max(state.next_ns, now_ns - credit_ns) + static_cast<int64_t>(pace_ns);
  return 0;
}

// The entry is held until the answer has come.
void OverflowPump::read(uint64_t max_bytes, std::shared_ptr<void> entry) {
  store_->read(max_bytes, [self = shared_from_this(), entry = std::move(entry)](Result<OverflowStore::Batches> batches) {
    if (!batches.is_ok())
      self->context_.log.error("cannot read the overflow; will try again",
                               {{"exporter", self->store_->owner().exporter}, {"error", batches.status()}});
    // What a predecessor still holds comes without a word, hence the look now and then.
    bool is_any = batches.is_ok() && !batches->empty();
    bool is_empty = self->state_.with([&](State& state) {
      state.is_reading = false;
      state.is_empty = batches.is_ok() && !is_any && self->store_->amount().items == 0;
      if (is_any) std::move(batches->begin(), batches->end(), std::back_inserter(state.ready));
      return state.is_empty;
    });
    if (!is_empty) self->poke(is_any ? 0 : pause_ms);
  });
}

void OverflowPump::pass(Batch batch) {
  Receipt receipt(std::make_shared<Replay>(shared_from_this(), batch), outlet_.branches);
  batch.receipts.push_back(std::move(receipt));
  outlet_.pass(std::move(batch));
}

void OverflowPump::end_replay(size_t items, size_t bytes, bool is_delivered) {
  if (is_delivered) replayed_items_.fetch_add(items, std::memory_order_relaxed);
  delivers_.store(is_delivered, std::memory_order_relaxed);
  state_.with([&](State& state) {
    state.under_way--;
    state.bytes_under_way -= bytes;
  });
  // What came back is not worth another try at once.
  poke(is_delivered ? 0 : pause_ms);
}

}  // namespace vigia::pipeline
