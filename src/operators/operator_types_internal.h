#pragma once

// The operators there are, and how each reads its section. The keys that all have (id, type, output, if, on_error) are read already.

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "config/section.h"
#include "operators/chain.h"
#include "operators/expression.h"
#include "operators/operation_internal.h"
#include "operators/time_zone.h"

namespace vigia::operators {

// What a decoder gets besides its section.
struct Decoding {
  ZoneNames& zones;
};

using OperationPointer = std::unique_ptr<Operation>;
using DecodeOperation = OperationPointer (*)(config::Section& section, Decoding& decoding);

struct OperatorType {
  std::string_view name;
  DecodeOperation decode;
};

std::span<const OperatorType> operator_types();

OperationPointer decode_noop(config::Section& section, Decoding& decoding);
OperationPointer decode_json_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_json_array_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_regex_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_regex_replace(config::Section& section, Decoding& decoding);
OperationPointer decode_key_value_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_csv_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_container(config::Section& section, Decoding& decoding);
OperationPointer decode_syslog_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_uri_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_time_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_severity_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_trace_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_scope_name_parser(config::Section& section, Decoding& decoding);
OperationPointer decode_add(config::Section& section, Decoding& decoding);
OperationPointer decode_copy(config::Section& section, Decoding& decoding);
OperationPointer decode_move(config::Section& section, Decoding& decoding);
OperationPointer decode_remove(config::Section& section, Decoding& decoding);
OperationPointer decode_retain(config::Section& section, Decoding& decoding);
OperationPointer decode_flatten(config::Section& section, Decoding& decoding);
OperationPointer decode_assign_keys(config::Section& section, Decoding& decoding);
OperationPointer decode_unquote(config::Section& section, Decoding& decoding);
OperationPointer decode_sanitize_utf8(config::Section& section, Decoding& decoding);
OperationPointer decode_router(config::Section& section, Decoding& decoding);
OperationPointer decode_filter(config::Section& section, Decoding& decoding);
OperationPointer decode_recombine(config::Section& section, Decoding& decoding);

// Reads a receiver's `attributes` and `resource`. Those without expressions go to `constant`; null when there are no others.
OperationPointer decode_given_texts(config::Section& receiver, GivenTexts& constant);

// The ids of a key that is a list, or one.
std::vector<OutputReference> decode_outputs(config::Section& section, std::string_view key);

// Compiles the expression of a key; what is wrong with it is reported there. A condition must be able to be true or false.
std::optional<Expression> decode_expression(config::Section& section, std::string_view key, std::string_view text, bool is_condition);

}  // namespace vigia::operators
