#pragma once

// The hostmetrics receiver: lets the scrapers read in rounds, and hands on what they wrote as one request.
//
// The rounds run on the background loop, in slices of some milliseconds. A round is handed to the pipeline on one of the event loops. The next round
// begins when its time has come and the pipeline has answered; a round whose time comes before that is left out and counted.

#include <memory>
#include <string>
#include <vector>

#include "host/proc_file.h"
#include "pipeline/component.h"
#include "pipeline/telemetry.h"
#include "receivers/hostmetrics/config.h"
#include "receivers/hostmetrics/round.h"

namespace vigia::receivers {

class HostMetricsReceiver final : public pipeline::Receiver {
 public:
  HostMetricsReceiver(const pipeline::Context& context, const HostMetricsConfig& config, pipeline::Consumer& output);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;

 private:
  struct Entry {
    std::string name;
    std::unique_ptr<Scraper> scraper;
    Counter& scraped_points;
    Counter& errored_points;
  };
  enum class Phase : uint8_t { waiting, reading, handed_on };

  // All of these are called on the background loop.
  void make_scrapers();
  void wait_for_next(int64_t now_ms);
  void begin_round();
  void go_on();
  bool is_too_late() const;
  void enter(size_t index);
  void finish_round();
  void on_answer(const Status& status, size_t points);
  uint64_t boot_time_ns();
  void end_if_stopping();

  const pipeline::Context context_;
  const HostMetricsConfig config_;
  pipeline::Consumer& output_;
  net::EventLoop* loop_ = nullptr;  // The background loop, from start() on.
  const std::shared_ptr<const pipeline::Client> client_;
  const pipeline::ReceiverTelemetry telemetry_;
  Counter& left_out_rounds_;
  host::ProcFile stat_file_;
  Round round_;
  std::vector<Entry> scrapers_;

  Phase phase_ = Phase::waiting;
  size_t current_ = 0;
  size_t points_before_ = 0;
  uint64_t boot_time_ns_ = 0;
  int64_t round_began_ns_ = 0;
  int64_t due_ms_ = 0;
  net::EventLoop::TimerId timer_ = 0;
  bool was_refused_ = false;
  bool is_stopping_ = false;
  Function<void()> stopped_;
};

}  // namespace vigia::receivers
