#include "exporters/prometheus/config.h"

#include "prometheus/translate_config.h"

namespace vigia::exporters {

void decode(config::Section& section, PrometheusConfig& out) {
  bool has_endpoint = section.has("endpoint");
  section.require(has_endpoint, "endpoint", "an endpoint is required: the address to be scraped at, such as \"endpoint: 0.0.0.0:8889\"");
  out.server.endpoint = "localhost:8889";
  pipeline::decode_http_server(section, out.server);
  prometheus::TranslateSettings& translate = out.translate;
  prometheus::decode_translation(section, translate);
  std::map<std::string, std::string> labels;
  section.field("const_labels", labels);
  for (const auto& [name, value] : labels) translate.external_labels.emplace_back(name, value);
  bool has_no_scope = false;
  section.field("without_scope_info", has_no_scope);
  translate.has_scope_labels = !has_no_scope;
  translate.has_scope_schema_url = true;
  translate.has_external_labels_on_target_info = false;
  section.field("send_timestamps", out.sends_timestamps);
  section.field("enable_open_metrics", out.has_open_metrics);
  if (section.duration_ms("metric_expiration", out.expiration_ms))
    section.require(out.expiration_ms > 0, "metric_expiration", "must be positive");
  section.field("max_series", out.max_series);
  section.require(out.max_series > 0, "max_series", "must be positive");
  // There is nothing to wait for: what comes is on the page at once.
  section.accept_ignored("sending_queue");
}

}  // namespace vigia::exporters
