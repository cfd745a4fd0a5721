#include "app/configuration.h"

#include <cstdlib>

#include "app/own_listeners.h"
#include "app/version.h"
#include "pipeline/graph.h"

namespace vigia::app {

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::shared_ptr<const pipeline::ProxyRules> proxies_of_environment() {
  auto either = [](const std::string& capitals, const std::string& small) {
    std::string value = environment_variable(capitals).value_or("");
    return value.empty() ? environment_variable(small).value_or("") : value;
  };
  return std::make_shared<const pipeline::ProxyRules>(
      pipeline::ProxyVariables{either("HTTP_PROXY", "http_proxy"), either("HTTPS_PROXY", "https_proxy"), either("NO_PROXY", "no_proxy")});
}

std::optional<Configuration> read_configuration(const config::LoadRequest& request, const pipeline::Components& components, Depth depth,
                                                FileSystem& files, config::Diagnostics& diagnostics) {
  std::optional<config::Node> tree = config::load(request, files, environment_variable, diagnostics);
  if (!tree) return std::nullopt;
  Configuration configuration;
  configuration.tree = std::move(*tree);
  configuration.service = pipeline::decode_service(configuration.tree, components, diagnostics);
  refuse_own_listeners(configuration.tree, configuration.service, diagnostics);
  if (depth == Depth::machine) pipeline::check_surroundings(configuration.service, files, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  return configuration;
}

void try_components(const pipeline::ServiceConfig& service, FileSystem& files, config::Diagnostics& diagnostics) {
  SystemClock clock;
  MemoryLedger ledger;
  MetricRegistry metrics;
  net::LoopGroup loops(clock, 1);
  net::BackgroundLoop background(clock);
  std::unique_ptr<net::Resolver> resolver = net::Resolver::create(loops);
  auto report_port = [](const std::string&, int) {};
  pipeline::Graph graph({Logger(), metrics, clock, files, ledger, loops, background, *resolver, report_port, std::string(version())});
  graph.try_out(service, diagnostics);
}

}  // namespace vigia::app
