#include "receivers/hostmetrics/hostmetrics_receiver.h"

#include "host/proc_stat.h"
#include "pipeline/customer.h"
#include "receivers/hostmetrics/factory.h"

namespace vigia::receivers {

HostMetricsReceiver::HostMetricsReceiver(const pipeline::Context& context, const HostMetricsConfig& config, pipeline::Consumer& output)
    : context_(context),
      config_(config),
      output_(output),
      client_(pipeline::client_of(config.customer)),
      telemetry_(context.metrics, context.id, ""),
      left_out_rounds_(context.metrics.counter("vigia_receiver_left_out_rounds",
                                               "Rounds that were not begun, because the one before was not over or not answered.",
                                               {{"receiver", context.id.to_string()}})),
      stat_file_(context.files, host::below_root(config.root_path, "/proc/stat")),
      round_(context.ledger, context.clock, context.version, pipeline::customer_resource(config.customer)) {}

Status HostMetricsReceiver::start() {
  bool may_be_in_container = context_.files.exists("/.dockerenv") || context_.files.exists("/run/.containerenv");
  if (config_.root_path.empty() && may_be_in_container)
    context_.log.warn("This seems to be a container. Mount the host's \"/\" into it and name the place in root_path to watch the host.");
  loop_ = &context_.background.loop();
  loop_->post([this] {
    make_scrapers();
    due_ms_ = loop_->now_ms() + config_.initial_delay_ms;
    timer_ = loop_->run_after_ms(config_.initial_delay_ms, [this] { begin_round(); });
  });
  return {};
}

void HostMetricsReceiver::stop(int64_t, Function<void()> stopped) {
  loop_->post([this, stopped = std::move(stopped)]() mutable {
    stopped_ = std::move(stopped);
    is_stopping_ = true;
    loop_->cancel_timer(timer_);
    end_if_stopping();
  });
}

// A round that waits for the pipeline's answer is waited for; one that is still reading ends at its next slice.
void HostMetricsReceiver::end_if_stopping() {
  if (!is_stopping_ || phase_ != Phase::waiting) return;
  scrapers_.clear();
  std::exchange(stopped_, nullptr)();
}

void HostMetricsReceiver::make_scrapers() {
  for (const NamedScraper& one : config_.scrapers) {
    Labels labels = {{"receiver", context_.id.to_string()}, {"scraper", one.name}};
    Counter& scraped = context_.metrics.counter("otelcol_scraper_scraped_metric_points", "Points that a scraper read.", labels);
    Counter& errored = context_.metrics.counter("otelcol_scraper_errored_metric_points", "Points that a scraper could not read.", labels);
    ScraperEnvironment environment{context_.files, context_.clock, config_.root_path, context_.log.with({{"scraper", one.name}}), errored};
    scrapers_.push_back({one.name, one.make(environment), scraped, errored});
  }
}

// Rounds keep to their times, however long one takes.
void HostMetricsReceiver::wait_for_next(int64_t now_ms) {
  due_ms_ += config_.collection_interval_ms;
  if (due_ms_ < now_ms) {
    int64_t missed = (now_ms - due_ms_ + config_.collection_interval_ms - 1) / config_.collection_interval_ms;
    due_ms_ += missed * config_.collection_interval_ms;
  }
  timer_ = loop_->run_after_ms(due_ms_ - now_ms, [this] { begin_round(); });
}

void HostMetricsReceiver::begin_round() {
  timer_ = 0;
  wait_for_next(loop_->now_ms());
  if (phase_ != Phase::waiting) {
    left_out_rounds_.add(1);
    return;
  }
  phase_ = Phase::reading;
  round_began_ns_ = context_.clock.steady_ns();
  boot_time_ns_ = boot_time_ns();
  round_.begin();
  enter(0);
  go_on();
}

uint64_t HostMetricsReceiver::boot_time_ns() {
  host::ProcStat stat;
  Result<std::string_view> text = stat_file_.read();
  // Without it points have no start, which is allowed.
  if (!text.is_ok() || !host::parse_proc_stat(*text, stat).is_ok() || stat.boot_time_s > UINT64_MAX / 1'000'000'000) return 0;
  return stat.boot_time_s * 1'000'000'000;
}

void HostMetricsReceiver::enter(size_t index) {
  current_ = index;
  points_before_ = round_.point_count();
  if (index == scrapers_.size()) return;
  round_.look_at_the_clock();
  round_.enter_scraper(scrapers_[index].name, boot_time_ns_);
}

bool HostMetricsReceiver::is_too_late() const {
  return config_.timeout_ms > 0 && context_.clock.steady_ns() - round_began_ns_ > config_.timeout_ms * 1'000'000;
}

void HostMetricsReceiver::go_on() {
  while (current_ < scrapers_.size() && !is_stopping_) {
    Entry& entry = scrapers_[current_];
    if (is_too_late()) {
      context_.log.warn("A round took longer than the timeout and was cut off", {{"scraper", entry.name}});
      entry.errored_points.add(1);
      break;
    }
    bool is_done = entry.scraper->scrape(round_);
    if (is_done) {
      entry.scraped_points.add(round_.point_count() - points_before_);
      enter(current_ + 1);
    }
    if (current_ < scrapers_.size() && (!is_done || round_.is_slice_over())) {
      loop_->post([this] {
        round_.begin_slice();
        go_on();
      });
      return;
    }
  }
  finish_round();
}

void HostMetricsReceiver::finish_round() {
  for (size_t i = current_; i < scrapers_.size(); i++) scrapers_[i].scraper->give_up();
  size_t points = round_.point_count();
  Slice request = round_.take();
  if (points == 0 || is_stopping_) {
    phase_ = Phase::waiting;
    end_if_stopping();
    return;
  }
  phase_ = Phase::handed_on;
  pipeline::Batch batch;
  batch.signal = otlp::Signal::metrics;
  batch.item_count = points;
  batch.client = client_;
  batch.payload.append(std::move(request));
  context_.loops.next().post([this, batch = std::move(batch), points]() mutable {
    output_.consume(std::move(batch), [this, points](Status status) {
      loop_->post([this, status = std::move(status), points] { on_answer(status, points); });
    });
  });
}

// What the pipeline refused is gone: the next round has the counters of this one, too.
void HostMetricsReceiver::on_answer(const Status& status, size_t points) {
  (status.is_ok() ? telemetry_.accepted : telemetry_.refused).add(otlp::Signal::metrics, points);
  if (!status.is_ok() && !was_refused_) context_.log.warn("The pipeline refused a round of metrics; it is dropped", {{"error", status}});
  was_refused_ = !status.is_ok();
  phase_ = Phase::waiting;
  end_if_stopping();
}

pipeline::ReceiverFactory hostmetrics_receiver() {
  pipeline::ReceiverFactory factory;
  factory.type = "hostmetrics";
  factory.aliases = {"host_metrics"};
  factory.signals = {otlp::Signal::metrics};
  factory.decode = [](config::Section& section) -> std::any {
    HostMetricsConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config,
                      const pipeline::Outputs& outputs) -> Result<std::unique_ptr<pipeline::Receiver>> {
    return std::unique_ptr<pipeline::Receiver>(
        std::make_unique<HostMetricsReceiver>(context, *std::any_cast<HostMetricsConfig>(&config), *outputs.metrics));
  };
  return factory;
}

}  // namespace vigia::receivers
