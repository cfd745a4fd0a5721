// Any text as a condition in every context, evaluated on any bytes: neither may crash, hang or read out of bounds.

#include <cstdint>
#include <string_view>

#include "ottl/condition.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::ottl;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  // The condition ends at the first NUL; the bytes behind it are telemetry.
  size_t end = std::min(input.find('\0'), input.size());
  std::string_view text = input.substr(0, end);
  std::string_view bytes = input.substr(std::min(end + 1, input.size()));
  Item item;
  item.resource = item.scope = item.resource_group = item.scope_group = item.record = item.part = bytes;
  item.metric_kind = static_cast<vigia::otlp::MetricKind>(size % 6);
  for (size_t i = 0; i < context_count; i++) {
    vigia::Result<Condition> condition = Condition::compile(text, static_cast<Context>(i));
    if (condition) (void)condition->matches(item).is_ok();
  }
  (void)infer_context(text, vigia::otlp::Signal::traces).is_ok();
  return 0;
}
