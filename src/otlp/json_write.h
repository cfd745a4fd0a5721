#pragma once

// Protobuf's wire form to OTLP/JSON as the Collector writes it, byte for byte: its order of fields, 64-bit integers as strings,
// enums as numbers, ids as lower-case hexadecimal digits, bytes in base64, zero and empty fields left out, and embedded
// messages outside a choice always there ("status":{}). Fields that we do not know are left out.
//
// A list of numbers that the wire has in several pieces is joined, as protobuf says; the Collector keeps the last piece.
//
// Of bytes that are no whole message, what can be read is written. The JSON is always well-formed when the text in it is UTF-8.

#include <string_view>

#include "base/bytes.h"
#include "otlp/signal.h"

namespace vigia::otlp {

// Appends one object without a line end.
void write_json(Signal signal, std::string_view request, Appender& out);

// One object for all the requests of a body: their resources in one list.
void write_json(Signal signal, const Chain& requests, Appender& out);

}  // namespace vigia::otlp
