#include "app/load/run.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <latch>
#include <memory>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "app/load/sender.h"
#include "base/clock.h"
#include "base/random.h"

namespace vigia::app {
namespace {

constexpr int64_t poll_ms = 20;
constexpr int64_t progress_ms = 1000;
// The hash of a data set is over so many requests, however many are sent.
constexpr size_t hashed_requests = 8;

double used_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// SIGINT and SIGTERM end the run early and the summary is still printed. They are blocked in every thread and taken from
// the queue by the one that waits anyway.
class StopSignals {
 public:
  // REQUIRES: made before any other thread, which inherit the blocked set.
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  // Waits; true when one came.
  bool wait_ms(int64_t ms) const {
    timespec time{ms / 1000, ms % 1000 * 1'000'000};
    return sigtimedwait(&set_, nullptr, &time) > 0;
  }

 private:
  sigset_t set_{};
};

// One run: what is needed for it, in the order in which it is needed.
class LoadRun {
 public:
  explicit LoadRun(const LoadOptions& options) : options_(options) {}

  Status prepare();
  LoadReport run();

 private:
  void make_senders();
  void wait_for_senders();
  void show_progress(int64_t elapsed_ms, uint64_t& accepted_before) const;
  void close();
  LoadReport report() const;
  bool is_finished() const {
    return std::all_of(senders_.begin(), senders_.end(), [](const auto& sender) { return sender->is_finished(); });
  }

  const LoadOptions options_;
  StopSignals stop_signals_;
  SystemClock clock_;
  MemoryLedger ledger_;
  std::unique_ptr<net::LoopGroup> loops_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<LoadContext> context_;
  std::vector<std::unique_ptr<LoadSender>> senders_;
  std::string data_set_hash_;
  int64_t start_ns_ = 0;
  double cpu_seconds_before_ = 0;
};

Status LoadRun::prepare() {
  std::shared_ptr<net::TlsClientContext> tls;
  if (options_.use_tls) {
    net::TlsSettings settings;
    settings.ca_file = options_.ca_file;
    settings.insecure_skip_verify = options_.skip_verify;
    ASSIGN_OR_RETURN(tls, net::TlsClientContext::create(settings, clock_));
  }
  loops_ = std::make_unique<net::LoopGroup>(clock_, options_.threads);
  resolver_ = net::Resolver::create(*loops_);
  context_.reset(new LoadContext{options_, *loops_, *resolver_, ledger_, std::move(tls)});
  make_senders();
  uint64_t id_seed = options_.id_seed > 0 ? options_.id_seed : Random::from_system().next();
  for (auto& sender : senders_) RETURN_IF_ERROR(sender->prepare(id_seed++));
  ASSIGN_OR_RETURN(data_set_hash_, otlp::data_set_hash(options_.data, hashed_requests));
  return {};
}

// Connections are dealt out over the loops, and each loop gets the same part of the rate as of the connections.
void LoadRun::make_senders() {
  size_t count = std::min(loops_->size(), options_.connections);
  // A sender without items to send would be one without a limit.
  if (options_.max_items > 0) count = std::min<size_t>(count, options_.max_items);
  for (size_t i = 0; i < count; i++) {
    LoadShare share;
    share.connections = options_.connections / count + (i < options_.connections % count ? 1 : 0);
    double part = static_cast<double>(share.connections) / static_cast<double>(options_.connections);
    share.items_per_second = options_.items_per_second * part;
    if (options_.max_items > 0) share.max_items = options_.max_items / count + (i < options_.max_items % count ? 1 : 0);
    senders_.push_back(std::make_unique<LoadSender>(*context_, loops_->at(i), share));
  }
}

LoadReport LoadRun::run() {
  cpu_seconds_before_ = used_cpu_seconds();
  start_ns_ = clock_.steady_ns();
  loops_->start();
  for (auto& sender : senders_) sender->start();
  wait_for_senders();
  LoadReport result = report();
  close();
  return result;
}

void LoadRun::wait_for_senders() {
  bool wants_progress = isatty(STDERR_FILENO) != 0;
  int64_t next_progress_ms = progress_ms;
  uint64_t accepted_before = 0;
  while (!is_finished()) {
    if (stop_signals_.wait_ms(poll_ms))
      for (auto& sender : senders_) sender->stop();
    int64_t elapsed_ms = (clock_.steady_ns() - start_ns_) / 1'000'000;
    if (!wants_progress || elapsed_ms < next_progress_ms) continue;
    show_progress(elapsed_ms, accepted_before);
    next_progress_ms += progress_ms;
  }
}

void LoadRun::show_progress(int64_t elapsed_ms, uint64_t& accepted_before) const {
  uint64_t accepted = 0;
  for (const auto& sender : senders_) accepted += sender->accepted_so_far();
  fmt::print(stderr, "{:4d} s  {:>12} accepted  {:>12} in the last second\n", elapsed_ms / 1000, accepted, accepted - accepted_before);
  accepted_before = accepted;
}

void LoadRun::close() {
  std::latch open_connections(static_cast<ptrdiff_t>(options_.connections));
  for (auto& sender : senders_) sender->close(open_connections);
  open_connections.wait();
  loops_->stop();
  senders_.clear();
  resolver_.reset();
}

LoadReport LoadRun::report() const {
  LoadReport report;
  report.signal = otlp::signal_name(options_.data.signal);
  report.cpu_seconds = used_cpu_seconds() - cpu_seconds_before_;
  int64_t end_ns = start_ns_;
  for (const auto& sender : senders_) {
    report.totals.add(sender->totals());
    report.latency.add(sender->latency());
    end_ns = std::max(end_ns, sender->end_ns());
    if (!sender->last_complaint().empty()) report.last_complaint = sender->last_complaint();
  }
  report.seconds = static_cast<double>(end_ns - start_ns_) / 1e9;
  report.data_set = options_.data.name;
  report.seed = options_.data.seed;
  report.batch = options_.data.batch;
  report.distinct_requests = senders_.front()->distinct_requests();
  report.data_set_hash = data_set_hash_;
  return report;
}

}  // namespace

Result<LoadReport> perform_load(const LoadOptions& options) {
  LoadRun run(options);
  RETURN_IF_ERROR(run.prepare());
  return run.run();
}

}  // namespace vigia::app
