#pragma once

// A tree as YAML again, for print-config.

#include <set>
#include <string>

#include "config/node.h"

namespace vigia::config {

struct RenderOptions {
  // Values at these paths (Diagnostics::secret_paths()), below secret-looking keys, and passwords and tokens in URLs become [REDACTED].
  bool redacts_secrets = true;
  std::set<std::string, std::less<>> secret_paths;
  // Writes "$" as "$$", so that the text can be loaded as a configuration again.
  bool escapes_dollars = true;
};

// Block style, two spaces. Without redaction, reading it gives the same values.
std::string render_yaml(const Node& root, const RenderOptions& options);

}  // namespace vigia::config
