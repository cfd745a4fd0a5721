#pragma once

// What all targets of one receiver share. Everything of a receiver runs on one event loop, except where it says otherwise; what may wait for
// files runs on the background thread.

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "net/http_client.h"
#include "pipeline/component.h"
#include "pipeline/telemetry.h"
#include "receivers/prometheus/config.h"
#include "receivers/prometheus/point_writer.h"
#include "receivers/prometheus/target.h"

namespace vigia::receivers {

class ScrapeServices : public std::enable_shared_from_this<ScrapeServices> {
 public:
  ScrapeServices(const pipeline::Context& context, const PrometheusReceiverConfig& config, pipeline::Consumer& output);

  // Something that has to end before the receiver is stopped. Any thread.
  void begin_task() { tasks_.fetch_add(1); }
  void end_task() {
    if (tasks_.fetch_sub(1) == 1) idle_();
  }
  // No more begins; `idle` is called when all have ended, on any thread.
  void stop(Function<void()> idle) {
    is_stopped_ = true;
    idle_ = std::move(idle);
    end_task();
  }
  bool is_stopped() const { return is_stopped_; }

  // One client for all targets of a job on the same server, closed when nobody holds it any more.
  Result<std::shared_ptr<net::HttpClient>> client_of(const std::shared_ptr<const ScrapeJob>& job, const Target& target);
  // The same for discovery, which has settings of its own.
  Result<std::shared_ptr<net::HttpClient>> new_client(const net::ClientSettings& settings);

  // Gives the points of a scrape to the pipeline and counts them.
  void deliver(PointWriter& writer, const std::string& customer, const std::string& peer);

  const pipeline::Context context;
  const PrometheusReceiverConfig config;
  const WriterSettings writer_settings;
  net::EventLoop& loop;
  const uint64_t seed;  // of hashes, and of when targets are scraped
  pipeline::ReceiverTelemetry telemetry;
  Counter& duplicate_samples;
  Counter& unusable_samples;
  Counter& skipped_scrapes;  // while memory is short
  Counter& scrapes;
  Counter& failed_scrapes;
  // Read by the metrics at any time.
  std::atomic<int64_t> target_count{0};
  std::atomic<int64_t> up_count{0};
  std::atomic<int64_t> series_count{0};
  std::atomic<int64_t> state_bytes{0};

 private:
  pipeline::Consumer& output_;
  std::map<std::string, std::weak_ptr<net::HttpClient>> clients_;
  std::atomic<size_t> tasks_{1};
  Function<void()> idle_;
  bool is_stopped_ = false;
};

}  // namespace vigia::receivers
