#include "prometheus/unit_words.h"

#include <array>
#include <utility>

namespace vigia::prometheus {

namespace {

using Word = std::pair<std::string_view, std::string_view>;

constexpr std::array<Word, 26> amounts = {{{"days", "d"},          {"hours", "h"},         {"minutes", "min"},    {"seconds", "s"},
                                           {"milliseconds", "ms"}, {"microseconds", "us"}, {"nanoseconds", "ns"}, {"bytes", "By"},
                                           {"kibibytes", "KiBy"},  {"mebibytes", "MiBy"},  {"gibibytes", "GiBy"}, {"tibibytes", "TiBy"},
                                           {"kilobytes", "KBy"},   {"megabytes", "MBy"},   {"gigabytes", "GBy"},  {"terabytes", "TBy"},
                                           {"meters", "m"},        {"volts", "V"},         {"amperes", "A"},      {"joules", "J"},
                                           {"watts", "W"},         {"grams", "g"},         {"celsius", "Cel"},    {"hertz", "Hz"},
                                           {"ratio", "1"},         {"percent", "%"}}};
constexpr std::array<Word, 7> periods = {
    {{"second", "s"}, {"minute", "m"}, {"hour", "h"}, {"day", "d"}, {"week", "w"}, {"month", "mo"}, {"year", "y"}}};

template <size_t Size>
std::string_view translated(const std::array<Word, Size>& words, std::string_view word) {
  for (const auto& [from, to] : words)
    if (from == word) return to;
  return word;
}

}  // namespace

std::string ucum_unit(std::string_view words) {
  constexpr std::string_view separator = "_per_";
  size_t per = words.find(separator);
  std::string unit(translated(amounts, words.substr(0, per)));
  if (per == std::string_view::npos || per + separator.size() == words.size()) return unit;
  unit += '/';
  unit += translated(periods, words.substr(per + separator.size()));
  return unit;
}

}  // namespace vigia::prometheus
