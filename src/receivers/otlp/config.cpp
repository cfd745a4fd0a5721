#include "receivers/otlp/config.h"

namespace vigia::receivers {

namespace {

void decode_path(config::Section& section, std::string_view key, std::string& path) {
  section.field(key, path);
  if (!path.starts_with('/')) path.insert(0, "/");
}

// `enabled: false` is how a later file or --set takes back what an earlier one turned on; nothing else under the key counts then.
bool is_enabled(config::Section& protocol) {
  bool is_enabled = true;
  protocol.field("enabled", is_enabled);
  if (!is_enabled) protocol.take_all();
  return is_enabled;
}

}  // namespace

void decode(config::Section& section, OtlpReceiverConfig& out) {
  section.section("protocols", [&](config::Section& protocols) {
    protocols.section("grpc", [&](config::Section& grpc) {
      if (!is_enabled(grpc)) return;
      out.grpc.emplace();
      out.grpc->endpoint = "localhost:4317";
      pipeline::decode_grpc_server(grpc, *out.grpc);
    });
    protocols.section("http", [&](config::Section& http) {
      if (!is_enabled(http)) return;
      out.http.emplace();
      out.http->endpoint = "localhost:4318";
      pipeline::decode_http_server(http, *out.http);
      decode_path(http, "traces_url_path", out.traces_path);
      decode_path(http, "metrics_url_path", out.metrics_path);
      decode_path(http, "logs_url_path", out.logs_path);
    });
  });
  section.field("require_resource_attribute", out.required_resource_attribute);
  section.choice("when_busy", out.goes_on_when_busy, {{"fail", false}, {"go_on", true}});
  section.require(out.grpc || out.http, "protocols",
                  "at least one protocol is needed: write \"grpc:\", \"http:\" or both under \"protocols:\"");
}

}  // namespace vigia::receivers
