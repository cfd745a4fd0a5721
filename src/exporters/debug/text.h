#pragma once

// Telemetry as text for people, laid out as the Collector lays it out.

#include <string>

#include "base/bytes.h"
#include "otlp/signal.h"
#include "otlp/view.h"

namespace vigia::exporters {

// Every field of every item, on many lines.
std::string detailed_text(otlp::Signal signal, const Chain& requests);
// About one line for each item.
std::string normal_text(otlp::Signal signal, const Chain& requests);

// "Str(abc)", "Map({\"a\":1})".
std::string typed_value_text(const otlp::ValueView& value);
// "abc", "{\"a\":1}".
std::string value_text(const otlp::ValueView& value);
// "2020-02-11 20:26:12.000000321 +0000 UTC".
std::string time_text(uint64_t unix_ns);
// As Go's %f and %v print it.
std::string fixed_text(double value);
std::string shortest_text(double value);

}  // namespace vigia::exporters
