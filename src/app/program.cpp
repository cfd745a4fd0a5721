#include "app/program.h"

#include <algorithm>

#include <fmt/core.h>

#include "app/admin_command.h"
#include "app/agent_command.h"
#include "app/collector.h"
#include "app/command_line.h"
#include "app/components.h"
#include "app/health_command.h"
#include "app/help.h"
#include "app/load/load.h"
#include "app/presets.h"
#include "app/version.h"
#include "base/text.h"
#include "config/render.h"

namespace vigia::app {

namespace {

const std::vector<Flag>& configuration_flags() {
  static const std::vector<Flag> flags = {{"config", "FILE", 0, true}, {"set", "KEY=VALUE", 0, true}, {"feature-gates", "LIST", 0, true}};
  return flags;
}

std::vector<Flag> with_more(std::vector<Flag> flags, std::initializer_list<Flag> more) {
  flags.insert(flags.end(), more);
  return flags;
}

int fail(Console& console, std::string_view message) {
  if (message.ends_with('\n')) message.remove_suffix(1);
  console.err << "Error: " << message << std::endl;
  return 1;
}

int fail_with_mistakes(Console& console, const config::Diagnostics& diagnostics) {
  size_t count = diagnostics.error_count();
  return fail(console, fmt::format("the configuration has {}:\n", count == 1 ? "a mistake" : fmt::format("{} mistakes", count)) +
                           diagnostics.render_errors());
}

// For mistakes in settings, which come from several places: one line each.
int fail_line_by_line(Console& console, const config::Diagnostics& diagnostics) {
  for (const config::Diagnostic& mistake : diagnostics.errors()) fail(console, config::one_line(mistake));
  return 1;
}

int fail_with_usage(Console& console, std::string_view command, const Status& status) {
  fail(console, status.message());
  console.err << "Run 'vigia help" << (command.empty() ? "" : " ") << command << "' for usage." << std::endl;
  return 1;
}

config::LoadRequest load_request(const Arguments& arguments) {
  config::LoadRequest request;
  request.sources = arguments.values("config");
  request.sets = arguments.values("set");
  return request;
}

Status refuse_positional(const Arguments& arguments) {
  if (arguments.positional().empty()) return {};
  return invalid_argument("unexpected argument: " + arguments.positional().front());
}

int run_collector(CollectorRequest request, Console& console) {
  SystemClock clock;
  auto inbox = SignalInbox::begin(clock);
  if (!inbox.is_ok()) return fail(console, inbox.status().message());
  return Collector(std::move(request), **inbox, console).run();
}

// --- Commands ---

// A command that takes nothing but its name.
Status refuse_everything(const std::vector<std::string>& words) {
  auto arguments = Arguments::parse({}, words);
  return arguments.is_ok() ? refuse_positional(*arguments) : std::move(arguments).status();
}

int version_command(const std::vector<std::string>& words, Console& console) {
  if (Status status = refuse_everything(words); !status.is_ok()) return fail_with_usage(console, "", status);
  console.out << "vigia version " << version() << std::endl;
  return 0;
}

int run_command(const std::vector<std::string>& words, Console& console) {
  auto arguments = Arguments::parse(with_more(configuration_flags(), {{"ports-file", "FILE"}, {"version", "", 'v'}}), words);
  if (!arguments.is_ok()) return fail_with_usage(console, "run", arguments.status());
  if (arguments->has("version")) return version_command({}, console);
  if (Status status = refuse_positional(*arguments); !status.is_ok()) return fail_with_usage(console, "run", status);
  if (!arguments->has("config")) return fail_with_usage(console, "run", invalid_argument("at least one --config FILE is needed"));
  CollectorRequest request;
  request.config = load_request(*arguments);
  request.ports_file = arguments->value("ports-file");
  request.feature_gates = arguments->values("feature-gates");
  return run_collector(std::move(request), console);
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
  return run_collector(std::move(request->collector), console);
}

int validate_command(const std::vector<std::string>& words, Console& console) {
  auto arguments = Arguments::parse(configuration_flags(), words);
  if (!arguments.is_ok()) return fail_with_usage(console, "validate", arguments.status());
  if (Status status = refuse_positional(*arguments); !status.is_ok()) return fail_with_usage(console, "validate", status);
  if (!arguments->has("config")) return fail_with_usage(console, "validate", invalid_argument("at least one --config FILE is needed"));
  pipeline::Components components = all_components();
  SystemFiles files;
  config::Diagnostics diagnostics;
  auto configuration = read_configuration(load_request(*arguments), components, Depth::machine, files, diagnostics);
  if (configuration) try_components(configuration->service, files, diagnostics);
  if (!diagnostics.has_errors()) return 0;
  return fail_with_mistakes(console, diagnostics);
}

// The sources of a role as it would run without flags; those of the agent depend on its settings.
std::optional<config::LoadRequest> role_sources(const std::string& role, const Arguments& arguments, config::Diagnostics& diagnostics) {
  if (role != "agent") {
    config::LoadRequest request = load_request(arguments);
    request.presets = preset_sources(role, RoleAddresses());
    return request;
  }
  std::optional<AgentRequest> request = agent_request(arguments, true, diagnostics);
  if (!request) return std::nullopt;
  return std::move(request->collector.config);
}

int print_config_command(const std::vector<std::string>& words, Console& console) {
  bool is_agent = std::find(words.begin(), words.end(), "agent") != words.end();
  auto arguments = Arguments::parse(is_agent ? agent_command_flags() : configuration_flags(), words);
  if (!arguments.is_ok()) return fail_with_usage(console, "print-config", arguments.status());
  const std::vector<std::string>& roles = arguments->positional();
  if (roles.size() > 1)
    return fail_with_usage(console, "print-config", invalid_argument("one role at a time: unexpected argument: " + roles[1]));
  if (roles.empty() && !arguments->has("config"))
    return fail_with_usage(console, "print-config", invalid_argument("a role or at least one --config FILE is needed"));
  if (!roles.empty() && !preset_text(roles[0])) {
    std::string hint = suggestion(roles[0], preset_names());
    return fail_with_usage(console, "print-config",
                           invalid_argument("unknown role \"" + roles[0] + "\"" + (hint.empty() ? "" : ". " + hint)));
  }
  config::Diagnostics diagnostics;
  std::optional<config::LoadRequest> request = load_request(*arguments);
  if (!roles.empty()) request = role_sources(roles[0], *arguments, diagnostics);
  if (!request) return fail_line_by_line(console, diagnostics);
  pipeline::Components components = all_components();
  SystemFiles files;
  std::optional<Configuration> configuration = read_configuration(*request, components, Depth::text, files, diagnostics);
  if (!configuration) return fail_with_mistakes(console, diagnostics);
  config::RenderOptions options;
  options.secret_paths = diagnostics.secret_paths();
  console.out << config::render_yaml(configuration->tree, options);
  return 0;
}

int components_command(const std::vector<std::string>& words, Console& console) {
  if (Status status = refuse_everything(words); !status.is_ok()) return fail_with_usage(console, "components", status);
  console.out << describe_components(all_components(), version());
  return 0;
}

int featuregate_command(const std::vector<std::string>& words, Console& console) {
  if (Status status = refuse_everything(words); !status.is_ok()) return fail_with_usage(console, "featuregate", status);
  console.out << "There are no feature gates." << std::endl;
  return 0;
}

int help_command(const std::vector<std::string>& words, Console& console) {
  if (words.empty()) {
    console.out << general_help();
    return 0;
  }
  if (words.front() == "load") return run_load({"--help"});
  if (words.front() == "help") return help_command({}, console);
  std::optional<std::string_view> page = command_help(words.front());
  if (!page) {
    std::string hint = suggestion(words.front(), command_names());
    return fail_with_usage(console, "",
                           invalid_argument("there is no help about \"" + words.front() + "\"" + (hint.empty() ? "" : ". " + hint)));
  }
  console.out << *page;
  return 0;
}

int unknown_command(const std::string& command, Console& console) {
  constexpr std::string_view not_here[] = {"query", "traces", "logs", "tail"};
  if (std::find(std::begin(not_here), std::end(not_here), command) != std::end(not_here))
    return fail(console, "vigia " + command + " is not in this build");
  std::string hint = suggestion(command, command_names());
  return fail_with_usage(console, "",
                         invalid_argument("unknown command \"" + command + "\" for \"vigia\"" + (hint.empty() ? "" : ". " + hint)));
}

bool asks_for_help(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) { return word == "--help" || word == "-h"; });
}

}  // namespace

int run_program(const std::vector<std::string>& words, Console console) {
  if (words.empty()) return help_command({}, console);
  const std::string& command = words.front();
  if (command.substr(0, 1) == "-") {
    if (asks_for_help(words)) return help_command({}, console);
    return run_command(words, console);
  }
  std::vector<std::string> rest(words.begin() + 1, words.end());
  if (command == "load") return run_load(rest);
  if (command == "help") return help_command(rest, console);
  if (asks_for_help(rest) && command_help(command)) return help_command({command}, console);
  if (command == "run") return run_command(rest, console);
  if (command == "up" || command == "edge" || command == "gateway") return role_command(command, rest, console);
  if (command == "agent") return agent_command(rest, console);
  if (command == "validate") return validate_command(rest, console);
  if (command == "print-config") return print_config_command(rest, console);
  if (command == "components") return components_command(rest, console);
  if (command == "health") return health_command(rest, console);
  if (command == "admin") return admin_command(rest, console);
  if (command == "featuregate") return featuregate_command(rest, console);
  if (command == "version") return version_command(rest, console);
  return unknown_command(command, console);
}

}  // namespace vigia::app
