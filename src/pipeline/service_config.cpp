#include "pipeline/service_config.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/text.h"
#include "config/section.h"
#include "pipeline/service_rules_internal.h"
#include "pipeline/telemetry_config_internal.h"

namespace vigia::pipeline {

std::string_view component_kind_name(ComponentKind kind) {
  static constexpr std::array<std::string_view, 6> names = {"receiver", "processor", "exporter", "connector", "extension", "journal"};
  return names[static_cast<size_t>(kind)];
}

ComponentId ComponentId::parse(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {std::string(trim(text)), ""};
  return {std::string(trim(text.substr(0, slash))), std::string(trim(text.substr(slash + 1)))};
}

namespace {

template <typename Factory>
const Factory* find_factory(const std::vector<Factory>& factories, const std::string& type) {
  for (const Factory& factory : factories) {
    if (factory.type == type) return &factory;
    if (std::find(factory.aliases.begin(), factory.aliases.end(), type) != factory.aliases.end()) return &factory;
  }
  return nullptr;
}

bool is_valid_id(std::string_view text) {
  ComponentId id = ComponentId::parse(text);
  bool has_slash = text.find('/') != std::string_view::npos;
  return !id.type.empty() && has_slash == !id.name.empty();
}

template <typename Factory>
void report_unknown_type(config::Section& section, ComponentKind kind, const ComponentId& id, const std::vector<Factory>& factories,
                         const Components& components) {
  const std::vector<std::string>& missing = components.not_in_this_build;
  std::string_view kind_name = component_kind_name(kind);
  if (std::find(missing.begin(), missing.end(), id.type) != missing.end()) {
    section.error(fmt::format("{} {}: not in this build", id.type, kind_name));
    return;
  }
  std::vector<std::string> known;
  for (const Factory& factory : factories) {
    known.push_back(factory.type);
    known.insert(known.end(), factory.aliases.begin(), factory.aliases.end());
  }
  std::string nearest = nearest_word(id.type, known);
  std::string hint = nearest.empty() ? "; there are" : fmt::format("; did you mean \"{}\"?", nearest);
  if (nearest.empty())
    for (const std::string& name : known) hint += (&name == &known.front() ? " " : ", ") + name;
  section.error(fmt::format("unknown {} type \"{}\"{}", kind_name, id.type, hint));
}

void warn_of_old_spelling(config::Section& section, const ComponentFactory& factory, const ComponentId& id) {
  if (factory.is_deprecated)
    section.warn("", fmt::format("\"{}\" is deprecated", id.type));
  else if (id.type != factory.type)
    section.warn("", fmt::format("\"{}\" is read as \"{}\"", id.type, factory.type));
}

template <typename Factory>
void decode_components(config::Section& root, std::string_view key, ComponentKind kind, const std::vector<Factory>& factories,
                       const Components& components, ComponentConfigs& out) {
  root.each(key, [&](const std::string& name, config::Section& section) {
    if (!is_valid_id(name)) {
      section.error(fmt::format("\"{}\" is no component id: expected type or type/name", name));
      section.take_all();
      return;
    }
    ComponentId id = ComponentId::parse(name);
    const Factory* factory = find_factory(factories, id.type);
    ComponentConfig component;
    component.kind = kind;
    component.id = id;
    component.position = section.position();
    component.factory = factory;
    if (factory) {
      component.fingerprint = factory->type + "\n" + config::canonical_text(section.node());
      component.config = factory->decode(section);
      component.claims = section.diagnostics().take_claims();
      warn_of_old_spelling(section, *factory, id);
    } else {
      report_unknown_type(section, kind, id, factories, components);
      section.take_all();
    }
    // Kept even when its type is unknown, so that what refers to it is not reported as well.
    if (!out.emplace(id, std::move(component)).second) section.error(fmt::format("\"{}\" is defined twice", id.to_string()));
  });
}

std::vector<Reference> decode_references(config::Section& pipeline, std::string_view key) {
  std::vector<Reference> references;
  pipeline.list(key, [&](config::Section& item) {
    std::string text;
    if (item.as_string(text)) references.push_back({ComponentId::parse(text), item.position(), item.path()});
  });
  return references;
}

void decode_pipeline(const std::string& name, config::Section& section, PipelineReferences& out) {
  out.name = name;
  out.position = section.position();
  out.path = section.path();
  std::string type = ComponentId::parse(name).type;
  for (otlp::Signal signal : otlp::all_signals)
    if (type == otlp::signal_name(signal)) {
      out.signal = signal;
      out.is_known_signal = true;
    }
  if (type == "profiles")
    section.error("profiles pipelines: not in this build");
  else if (!out.is_known_signal)
    section.error(fmt::format("\"{}\" is no pipeline: expected traces, metrics or logs, or one of them with /name", name));
  out.receivers = decode_references(section, "receivers");
  out.processors = decode_references(section, "processors");
  out.exporters = decode_references(section, "exporters");
}

}  // namespace

ServiceConfig decode_service(const config::Node& root_node, const Components& components, config::Diagnostics& diagnostics) {
  ServiceConfig out;
  ServiceReferences references;
  config::Section root(root_node, "", diagnostics);
  decode_components(root, "receivers", ComponentKind::receiver, components.receivers, components, out.receivers);
  decode_components(root, "processors", ComponentKind::processor, components.processors, components, out.processors);
  decode_components(root, "exporters", ComponentKind::exporter, components.exporters, components, out.exporters);
  decode_components(root, "connectors", ComponentKind::connector, components.connectors, components, out.connectors);
  decode_components(root, "extensions", ComponentKind::extension, components.extensions, components, out.extensions);
  references.service_position = root.position();
  root.section("service", [&](config::Section& service) {
    references.service_position = service.position();
    references.extensions = decode_references(service, "extensions");
    service.each("pipelines", [&](const std::string& name, config::Section& pipeline) {
      decode_pipeline(name, pipeline, references.pipelines.emplace_back());
    });
    service.section("telemetry", [&](config::Section& telemetry) { decode_telemetry(telemetry, out.telemetry); });
  });
  if (out.telemetry.metrics_position.line == 0) out.telemetry.metrics_position = references.service_position;
  root.finish();
  check_service_rules(references, out, diagnostics);
  return out;
}

void check_surroundings(const ServiceConfig& config, FileSystem& files, config::Diagnostics& diagnostics) {
  for (const ComponentConfigs* list : {&config.extensions, &config.receivers, &config.processors, &config.exporters, &config.connectors})
    for (const auto& [id, component] : *list) {
      if (!component.is_used) continue;
      for (const config::Claim& claim : component.claims) {
        Status status = claim.check ? claim.check(files) : Status();
        if (!status.is_ok()) diagnostics.error(claim.position, claim.path, status.message());
      }
    }
}

}  // namespace vigia::pipeline
