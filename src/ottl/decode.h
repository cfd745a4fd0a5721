#pragma once

// How the parts that several processors share stand in a configuration. Errors go to the section's list.

#include <optional>
#include <string>
#include <vector>

#include "config/section.h"
#include "ottl/attribute_actions.h"
#include "ottl/condition.h"
#include "ottl/match_properties.h"

namespace vigia::ottl {

// A value of any type (text, number, boolean, list, map) under `key`, as an AnyValue message.
void decode_any_value(config::Section& section, std::string_view key, std::optional<std::string>& any_value);

// "match_type"; the type `expr`, which needs a language of its own, is refused.
void decode_match_type(config::Section& section, MatchType& type);
// A list of {key, value}; texts among the values must be patterns when the type says so.
void decode_attributes(config::Section& section, std::string_view key, std::vector<MatchAttribute>& attributes,
                       MatchType type = MatchType::strict);
// {min, match_undefined}, with the severity as a name or a number.
void decode_severity(config::Section& section, std::string_view key, std::optional<MatchSeverity>& severity);
// What stands under `include` or `exclude`.
void decode_properties(config::Section& section, MatchProperties& properties);
// The keys `include` and `exclude`.
void decode_match(config::Section& section, MatchConfig& match);

// A list of actions under `key`; there must be at least one, and each must be complete.
void decode_actions(config::Section& section, std::string_view key, std::vector<AttributeAction>& actions);

// "error_mode".
void decode_error_mode(config::Section& section, ErrorMode& mode);

}  // namespace vigia::ottl
