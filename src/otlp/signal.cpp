#include "otlp/signal.h"

namespace vigia::otlp {

std::string_view signal_name(Signal signal) {
  static constexpr std::array<std::string_view, 3> names = {"traces", "metrics", "logs"};
  return names[static_cast<size_t>(signal)];
}

std::string_view item_name(Signal signal) {
  static constexpr std::array<std::string_view, 3> names = {"spans", "metric_points", "log_records"};
  return names[static_cast<size_t>(signal)];
}

}  // namespace vigia::otlp
