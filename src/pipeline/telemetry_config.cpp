#include "pipeline/telemetry_config_internal.h"

#include <fmt/core.h>

#include "net/socket.h"

namespace vigia::pipeline {

namespace {

void decode_sampling(config::Section& in, LogSettings& out) {
  bool is_enabled = true;
  in.field("enabled", is_enabled);
  in.duration_ms("tick", out.sampling_period_ms);
  in.field("initial", out.sampling_initial);
  in.field("thereafter", out.sampling_thereafter);
  in.require(out.sampling_period_ms > 0, "tick", "must be positive");
  if (!is_enabled) out.sampling_initial = 0;
}

void decode_logs(config::Section& in, TelemetryConfig& out) {
  in.choice("level", out.logs.level,
            {{"debug", LogLevel::debug},
             {"info", LogLevel::info},
             {"warn", LogLevel::warn},
             {"warning", LogLevel::warn},
             {"error", LogLevel::error},
             {"dpanic", LogLevel::error},
             {"panic", LogLevel::error},
             {"fatal", LogLevel::error}});
  in.field("development", out.is_development);
  in.choice("encoding", out.logs.encoding, {{"console", LogEncoding::console}, {"json", LogEncoding::json}});
  in.field("output_paths", out.logs.output_paths);
  in.accept_ignored("error_output_paths");
  in.accept_ignored("disable_caller");
  in.accept_ignored("disable_stacktrace");
  in.accept_ignored("disable_zap_resource");
  in.accept_ignored("processors");
  in.section("sampling", [&](config::Section& sampling) { decode_sampling(sampling, out.logs); });
  in.each("initial_fields", [&](const std::string& key, config::Section& value) {
    std::string text;
    if (value.as_string(text)) out.log_fields.emplace_back(key, text);
  });
}

struct Readers {
  bool is_given = false;
  std::string address;
  config::Position position;
  std::string path;
};

void decode_prometheus_reader(config::Section& in, Readers& out) {
  std::string host = "localhost";
  int64_t port = 8888;
  in.field("host", host);
  in.field("port", port);
  in.require(port >= 0 && port <= 65535, "port", "must lie between 0 and 65535");
  for (const char* key :
       {"without_type_suffix", "without_type_suffix/development", "without_units", "without_units/development", "without_scope_info",
        "without_scope_info/development", "without_target_info/development", "with_resource_constant_labels", "translation_strategy"})
    in.accept_ignored(key);
  bool is_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  out.position = in.position();
  out.path = in.path();
  out.address = is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

void decode_reader(config::Section& in, Readers& out) {
  out.is_given = true;
  in.section("pull", [&](config::Section& pull) {
    pull.section("exporter", [&](config::Section& exporter) {
      for (const char* key : {"prometheus", "prometheus/development"})
        exporter.section(key, [&](config::Section& prometheus) { decode_prometheus_reader(prometheus, out); });
    });
  });
  if (in.has("periodic")) {
    in.take("periodic");
    in.warn("periodic", "self-metrics are only offered for scraping; this reader is not used");
  }
}

void check_metrics_address(config::Diagnostics& diagnostics, const TelemetryConfig& telemetry) {
  const std::string& address = telemetry.metrics_address;
  if (address.empty() || address.starts_with("unix:") || net::parse_host_port(address).is_ok()) return;
  diagnostics.error(telemetry.metrics_position, telemetry.metrics_path, "expected host:port, found \"" + address + "\"");
}

void decode_metrics(config::Section& in, TelemetryConfig& out) {
  in.choice("level", out.metrics_level,
            {{"none", MetricsLevel::none},
             {"basic", MetricsLevel::basic},
             {"normal", MetricsLevel::normal},
             {"detailed", MetricsLevel::detailed}});
  in.field("address", out.metrics_address);
  if (const config::MapEntry* entry = in.node().find("address")) out.metrics_position = entry->value.position;
  Readers readers;
  bool has_readers = in.list("readers", [&](config::Section& reader) { decode_reader(reader, readers); });
  if (has_readers) {
    out.metrics_address = readers.address;
    out.metrics_position = readers.position;
    out.metrics_path = readers.path;
  }
  check_metrics_address(in.diagnostics(), out);
  if (out.metrics_address.starts_with(':')) out.metrics_address = "0.0.0.0" + out.metrics_address;
  in.accept_ignored("views");
  if (out.metrics_level == MetricsLevel::none) out.metrics_address.clear();
}

}  // namespace

void decode_telemetry(config::Section& in, TelemetryConfig& out) {
  in.section("logs", [&](config::Section& logs) { decode_logs(logs, out); });
  in.section("metrics", [&](config::Section& metrics) { decode_metrics(metrics, out); });
  in.accept_ignored("traces");
  in.each("resource", [&](const std::string& key, config::Section& value) {
    if (value.is_null()) {
      out.resource[key] = std::nullopt;
      value.take_all();
      return;
    }
    // The declarative form (attributes, detectors) is known, not used.
    if (!value.node().is_scalar()) {
      value.take_all();
      return;
    }
    std::string text;
    if (value.as_string(text)) out.resource[key] = text;
  });
}

}  // namespace vigia::pipeline
