#pragma once

// Labels as one text, to be compared and hashed at once: each as two texts with their lengths before them.

#include <string>
#include <string_view>
#include <vector>

#include "prometheus/translate.h"

namespace vigia::exporters {

void encode_labels(prometheus::LabelSpan labels, std::string& out);
// The labels refer to `encoded`, which encode_labels() made.
void decode_labels(std::string_view encoded, std::vector<prometheus::LabelView>& out);

}  // namespace vigia::exporters
