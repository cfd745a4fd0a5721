#include "prometheus/discovery.h"

#include <memory>

#include "config/yaml_reader.h"

namespace vigia::prometheus {

void decode_target_group(config::Section& section, TargetGroup& group) {
  section.field("targets", group.targets);
  section.each("labels", [&](const std::string& name, config::Section& value) {
    std::string text;
    if (value.require(!name.empty(), "", "a label needs a name") && value.as_string(text)) group.labels.set(name, text);
  });
}

Result<std::vector<TargetGroup>> parse_target_groups(std::string_view text, const std::string& name) {
  config::Diagnostics diagnostics;
  auto source = std::make_shared<config::Source>(config::Source{name, std::string(text)});
  std::optional<config::Node> node = config::read_yaml(source, diagnostics);
  std::vector<TargetGroup> groups;
  if (node && !node->is_null() && !node->is_list())
    diagnostics.error(node->position, "", "expected a list of target groups, found " + describe(*node));
  if (node && node->is_list() && !diagnostics.has_errors()) {
    config::Section section(*node, "", diagnostics);
    section.items([&](config::Section& item) {
      TargetGroup& group = groups.emplace_back();
      if (item.is_null())
        item.error("expected a target group, found nothing");
      else
        decode_target_group(item, group);
    });
  }
  if (diagnostics.has_errors()) return invalid_argument(one_line(diagnostics.errors().front()));
  return groups;
}

}  // namespace vigia::prometheus
