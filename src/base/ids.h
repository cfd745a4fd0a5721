#pragma once

// Names of customers, nodes and agents, as they may stand in a label, a path and a file's name.

#include <cstddef>
#include <string_view>

namespace vigia {

constexpr size_t most_id_bytes = 128;
// For messages: what an id has to look like.
constexpr std::string_view id_rule = "letters, digits and ._:@- only, a letter or digit first, 128 bytes at most";

// A slug or a UUID is one.
bool is_id(std::string_view text);
// In the notation 550e8400-e29b-41d4-a716-446655440000, in either case.
bool is_uuid(std::string_view text);

}  // namespace vigia
