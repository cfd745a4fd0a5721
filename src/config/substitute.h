#pragma once

// Replaces `${…}` in a tree by the Collector's rules:
//
//   ${env:NAME}, ${NAME}        the environment variable; unset is empty, with a warning
//   ${env:NAME:-default}        the default only when the variable is unset
//   ${file:path}                the file's text
//   ${yaml:text}                the text itself
//   $$                          a dollar sign
//   $NAME                       as version 0.88 allowed, with one warning; stays as it is when unset, as later versions have it
//
// A scalar that is one `${…}` becomes what its value is in YAML (a number, a list, a map …) and keeps the value's text for fields that
// want a text. Inside a longer scalar the text is put in. Values may hold `${…}` themselves, and a name may come from another
// (`${env:${WHICH}}`). Keys of maps are not replaced.

#include <functional>
#include <optional>
#include <string>

#include "base/file.h"
#include "config/diagnostics.h"
#include "config/node.h"

namespace vigia::config {

// In one scalar.
constexpr size_t max_expansions = 1000;

using EnvironmentReader = std::function<std::optional<std::string>(const std::string& name)>;

// Values that cannot be replaced become null, after an error. The result is at most max_depth deep.
void substitute(Node& root, const EnvironmentReader& environment, FileSystem& files, Diagnostics& diagnostics);

}  // namespace vigia::config
