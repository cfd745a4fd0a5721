#pragma once

// A value as one plain text, as the Collector's AsString gives it: strings as they are, bytes in base64, numbers and truth values as JSON has
// them, lists and maps as JSON with sorted keys, "" for no value.

#include <string>

#include "otlp/attribute_view.h"

namespace vigia::otlp {

void append_value_text(std::string& out, const ValueView& value);

}  // namespace vigia::otlp
