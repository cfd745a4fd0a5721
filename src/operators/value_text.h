#pragma once

// Values as text.

#include <cstdint>
#include <string>

#include "operators/value.h"

namespace vigia::operators {

// As Go's %v prints them: 5, 1e+21, true, <nil>, [1 2], map[a:1 b:2].
void append_text(std::string& out, const Value& value);

// As JSON with sorted keys; with an indent of that many blanks a level, 0 for none.
void append_json(std::string& out, const Value& value, int indent = 0);

// "2025-06-04 00:15:23.5 +0000 UTC": how a time appears where only a text can stand.
void append_time_text(std::string& out, int64_t unix_ns);

}  // namespace vigia::operators
