// Any text as an expression, evaluated on an entry made of any JSON: neither may crash, hang or read out of bounds.

#include "operators/expression.h"

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/utf8.h"
#include "operators/json_tree.h"
#include "operators/time_zone.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia;
  using namespace vigia::operators;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  // The expression ends at the first NUL; the JSON behind it is the body.
  size_t end = std::min(input.find('\0'), input.size());
  std::string_view text = input.substr(0, end);
  std::string body(input.substr(std::min(end + 1, input.size())));
  if (!is_valid_utf8(body)) body = repair_utf8(body);
  Result<Expression> expression = Expression::compile(text);
  if (!expression) return 0;
  Arena arena;
  ManualClock clock;
  Random random(1);
  ZoneSet zones;
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::vector<std::string_view> groups;
  Tools tools{arena, clock, random, zones, environment, groups};
  Origin origin("fuzz");
  origin.set_attribute("level", "error");
  Entry entry;
  entry.origin = &origin;
  JsonReader reader;
  if (!reader.read(body, {.parse_ints = size % 2 == 0}, arena, entry.body).empty()) entry.body = Value::of_text(body);
  Problem problem;
  (void)expression->evaluate(entry, tools, problem);
  return 0;
}
