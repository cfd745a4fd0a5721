#pragma once

// The door: every request is checked here once, completely, so that what is behind it may be read, merged and cut
// without looking back, and so that one bad sender cannot spoil the batch that its data is merged into.
//
// Refused with INVALID_ARGUMENT, which names what and where ("ResourceSpans[3].ScopeSpans[0].Span[17].trace_id: 15 bytes;
// expected 0 or 16 (at byte 7321)"):
//   * broken framing at any depth, also inside unknown fields' keys and lengths; groups; field numbers out of range; keys and
//     lengths in more bytes than libprotobuf reads (5);
//   * a known field with another wire type than its own (repeated numbers may be packed or not);
//   * trace ids of other lengths than 0 and 16, span ids of other lengths than 0 and 8;
//   * values that nest deeper than max_value_levels (attribute_view.h).
//
// Put right, in a copy:
//   * text that is not UTF-8 gets U+FFFD in the place of what is broken;
//   * fields that stand twice where protobuf says "merge": a second Resource, scope, value, status, body or bucket list is
//     joined to the first, of a metric's data or a value's kinds the last one wins. Behind the door they stand once.
//
// Everything else stays as it came, byte for byte: unknown fields, unknown enum values, order, duplicate scalars and keys.

#include <cstddef>

#include "base/bytes.h"
#include "base/status.h"
#include "otlp/signal.h"

namespace vigia::otlp {

struct Checked {
  Slice body;                   // what came, or a copy that was put right
  size_t item_count = 0;        // spans, data points or log records
  size_t repaired_strings = 0;  // that were not UTF-8
};

// The ledger is charged for the copy, if there is one.
Result<Checked> validate(Signal signal, const Slice& body, MemoryLedger& ledger);

}  // namespace vigia::otlp
