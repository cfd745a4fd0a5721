#include "app/prometheus_by_endpoint.h"

#include <utility>

#include "exporters/prometheusremotewrite/config.h"

namespace vigia::app {

namespace {

struct Choice {
  bool is_remote_write = false;
  std::any config;
};

bool has_url(const config::Section& section) {
  const config::MapEntry* endpoint = section.node().find("endpoint");
  const std::string* text = endpoint ? endpoint->value.string_value() : nullptr;
  return text && (text->starts_with("http://") || text->starts_with("https://"));
}

std::any with_path(std::any config) {
  auto& settings = std::any_cast<exporters::RemoteWriteConfig&>(config);
  Result<pipeline::HttpUrl> url = pipeline::HttpUrl::parse(settings.client.endpoint);
  if (!url.is_ok() || (!url->path.empty() && url->path != "/")) return config;
  if (settings.client.endpoint.ends_with('/')) settings.client.endpoint.pop_back();
  settings.client.endpoint += "/api/v1/write";
  return config;
}

}  // namespace

pipeline::ExporterFactory prometheus_by_endpoint(pipeline::ExporterFactory page, pipeline::ExporterFactory remote_write) {
  pipeline::ExporterFactory either = page;
  either.decode = [page, remote_write](config::Section& section) -> std::any {
    if (!has_url(section)) return Choice{false, page.decode(section)};
    section.warn("endpoint", "a URL means remote write: the exporter prometheusremotewrite is what this becomes");
    return Choice{true, with_path(remote_write.decode(section))};
  };
  either.create = [page, remote_write](const pipeline::Context& context, const std::any& config, otlp::Signal signal) {
    const auto& choice = std::any_cast<const Choice&>(config);
    return (choice.is_remote_write ? remote_write : page).create(context, choice.config, signal);
  };
  either.sender = [remote_write](const std::any& config) -> const pipeline::SenderConfig* {
    const auto& choice = std::any_cast<const Choice&>(config);
    return choice.is_remote_write ? remote_write.sender(choice.config) : nullptr;
  };
  return either;
}

}  // namespace vigia::app
