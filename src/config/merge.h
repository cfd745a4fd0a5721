#pragma once

// Laying one configuration over another, as the Collector lays its sources over each other.

#include <string_view>

#include "config/diagnostics.h"
#include "config/node.h"

namespace vigia::config {

// Two maps merge key by key; everything else is replaced, lists included. A null replaces too: the key stays, with nothing after
// it, so that `processors: {batch: null}` gives back a batch with its defaults rather than no batch. (This is what the Collector's
// confmap does, which merges with koanf.)
void merge_over(Node& base, Node overlay);

// `{a::b: c}` → `{a: {b: c}}`: the Collector splits the top keys of every source at "::".
void split_top_keys(Node& root, Diagnostics& diagnostics);

}  // namespace vigia::config
