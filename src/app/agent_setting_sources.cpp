#include "app/agent_setting_sources.h"

#include <fmt/core.h>

#include "app/agent_settings.h"
#include "base/text.h"
#include "config/load.h"
#include "config/merge.h"

namespace vigia::app {

namespace {

bool is_number(std::string_view text) { return parse_int(text).has_value(); }

// "%20" → " "; nothing when an escape is broken.
std::optional<std::string> without_percents(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    auto digit = [&](size_t at) -> int {
      char c = at < text.size() ? text[at] : '\0';
      if (c >= '0' && c <= '9') return c - '0';
      if (c >= 'a' && c <= 'f') return c - 'a' + 10;
      if (c >= 'A' && c <= 'F') return c - 'A' + 10;
      return -1;
    };
    int high = digit(i + 1), low = digit(i + 2);
    if (high < 0 || low < 0) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

config::Node map_node(const config::Position& position) {
  config::Node node;
  node.kind = config::Kind::map;
  node.position = position;
  return node;
}

config::Node text_node(std::string text, const config::Position& position) {
  return config::Node::scalar(std::move(text), config::ScalarType::string, position);
}

// One flag or variable on its way into the tree.
class SettingReader {
 public:
  explicit SettingReader(config::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void add(config::Node& root, const SettingName& name, std::string text, const std::string& from) {
    config::Position position{std::make_shared<config::Source>(config::Source{from, ""}), 0, 0};
    config::Node value = value_of(name, text, position);
    std::vector<std::string_view> keys;
    for (std::string_view rest = name.key; !rest.empty();) {
      size_t end = rest.find("::");
      keys.push_back(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
    }
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
      config::Node parent = map_node(position);
      parent.entries.push_back({std::string(*key), position, std::move(value)});
      value = std::move(parent);
    }
    config::merge_over(root, std::move(value));
  }

 private:
  config::Node value_of(const SettingName& name, const std::string& text, const config::Position& position) {
    if (name.form == SettingForm::pairs) return pairs(name, text, position);
    if (name.form != SettingForm::list) return text_node(with_unit(name, text), position);
    config::Node list;
    list.kind = config::Kind::list;
    list.position = position;
    for (std::string_view item : split(text, ','))
      if (!trim(item).empty()) list.items.push_back(text_node(std::string(trim(item)), position));
    return list;
  }

  static std::string with_unit(const SettingName& name, const std::string& text) {
    if (name.form == SettingForm::seconds && is_number(text)) return text + "s";
    if (name.form == SettingForm::milliseconds && is_number(text)) return text + "ms";
    return text;
  }

  config::Node pairs(const SettingName& name, std::string_view text, const config::Position& position) {
    config::Node map = map_node(position);
    for (std::string_view pair : split(text, ',')) {
      if (trim(pair).empty()) continue;
      size_t equals = pair.find('=');
      std::string_view key = trim(pair.substr(0, equals));
      std::optional<std::string> value = equals == std::string_view::npos ? std::nullopt : without_percents(trim(pair.substr(equals + 1)));
      if (key.empty() || !value) {
        diagnostics_.error(position, name.key, "expected pairs such as a=b,c=d with %XX for special characters");
        continue;
      }
      if (config::MapEntry* entry = map.find(key))
        entry->value = text_node(std::move(*value), position);
      else
        map.entries.push_back({std::string(key), position, text_node(std::move(*value), position)});
    }
    return map;
  }

  config::Diagnostics& diagnostics_;
};

// Variables that other programs with OpenTelemetry know: whoever sets one should learn that it does nothing here.
void warn_about_others(const config::EnvironmentReader& environment, config::Diagnostics& diagnostics) {
  auto warn = [&](const std::string& variable, std::string_view instead) {
    std::optional<std::string> text = environment(variable);
    if (text && !text->empty())
      diagnostics.warning({}, "", fmt::format("the variable {} has no effect on the agent: {}", variable, instead));
  };
  for (const char* signal : {"TRACES", "METRICS", "LOGS"})
    warn(fmt::format("OTEL_{}_EXPORTER", signal), fmt::format("it sends OTLP; {}_ENABLED=false sends none", signal));
  warn("OTEL_METRIC_EXPORT_INTERVAL", "set METRICS_INTERVAL");
  for (const char* name : {"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}) warn(name, "set TRACES_SAMPLE_RATE");
  warn("OTEL_SDK_DISABLED", "stop it instead");
}

// The file that was named has to be there; the one that is merely looked for need not.
std::string file_to_read(const Arguments& arguments, FileSystem& files) {
  if (arguments.has("agent-config")) return arguments.value("agent-config");
  Result<std::string> text = files.read_small_file(std::string(default_agent_file), 1);
  return text.is_ok() || text.status().code() != StatusCode::not_found ? std::string(default_agent_file) : "";
}

const std::vector<SettingName>& plain_setting_names() {
  using Form = SettingForm;
  static const std::vector<SettingName> names = {
      {"collector::endpoint", "collector-endpoint", "URL", {"OTEL_EXPORTER_OTLP_ENDPOINT", "TELEMETRYFLOW_ENDPOINT"}},
      {"collector::traces_endpoint", "", "", {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}},
      {"collector::metrics_endpoint", "", "", {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"}},
      {"collector::logs_endpoint", "", "", {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"}},
      {"collector::protocol", "protocol", "grpc|http/protobuf", {"OTEL_EXPORTER_OTLP_PROTOCOL"}},
      {"collector::insecure", "insecure", "", {"OTEL_EXPORTER_OTLP_INSECURE"}},
      {"collector::compression", "", "", {"OTEL_EXPORTER_OTLP_COMPRESSION"}},
      {"collector::headers", "", "", {"OTEL_EXPORTER_OTLP_HEADERS"}, Form::pairs},
      {"collector::timeout", "", "", {"OTEL_EXPORTER_OTLP_TIMEOUT"}, Form::milliseconds},
      {"collector::tls::ca_file", "", "", {"OTEL_EXPORTER_OTLP_CERTIFICATE"}},
      {"collector::tls::cert_file", "", "", {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"}},
      {"collector::tls::key_file", "", "", {"OTEL_EXPORTER_OTLP_CLIENT_KEY"}},
      {"customer::id", "customer-id", "ID", {"CUSTOMER_ID", "TELEMETRYFLOW_TENANT_ID"}},
      {"customer::name", "customer-name", "NAME", {"CUSTOMER_NAME"}},
      {"customer::workspace_id", "", "", {"TELEMETRYFLOW_WORKSPACE_ID"}},
      {"node::id", "node-id", "ID", {"NODE_ID"}},
      {"node::region", "node-region", "REGION", {"NODE_REGION"}},
      {"node::environment", "environment", "NAME", {"ENVIRONMENT"}},
      {"node::host_name", "", "", {"AGENT_HOSTNAME"}},
      {"node::host_ip", "", "", {"AGENT_IP"}},
      {"node::host_root", "host-root", "PATH", {"HOST_ROOT"}},
      {"telemetry::metrics::enabled", "", "", {"METRICS_ENABLED"}},
      {"telemetry::metrics::interval", "metrics-interval", "DURATION", {"METRICS_INTERVAL"}, Form::seconds},
      {"telemetry::metrics::scrape", "scrape", "HOST:PORT,...", {"METRICS_SCRAPE"}, Form::list},
      {"telemetry::traces::enabled", "", "", {"TRACES_ENABLED"}},
      {"telemetry::traces::sample_rate", "", "", {"TRACES_SAMPLE_RATE"}},
      {"telemetry::logs::enabled", "", "", {"LOGS_ENABLED"}},
      {"telemetry::logs::level", "log-level", "LEVEL", {"LOG_LEVEL", "OTEL_LOG_LEVEL"}},
      {"telemetry::logs::include", "logs", "PATTERN,...", {"LOGS_INCLUDE"}, Form::list},
      {"telemetry::service_name", "", "", {"OTEL_SERVICE_NAME"}},
      {"telemetry::resource_attributes", "", "", {"OTEL_RESOURCE_ATTRIBUTES"}, Form::pairs},
      {"buffer::max_size", "", "", {"BUFFER_MAX_SIZE"}},
      {"buffer::batch_size", "", "", {"BUFFER_BATCH_SIZE"}},
      {"buffer::flush_interval", "", "", {"BUFFER_FLUSH_INTERVAL"}, Form::seconds},
      {"health_check::port", "health-port", "N", {"HEALTH_CHECK_PORT"}},
      {"health_check::host", "health-host", "ADDRESS", {"HEALTH_CHECK_HOST"}},
      {"health_check::path", "", "", {"HEALTH_CHECK_PATH"}},
      {"health_check::token", "", "", {"HEALTH_CHECK_TOKEN"}},
      {"receiver::grpc_port", "otlp-grpc-port", "N", {"VIGIA_OTLP_GRPC_PORT"}},
      {"receiver::http_port", "otlp-http-port", "N", {"VIGIA_OTLP_HTTP_PORT"}},
      {"receiver::host", "otlp-host", "ADDRESS", {"VIGIA_OTLP_HOST"}},
      {"registration::enabled", "", "", {"REGISTRATION_ENABLED"}},
      {"registration::scraped", "", "", {"REGISTRATION_SCRAPED"}},
      {"registration::endpoint", "registry-endpoint", "URL", {"VIGIA_REGISTRY_ENDPOINT"}},
      {"data_dir", "data-dir", "DIR", {"VIGIA_DATA_DIR"}},
  };
  return names;
}

// What OpenTelemetry has for all signals it has for each of them, too: OTEL_EXPORTER_OTLP_TRACES_HEADERS says collector::traces::headers.
std::vector<SettingName> with_names_of_signals() {
  constexpr std::string_view key_prefix = "collector::", variable_prefix = "OTEL_EXPORTER_OTLP_";
  std::vector<SettingName> names = plain_setting_names();
  for (const SettingName& name : plain_setting_names()) {
    if (!name.key.starts_with(key_prefix) || !name.variables[0].starts_with(variable_prefix)) continue;
    std::string key = name.key.substr(key_prefix.size());
    if (key.ends_with("endpoint")) continue;  // named above
    std::string variable = name.variables[0].substr(variable_prefix.size());
    for (auto [signal, in_variables] : {std::pair{"traces", "TRACES"}, {"metrics", "METRICS"}, {"logs", "LOGS"}})
      names.push_back({fmt::format("{}{}::{}", key_prefix, signal, key),
                       "",
                       "",
                       {fmt::format("{}{}_{}", variable_prefix, in_variables, variable)},
                       name.form});
  }
  return names;
}

}  // namespace

const std::vector<SettingName>& setting_names() {
  static const std::vector<SettingName> names = with_names_of_signals();
  return names;
}

std::optional<config::Node> read_setting_sources(const Arguments& arguments, const config::EnvironmentReader& environment,
                                                 FileSystem& files, config::Diagnostics& diagnostics) {
  config::Node root = map_node({});
  if (std::string file = file_to_read(arguments, files); !file.empty()) {
    config::LoadRequest request;
    request.sources = {"file:" + file};
    std::optional<config::Node> tree = config::load(request, files, environment, diagnostics);
    if (!tree) return std::nullopt;
    root = std::move(*tree);
  }
  warn_about_others(environment, diagnostics);
  SettingReader reader(diagnostics);
  for (const SettingName& name : setting_names())
    for (const std::string& variable : name.variables) {
      std::optional<std::string> text = environment(variable);
      if (!text || text->empty()) continue;  // compose files pass what is not set as nothing
      reader.add(root, name, std::move(*text), fmt::format("the variable {}", variable));
      break;
    }
  for (const SettingName& name : setting_names())
    if (!name.flag.empty() && arguments.has(name.flag))
      reader.add(root, name, arguments.value(name.flag), fmt::format("the flag --{}", name.flag));
  return root;
}

}  // namespace vigia::app
