#include "receivers/prometheus/prometheus_receiver.h"

#include "receivers/prometheus/factory.h"

namespace vigia::receivers {

PrometheusReceiver::PrometheusReceiver(const pipeline::Context& context, const PrometheusReceiverConfig& config, pipeline::Consumer& output)
    : services_(std::make_shared<ScrapeServices>(context, config, output)) {
  const Labels labels = {{"receiver", context.id.to_string()}};
  auto observe = [&](std::string_view name, std::string_view help, std::atomic<int64_t> ScrapeServices::*count) {
    observations_.push_back(context.metrics.observe_gauge(name, help, labels, [services = services_, count] {
      return static_cast<double>((*services.*count).load(std::memory_order_relaxed));
    }));
  };
  observe("vigia_receiver_prometheus_targets", "Targets that are scraped.", &ScrapeServices::target_count);
  observe("vigia_receiver_prometheus_targets_up", "Targets whose last scrape went well.", &ScrapeServices::up_count);
  observe("vigia_receiver_prometheus_series", "Series that are remembered from scrape to scrape.", &ScrapeServices::series_count);
  observe("vigia_receiver_prometheus_state_bytes", "Memory that the remembered series take.", &ScrapeServices::state_bytes);
}

Status PrometheusReceiver::start() {
  for (const auto& job : services_->config.jobs) pools_.push_back(std::make_shared<ScrapePool>(services_, job));
  services_->loop.post([services = services_, pools = pools_] {
    if (services->is_stopped()) return;
    for (const auto& pool : pools) pool->start();
  });
  return {};
}

void PrometheusReceiver::stop(int64_t, Function<void()> stopped) {
  services_->loop.post([services = services_, pools = std::move(pools_), stopped = std::move(stopped)]() mutable {
    for (const auto& pool : pools) pool->stop();
    pools.clear();
    services->stop(std::move(stopped));
  });
}

pipeline::ReceiverFactory prometheus_receiver() {
  pipeline::ReceiverFactory factory;
  factory.type = "prometheus";
  factory.signals = {otlp::Signal::metrics};
  factory.decode = [](config::Section& section) -> std::any {
    PrometheusReceiverConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [](const pipeline::Context& context, const std::any& config,
                      const pipeline::Outputs& outputs) -> Result<std::unique_ptr<pipeline::Receiver>> {
    if (!outputs.metrics) return invalid_argument("the prometheus receiver gives metrics only");
    return std::unique_ptr<pipeline::Receiver>(
        std::make_unique<PrometheusReceiver>(context, *std::any_cast<PrometheusReceiverConfig>(&config), *outputs.metrics));
  };
  return factory;
}

}  // namespace vigia::receivers
