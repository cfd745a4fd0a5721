#pragma once

// What the tests of the sending queue share: a sender with small bounds, and an other side that answers from a script.

#include <gtest/gtest.h>

#include "pipeline/sender.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline::test {

inline SenderConfig small_config() {
  SenderConfig config;
  config.queue.size = 3;
  config.queue.consumers = 1;
  config.retry.initial_interval_ms = 1000;
  config.retry.randomization_factor = 0;
  config.retry.multiplier = 2;
  config.retry.max_interval_ms = 3000;
  config.retry.max_elapsed_time_ms = 60'000;
  return config;
}

// The other side, on the loop.
struct Peer {
  std::deque<Status> script;
  std::function<Status(const Batch&)> judge;  // Instead of the script.
  bool holds = false;
  std::vector<Function<void(Status)>> held;
  std::vector<size_t> tried_items;
  std::vector<int64_t> tried_ms;
  std::vector<int64_t> timeouts_ms;
  std::vector<std::string> bodies;
};

class SenderTest : public ::testing::Test {
 protected:
  std::unique_ptr<Sender> make_sender(const SenderConfig& config, Peer& peer) { return make_sender(kit_.context("otlp/x"), config, peer); }
  std::unique_ptr<Sender> make_sender(const Context& context, const SenderConfig& config, Peer& peer) {
    return std::make_unique<Sender>(context, config, otlp::Signal::traces,
                                    [this, &peer](Batch batch, int64_t timeout_ms, Function<void(Status)> answered) {
                                      peer.tried_items.push_back(batch.item_count);
                                      peer.tried_ms.push_back(kit_.clock.steady_ms());
                                      peer.timeouts_ms.push_back(timeout_ms);
                                      peer.bodies.push_back(batch.payload.to_string());
                                      if (peer.holds) {
                                        peer.held.push_back(std::move(answered));
                                        return;
                                      }
                                      Status status;
                                      if (peer.judge) status = peer.judge(batch);
                                      if (!peer.judge && !peer.script.empty()) {
                                        status = peer.script.front();
                                        if (peer.script.size() > 1) peer.script.pop_front();
                                      }
                                      answered(std::move(status));
                                    });
  }
  void make(const SenderConfig& config) { sender_ = make_sender(config, peer_); }
  void stop(Sender& sender, int64_t timeout_ms, std::atomic<int>& stopped) {
    kit_.on_loop([&] { sender.stop(kit_.clock.steady_ms() + timeout_ms, [&] { stopped++; }); });
    kit_.settle();
  }
  void hand_over(Sender& from, Sender& to) {
    kit_.on_loop([&] { from.hand_over(to); });
    kit_.settle();
  }
  Answer send(size_t items, std::shared_ptr<Receipt::Record> record = nullptr) {
    Answer answer;
    kit_.on_loop([&] {
      Batch batch = make_batch(kit_.ledger, items);
      if (record) batch.receipts.emplace_back(record);
      sender_->consume(std::move(batch), answer.done());
    });
    kit_.settle();
    return answer;
  }
  void release(Status status = Status()) {
    kit_.on_loop([&] {
      auto held = std::exchange(peer_.held, {});
      for (auto& answered : held) answered(status);
    });
    kit_.settle();
  }
  void script(std::initializer_list<Status> answers) {
    kit_.on_loop([&] { peer_.script = answers; });
  }
  void hold(bool holds) {
    kit_.on_loop([&] { peer_.holds = holds; });
  }
  double counter(const std::string& name) { return kit_.metric("otelcol_exporter_" + name + "_spans{exporter=\"otlp/x\"}"); }
  double gauge(const std::string& name) {
    double value = 0;
    kit_.on_loop([&] { value = kit_.metric("otelcol_exporter_" + name + "{exporter=\"otlp/x\",data_type=\"traces\"}"); });
    return value;
  }
  double queue_size() { return gauge("queue_size"); }

  Kit kit_;
  Peer peer_;
  std::unique_ptr<Sender> sender_;
};

}  // namespace vigia::pipeline::test
