#include <algorithm>

#include <fmt/core.h>

#include "exporters/prometheus/factory.h"
#include "exporters/prometheus/scrape_page.h"
#include "pipeline/telemetry.h"

namespace vigia::exporters {

namespace {

class PrometheusExporter final : public pipeline::Exporter {
 public:
  PrometheusExporter(const pipeline::Context& context, const PrometheusConfig& config, std::shared_ptr<ScrapeDoors> doors)
      : context_(context),
        config_(config),
        doors_(std::move(doors)),
        telemetry_(context.metrics, context.id),
        page_(std::make_shared<ScrapePage>(context, config)) {}

  Status start() override {
    RETURN_IF_ERROR(page_->find_authenticator());
    ASSIGN_OR_RETURN(door_, find_door());
    door_->add(page_);
    page_->keep_sweeping();
    series_ = context_.metrics.observe_gauge("vigia_exporter_prometheus_series", "Series on the page.", labels(),
                                             [page = page_] { return static_cast<double>(page->table().series_count()); });
    series_limit_ = context_.metrics.observe_gauge("vigia_exporter_prometheus_series_limit", "How many there may be.", labels(),
                                                   [limit = config_.max_series] { return static_cast<double>(limit); });
    context_.report_port(context_.id.to_string(), door_->port());
    context_.log.info("Metrics can be scraped", {{"endpoint", door_->address()}});
    return {};
  }

  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override {
    if (!door_) return stopped();
    int64_t grace_ms = std::max<int64_t>(deadline_steady_ms - context_.clock.steady_ms(), 0);
    door_->remove(*page_, grace_ms, std::move(stopped));
  }

  // What comes is taken at once, whatever it is.
  Result<pipeline::Reservation> reserve(const pipeline::Load&) override { return pipeline::Reservation(); }

  void consume(pipeline::Batch batch, pipeline::Done done) override {
    int64_t now_ms = context_.clock.steady_ms();
    for (const Slice& request : batch.payload.slices()) page_->table().take(request.view(), now_ms);
    telemetry_.sent.add(batch.signal, batch.item_count);
    batch.settle();
    done({});
  }

 private:
  Labels labels() const { return {{"exporter", context_.id.to_string()}}; }

  // The one that is open already, in a reload, or a new one.
  Result<std::shared_ptr<ScrapeDoor>> find_door() {
    std::string key = door_key();
    std::shared_ptr<ScrapeDoor> open_one = doors_->with([&](auto& doors) { return key.empty() ? nullptr : doors[key].lock(); });
    if (open_one) return open_one;
    auto door = std::make_shared<ScrapeDoor>(context_.ledger);
    ASSIGN_OR_RETURN(net::ServerSettings settings, pipeline::server_settings(config_.server, context_.clock));
    RETURN_IF_ERROR(door->open(settings, context_));
    if (!key.empty()) doors_->with([&](auto& doors) { doors[key] = door; });
    return door;
  }

  // What must be the same for one door to do. "" where each has its own port.
  std::string door_key() const {
    const pipeline::HttpServerConfig& server = config_.server;
    if (server.endpoint.ends_with(":0")) return {};
    std::string key = fmt::format("{} {} {} {} {}", server.endpoint, server.read_header_timeout_ms, server.idle_timeout_ms,
                                  server.write_timeout_ms, server.keep_alives_enabled);
    if (server.tls)
      key += fmt::format(" {} {} {} {} {} {}", server.tls->cert_file, server.tls->key_file, server.tls->client_ca_file,
                         server.tls->cert_pem, server.tls->key_pem, server.tls->min_version);
    return key;
  }

  const pipeline::Context context_;
  const PrometheusConfig config_;
  const std::shared_ptr<ScrapeDoors> doors_;
  const pipeline::ExporterTelemetry telemetry_;
  const std::shared_ptr<ScrapePage> page_;
  std::shared_ptr<ScrapeDoor> door_;
  MetricRegistry::Observation series_;
  MetricRegistry::Observation series_limit_;
};

}  // namespace

pipeline::ExporterFactory prometheus_exporter() {
  pipeline::ExporterFactory factory;
  factory.type = "prometheus";
  factory.signals = {otlp::Signal::metrics};
  factory.decode = [](config::Section& section) -> std::any {
    PrometheusConfig config;
    decode(section, config);
    return config;
  };
  factory.create = [doors = std::make_shared<ScrapeDoors>()](const pipeline::Context& context, const std::any& config,
                                                             otlp::Signal) -> Result<std::unique_ptr<pipeline::Exporter>> {
    const auto& settings = std::any_cast<const PrometheusConfig&>(config);
    return std::unique_ptr<pipeline::Exporter>(std::make_unique<PrometheusExporter>(context, settings, doors));
  };
  return factory;
}

}  // namespace vigia::exporters
