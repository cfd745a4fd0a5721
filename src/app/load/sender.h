#pragma once

// The connections that one event loop sends on, and the clock that says when.

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/load/options.h"
#include "app/load/report.h"
#include "app/load/source.h"
#include "base/bytes.h"
#include "net/dns.h"
#include "net/event_loop.h"
#include "net/http_client.h"
#include "net/tls.h"

namespace vigia::app {

// What all senders of a run have in common; must outlive them.
struct LoadContext {
  const LoadOptions& options;
  net::LoopGroup& loops;
  net::Resolver& resolver;
  MemoryLedger& ledger;
  std::shared_ptr<net::TlsClientContext> tls;
};

// The share of the whole that one sender has.
struct LoadShare {
  size_t connections = 1;
  double items_per_second = 0;  // 0: as fast as it goes
  uint64_t max_items = 0;       // 0: no limit
};

class LoadSender {
 public:
  LoadSender(const LoadContext& context, net::EventLoop& loop, LoadShare share);
  LoadSender(const LoadSender&) = delete;
  LoadSender& operator=(const LoadSender&) = delete;

  // Makes the requests.
  Status prepare(uint64_t id_seed);
  size_t distinct_requests() const { return source_->distinct_requests(); }

  // REQUIRES: prepare() succeeded; called once. Runs on its loop from then on.
  void start();
  // Any thread: sends no more, and is finished when the last answer came.
  void stop();
  bool is_finished() const { return is_finished_.load(std::memory_order_acquire); }

  // Any thread, once it is finished: closes the connections and counts each of them down.
  void close(std::latch& open_connections);

  // Any thread, while it runs: for a progress line.
  uint64_t accepted_so_far() const { return accepted_so_far_.load(std::memory_order_relaxed); }

  // REQUIRES: is_finished().
  const LoadTotals& totals() const { return totals_; }
  const LatencyCounts& latency() const { return latency_; }
  const std::string& last_complaint() const { return last_complaint_; }
  // When the last answer came, or when sending ended if that was later.
  int64_t end_ns() const { return end_ns_; }

 private:
  void begin();
  void on_tick();
  void send_what_is_due();
  void send_one(size_t lane, int64_t since_ns);
  uint64_t items_of_next_request() const;
  net::ClientRequest make_request(uint64_t items);
  void on_answer(size_t lane, int64_t since_ns, uint64_t items, const Result<net::ClientResponse>& result);
  void count_answer(uint64_t items, const Result<net::ClientResponse>& result);
  void free_lane(size_t lane);
  void finish_sending();
  bool has_sent_all() const { return share_.max_items > 0 && totals_.sent >= share_.max_items; }
  uint64_t unsent_items() const;
  bool is_due(uint64_t request_number, int64_t now_ns) const;
  int64_t due_ns(uint64_t request_number) const;

  const LoadContext& context_;
  net::EventLoop& loop_;
  LoadShare share_;
  net::Headers headers_;
  uint64_t items_per_request_;
  std::optional<RequestSource> source_;
  double ns_per_request_ = 0;  // 0: as fast as it goes

  std::vector<std::shared_ptr<net::HttpClient>> connections_;
  // One entry for each request that could be sent at once: the connection it would go on. Used from the front, in turn.
  std::vector<size_t> free_lanes_;
  size_t next_free_ = 0;
  size_t free_count_ = 0;
  size_t lane_count_ = 0;

  int64_t start_ns_ = 0;
  int64_t stop_ns_ = 0;
  int64_t end_ns_ = 0;
  uint64_t sent_requests_ = 0;
  bool is_sending_ = false;  // false before the start and when the time is over
  bool is_inside_send_ = false;
  bool is_late_ = false;  // requests that are due wait for a free lane

  LoadTotals totals_;
  LatencyCounts latency_;
  std::string last_complaint_;
  std::atomic<uint64_t> accepted_so_far_{0};
  std::atomic<bool> is_finished_{false};
};

}  // namespace vigia::app
