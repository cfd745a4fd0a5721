#include "receivers/prometheus/services.h"

#include <fmt/core.h>

#include "base/random.h"
#include "pipeline/customer.h"

namespace vigia::receivers {

namespace {

WriterSettings writer_settings_of(const pipeline::Context& context, const PrometheusReceiverConfig& config) {
  return {config.trims_suffixes, config.uses_start_time_metric, config.start_time_metric, context.version};
}

Labels labels_of(const pipeline::Context& context) { return {{"receiver", context.id.to_string()}}; }
Labels labels_of(const pipeline::Context& context, std::string_view reason) {
  return {{"receiver", context.id.to_string()}, {"reason", std::string(reason)}};
}

constexpr std::string_view dropped_help = "Samples of targets that no point was made of.";

}  // namespace

ScrapeServices::ScrapeServices(const pipeline::Context& component, const PrometheusReceiverConfig& settings, pipeline::Consumer& output)
    : context(component),
      config(settings),
      writer_settings(writer_settings_of(component, settings)),
      loop(component.loops.next()),
      seed(Random::from_system().next()),
      telemetry(component.metrics, component.id, "http"),
      duplicate_samples(
          component.metrics.counter("vigia_receiver_prometheus_dropped_samples", dropped_help, labels_of(component, "duplicate"))),
      unusable_samples(
          component.metrics.counter("vigia_receiver_prometheus_dropped_samples", dropped_help, labels_of(component, "unusable"))),
      skipped_scrapes(component.metrics.counter("vigia_receiver_prometheus_skipped_scrapes", "Scrapes left out while memory was short.",
                                                labels_of(component))),
      scrapes(component.metrics.counter("vigia_receiver_prometheus_scrapes", "Scrapes of targets, failed ones included.",
                                        labels_of(component))),
      failed_scrapes(
          component.metrics.counter("vigia_receiver_prometheus_failed_scrapes", "Scrapes that gave up = 0.", labels_of(component))),
      output_(output) {}

Result<std::shared_ptr<net::HttpClient>> ScrapeServices::new_client(const net::ClientSettings& settings) {
  std::shared_ptr<net::HttpClient> client = net::HttpClient::create(settings, context.loops, context.resolver, context.ledger, context.log);
  begin_task();
  // The client lives until its connections are closed. What the deleter holds goes with it: weak pointers would keep it longer.
  return std::shared_ptr<net::HttpClient>(client.get(), [self = shared_from_this(), client](net::HttpClient*) mutable {
    net::HttpClient& closing = *client;
    closing.close([self = std::move(self), client = std::move(client)] { self->end_task(); });
  });
}

Result<std::shared_ptr<net::HttpClient>> ScrapeServices::client_of(const std::shared_ptr<const ScrapeJob>& job, const Target& target) {
  std::erase_if(clients_, [](const auto& entry) { return entry.second.expired(); });
  std::string key = fmt::format("{}\n{}\n{}\n{}", job->name, target.scheme, target.host, target.port);
  if (auto found = clients_.find(key); found != clients_.end())
    if (auto client = found->second.lock()) return client;
  ASSIGN_OR_RETURN(net::ClientSettings settings, client_settings(job->http, context, target.scheme == "https", target.host, target.port));
  settings.max_response_bytes = static_cast<size_t>(job->limits.body_bytes);
  // A connection lasts from one scrape to the next where that is not too long.
  constexpr int64_t longest_idle_ms = 5 * 60'000;
  settings.idle_connection_timeout_ms = std::min(target.interval_ms + target.timeout_ms, longest_idle_ms);
  ASSIGN_OR_RETURN(std::shared_ptr<net::HttpClient> client, new_client(settings));
  clients_[key] = client;
  return client;
}

void ScrapeServices::deliver(PointWriter& writer, const std::string& customer, const std::string& peer) {
  pipeline::Batch batch;
  batch.signal = otlp::Signal::metrics;
  batch.payload = writer.take();
  batch.item_count = writer.points_taken();
  if (batch.item_count == 0) return;
  batch.client = pipeline::client_of(customer, peer);
  size_t points = batch.item_count;
  begin_task();
  output_.consume(std::move(batch), [self = shared_from_this(), points](Status status) {
    if (status.is_ok()) {
      self->telemetry.accepted.add(otlp::Signal::metrics, points);
    } else {
      self->telemetry.refused.add(otlp::Signal::metrics, points);
      self->context.log.warn("cannot hand on what was scraped", {{"points", points}, {"error", status}});
    }
    self->end_task();
  });
}

}  // namespace vigia::receivers
