#pragma once

// What service discovery says: groups of targets with labels, from a configuration or from documents in JSON or YAML (file_sd, http_sd).

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/section.h"
#include "prometheus/labels.h"

namespace vigia::prometheus {

struct TargetGroup {
  std::vector<std::string> targets;  // addresses
  LabelList labels;
};

// One group of a list: `{targets: […], labels: {…}}`.
void decode_target_group(config::Section& section, TargetGroup& group);

// A whole document: a list of groups. `name` stands in the message: a file or a URL. JSON is read as the YAML that it is.
Result<std::vector<TargetGroup>> parse_target_groups(std::string_view text, const std::string& name);

}  // namespace vigia::prometheus
