#pragma once

// From the command line to one tree: reads every source, lays each over the ones before, applies --set, replaces `${…}`.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "config/diagnostics.h"
#include "config/node.h"
#include "config/substitute.h"

namespace vigia::config {

struct LoadRequest {
  // Texts that come with the program, below all sources.
  std::vector<std::shared_ptr<const Source>> presets;
  // Values of --config: a path, file:PATH, env:NAME (the variable's text is YAML), yaml:TEXT where `::` separates the parts of a
  // key (`yaml:processors::batch::timeout: 2s`).
  std::vector<std::string> sources;
  // Values of --set: `processors.batch.timeout=2s`, applied last. Every dot separates, so a name with a dot cannot be reached; a
  // list is set as a whole (`a.b=[x, y]`).
  std::vector<std::string> sets;
};

// The resolved tree; always a map. Nothing when a source could not be read. When only a `${…}` failed there is a tree still, so that
// decoding it can tell the other errors too: ask diagnostics.has_errors().
std::optional<Node> load(const LoadRequest& request, FileSystem& files, const EnvironmentReader& environment, Diagnostics& diagnostics);

}  // namespace vigia::config
