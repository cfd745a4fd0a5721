#include "app/configuration_commands.h"

#include <algorithm>

#include <fmt/core.h>

#include "app/agent_command.h"
#include "app/complaint.h"
#include "app/components.h"
#include "app/configuration.h"
#include "app/configuration_arguments.h"
#include "app/help.h"
#include "app/presets.h"
#include "config/render.h"

namespace vigia::app {

namespace {

// The sources of a role as it would run without flags; those of the agent depend on its settings.
// `preface` is what is not part of the configuration.
std::optional<config::LoadRequest> role_sources(const std::string& role, const Arguments& arguments, config::Diagnostics& diagnostics,
                                                std::string& preface) {
  if (role != "agent") {
    config::LoadRequest request = load_request(arguments);
    request.presets = preset_sources(role, RoleAddresses());
    return request;
  }
  std::optional<AgentRequest> request = agent_request(arguments, true, diagnostics);
  if (!request) return std::nullopt;
  const ApiSettings& api = request->collector.api;
  preface = fmt::format("# Besides, {} and /metrics are served on {}{}{}.\n", api.health_path, api.endpoint,
                        api.cert_file.empty() ? "" : ", with TLS", api.token.empty() ? "" : ", to whoever has the token");
  for (const config::Diagnostic& warning : diagnostics.warnings()) preface += fmt::format("# Warning: {}\n", config::one_line(warning));
  return std::move(request->collector.config);
}

}  // namespace

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
  std::string preface;
  if (!roles.empty()) request = role_sources(roles[0], *arguments, diagnostics, preface);
  if (!request) return fail_line_by_line(console, diagnostics);
  pipeline::Components components = all_components();
  SystemFiles files;
  std::optional<Configuration> configuration = read_configuration(*request, components, Depth::text, files, diagnostics);
  if (!configuration) return fail_with_mistakes(console, diagnostics);
  config::RenderOptions options;
  options.secret_paths = diagnostics.secret_paths();
  console.out << preface << config::render_yaml(configuration->tree, options);
  return 0;
}

}  // namespace vigia::app
