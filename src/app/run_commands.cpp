#include "app/run_commands.h"

#include <fmt/core.h>

#include "app/agent_command.h"
#include "app/collector.h"
#include "app/complaint.h"
#include "app/configuration_arguments.h"
#include "app/presets.h"
#include "app/version.h"
#include "base/text.h"

namespace vigia::app {

namespace {

int run_collector(CollectorRequest request, Console& console) {
  SystemClock clock;
  auto inbox = SignalInbox::begin(clock);
  if (!inbox.is_ok()) return fail(console, inbox.status().message());
  return Collector(std::move(request), **inbox, console).run();
}

// Roles that answer on the API port.
bool has_api(std::string_view role) { return role == "up" || role == "gateway"; }

// What only `edge` can be told. Without a destination it would fill the disk for nobody.
Status add_edge_settings(const Arguments& arguments, config::LoadRequest& request) {
  EdgeSettings settings;
  settings.endpoint = arguments.value("endpoint");
  settings.data_dir = arguments.value("data-dir");
  if (arguments.has("max-disk-mib")) {
    std::string text = arguments.value("max-disk-mib");
    std::optional<int64_t> mebibytes = parse_int(text);
    constexpr int64_t least = 64, most = int64_t{1} << 40;
    if (!mebibytes || *mebibytes < least || *mebibytes > most)
      return invalid_argument(fmt::format("--max-disk-mib: expected a number of mebibytes from {}, found \"{}\"", least, text));
    settings.max_disk_mib = static_cast<uint64_t>(*mebibytes);
  }
  bool says_where =
      !settings.endpoint.empty() || environment_variable("TELEMETRYFLOW_ENDPOINT") || !request.sources.empty() || !request.sets.empty();
  if (!says_where) return invalid_argument("where to send is not known: say --endpoint URL or set TELEMETRYFLOW_ENDPOINT");
  request.presets.push_back(edge_source(settings));
  return {};
}

// `up`, `edge` and `gateway`: a preset, with the addresses that were asked for.
Result<CollectorRequest> role_request(const std::string& role, const Arguments& arguments) {
  RETURN_IF_ERROR(refuse_positional(arguments));
  RoleAddresses addresses;
  addresses.host = arguments.value("host", addresses.host);
  ASSIGN_OR_RETURN(addresses.otlp_grpc_port, arguments.port("otlp-grpc-port", addresses.otlp_grpc_port));
  ASSIGN_OR_RETURN(addresses.otlp_http_port, arguments.port("otlp-http-port", addresses.otlp_http_port));
  // Whoever wants a free port wants to run beside another one.
  bool wants_free_otlp = addresses.otlp_grpc_port == 0 && addresses.otlp_http_port == 0;
  ASSIGN_OR_RETURN(int http_port, arguments.port("http-port", role == "gateway" && wants_free_otlp ? 0 : 8080));
  bool wants_free_ports = role == "up" ? http_port == 0 : wants_free_otlp;
  if (wants_free_ports) addresses.health_check_port = addresses.metrics_port = 0;
  CollectorRequest request;
  request.config = load_request(arguments);
  request.config.presets = preset_sources(role, addresses);
  if (role == "edge") RETURN_IF_ERROR(add_edge_settings(arguments, request.config));
  if (has_api(role) && arguments.has("data-dir")) request.config.presets.push_back(registry_source(arguments.value("data-dir")));
  request.ports_file = arguments.value("ports-file");
  request.feature_gates = arguments.values("feature-gates");
  if (has_api(role)) request.api.endpoint = endpoint_text(addresses.host, http_port);
  return request;
}

// Others may reach us: whether that is wanted has to be plain from the configuration.
Status check_host(const std::string& role, const std::string& host, CollectorRequest& request) {
  if (is_loopback(host)) return {};
  SystemFiles files;
  config::Diagnostics diagnostics;
  std::optional<config::Node> tree = config::load(request.config, files, environment_variable, diagnostics);
  if (!tree || demands_credentials(*tree)) return {};  // what is wrong with the tree is told later
  if (role == "up")
    return invalid_argument("cannot listen on " + host +
                            " without authentication: anybody could send data; see 'vigia help up' for how to "
                            "demand credentials, or leave out --host");
  request.notices.push_back("Listening on " + host + " without authentication: anybody who reaches it may send data" +
                            (role == "gateway" ? " for any customer" : ""));
  return {};
}

}  // namespace

int run_command(const std::vector<std::string>& words, Console& console) {
  auto arguments = Arguments::parse(with_more(configuration_flags(), {{"ports-file", "FILE"}, {"version", "", 'v'}}), words);
  if (!arguments.is_ok()) return fail_with_usage(console, "run", arguments.status());
  if (arguments->has("version")) {
    console.out << version_line() << std::endl;
    return 0;
  }
  if (Status status = refuse_positional(*arguments); !status.is_ok()) return fail_with_usage(console, "run", status);
  if (!arguments->has("config")) return fail_with_usage(console, "run", invalid_argument("at least one --config FILE is needed"));
  CollectorRequest request;
  request.config = load_request(*arguments);
  request.ports_file = arguments->value("ports-file");
  request.feature_gates = arguments->values("feature-gates");
  return run_collector(std::move(request), console);
}

int role_command(const std::string& role, const std::vector<std::string>& words, Console& console) {
  std::vector<Flag> flags =
      with_more(configuration_flags(), {{"otlp-grpc-port", "N"}, {"otlp-http-port", "N"}, {"host", "ADDRESS"}, {"ports-file", "FILE"}});
  if (has_api(role)) flags = with_more(flags, {{"http-port", "N"}, {"data-dir", "DIR"}});
  if (role == "edge") flags = with_more(flags, {{"endpoint", "URL"}, {"data-dir", "DIR"}, {"max-disk-mib", "N"}});
  auto arguments = Arguments::parse(flags, words);
  if (!arguments.is_ok()) return fail_with_usage(console, role, arguments.status());
  auto request = role_request(role, *arguments);
  if (!request.is_ok()) return fail_with_usage(console, role, request.status());
  if (Status status = check_host(role, arguments->value("host", "127.0.0.1"), *request); !status.is_ok())
    return fail(console, status.message());
  if (has_api(role) && arguments->has("data-dir"))
    if (Status status = SystemFiles().create_directories(arguments->value("data-dir")); !status.is_ok())
      return fail(console, status.message());
  return run_collector(std::move(request).value(), console);
}

int agent_command(const std::vector<std::string>& words, Console& console) {
  auto arguments = Arguments::parse(agent_command_flags(), words);
  if (!arguments.is_ok()) return fail_with_usage(console, "agent", arguments.status());
  if (Status status = refuse_positional(*arguments); !status.is_ok()) return fail_with_usage(console, "agent", status);
  config::Diagnostics diagnostics;
  std::optional<AgentRequest> request = agent_request(*arguments, false, diagnostics);
  if (!request) return fail_line_by_line(console, diagnostics);
  for (const config::Diagnostic& warning : diagnostics.warnings()) request->collector.notices.push_back(config::one_line(warning));
  request->collector.read_again = [words = *arguments](config::Diagnostics& mistakes) -> std::optional<RoleSettings> {
    std::optional<AgentRequest> again = agent_request(words, false, mistakes);
    if (!again) return std::nullopt;
    return RoleSettings{std::move(again->collector.config), std::move(again->collector.api), std::move(again->collector.agent)};
  };
  return run_collector(std::move(request->collector), console);
}

}  // namespace vigia::app
