#pragma once

// Durations as Prometheus writes them: "15s", "1m30s", "1d", "500ms", "0"; units from the largest to the smallest, whole numbers only.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vigia::prometheus {

std::optional<int64_t> parse_duration_ms(std::string_view text);
std::string format_duration(int64_t ms);

}  // namespace vigia::prometheus
