#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "app/components.h"

namespace vigia::app {

namespace {

void append_aliases(std::string& out, const pipeline::ComponentFactory& factory) {
  if (factory.aliases.empty()) return;
  out += "      aliases: [";
  for (size_t i = 0; i < factory.aliases.size(); i++) out += (i ? ", " : "") + factory.aliases[i];
  out += "]\n";
}

void append_stability(std::string& out, const pipeline::ComponentFactory& factory) {
  std::string_view level = factory.is_deprecated ? "Deprecated" : "Stable";
  if (factory.signals.empty()) {
    out += fmt::format("      stability:\n        extension: {}\n", level);
    return;
  }
  std::set<std::string_view> names;
  for (otlp::Signal signal : factory.signals) names.insert(otlp::signal_name(signal));
  out += "      stability:\n";
  for (std::string_view name : names) out += fmt::format("        {}: {}\n", name, level);
}

// A connector's stability is told for each pair of signals.
void append_pairs(std::string& out, const pipeline::ConnectorFactory& factory) {
  out += "      stability:\n";
  for (otlp::Signal from : otlp::all_signals)
    for (otlp::Signal to : otlp::all_signals)
      if (factory.connects(from, to)) out += fmt::format("        {}-to-{}: Stable\n", otlp::signal_name(from), otlp::signal_name(to));
}

template <typename Factory, typename AppendStability>
void append_kind(std::string& out, std::string_view title, const std::vector<Factory>& factories, AppendStability append) {
  std::vector<const Factory*> sorted;
  for (const Factory& factory : factories) sorted.push_back(&factory);
  std::sort(sorted.begin(), sorted.end(), [](const Factory* a, const Factory* b) { return a->type < b->type; });
  out += fmt::format("{}:{}\n", title, sorted.empty() ? " []" : "");
  for (const Factory* factory : sorted) {
    out += fmt::format("    - name: {}\n", factory->type);
    append_aliases(out, *factory);
    append(out, *factory);
  }
}

}  // namespace

std::string describe_components(const pipeline::Components& components, std::string_view version) {
  std::string out = fmt::format("buildinfo:\n    command: vigia\n    description: Telemetry collector\n    version: {}\n", version);
  append_kind(out, "receivers", components.receivers, append_stability);
  append_kind(out, "processors", components.processors, append_stability);
  append_kind(out, "exporters", components.exporters, append_stability);
  append_kind(out, "connectors", components.connectors, append_pairs);
  append_kind(out, "extensions", components.extensions, append_stability);
  return out;
}

}  // namespace vigia::app
