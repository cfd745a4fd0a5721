#include "prometheus/duration.h"

#include <array>
#include <charconv>

namespace vigia::prometheus {

namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr int64_t day_ms = 24 * 3600 * 1000LL;
constexpr std::array<Unit, 7> units = {
    {{"y", 365 * day_ms}, {"w", 7 * day_ms}, {"d", day_ms}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr int64_t most_ms = INT64_MAX / 1'000'000;  // so that nanoseconds can be counted, too

}  // namespace

std::optional<int64_t> parse_duration_ms(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  size_t next_unit = 0;
  while (!text.empty()) {
    uint32_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') letters++;
    while (next_unit < units.size() && units[next_unit].name != text.substr(0, letters)) next_unit++;
    if (next_unit == units.size()) return std::nullopt;
    int64_t unit_ms = units[next_unit++].ms;
    if (number > (most_ms - total) / unit_ms) return std::nullopt;
    total += number * unit_ms;
    text.remove_prefix(letters);
  }
  return total;
}

std::string format_duration(int64_t ms) {
  if (ms == 0) return "0s";
  std::string text;
  for (const Unit& unit : units) {
    // Years and weeks only where they fit exactly, as Prometheus does.
    bool is_exact_only = unit.name == "y" || unit.name == "w";
    if (is_exact_only && ms % unit.ms != 0) continue;
    if (ms < unit.ms) continue;
    text += std::to_string(ms / unit.ms);
    text += unit.name;
    ms %= unit.ms;
  }
  return text;
}

}  // namespace vigia::prometheus
