#pragma once

// Units as OpenMetrics spells them, in the notation of OTLP (UCUM).

#include <string>
#include <string_view>

namespace vigia::prometheus {

// "seconds" → "s", "bytes_per_second" → "By/s"; a word that is unknown stays as it is.
std::string ucum_unit(std::string_view words);

}  // namespace vigia::prometheus
