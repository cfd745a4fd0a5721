#pragma once

// OTLP/JSON to protobuf's wire form, in one pass and without an object tree.
//
// Accepted is what the OTLP specification and protobuf's JSON mapping allow a sender: names in lowerCamelCase or as in the
// .proto files, ids as hexadecimal digits of any case, 64-bit integers as strings or numbers, enums as numbers or names, null
// for "absent", and fields that we do not know, which are passed over. A field that stands alone must not be given twice,
// and no two of a choice (stringValue, intValue …) together.
//
// The result is a whole request as validate.h wants it: ids have their length, text is UTF-8, values nest no deeper than
// max_value_levels (attribute_view.h).

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "otlp/signal.h"

namespace vigia::otlp {

struct JsonRequest {
  Slice request;              // an Export…ServiceRequest; may be empty
  size_t repaired_count = 0;  // U+FFFDs that took the place of what was not UTF-8
};

// INVALID_ARGUMENT names the place and what was expected there:
// "resourceSpans[0].scopeSpans[2].spans[5].traceId: expected 32 hexadecimal digits".
// Needs about eight times the size of `json` in memory while it runs, which the ledger is charged with.
Result<JsonRequest> read_json(Signal signal, std::string_view json, MemoryLedger& ledger);

}  // namespace vigia::otlp
