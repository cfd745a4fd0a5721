// What validation at the door costs, alone:
//
//   door_bench traces|metrics|logs
//
// validates requests of the benchmark's data set for a second and prints {"ns_per_item": …, "bytes_per_item": …}. There are more
// requests than fit into a cache, since what comes from a socket is not in the nearest cache either.

#include <cstdio>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"
#include "otlp/generator.h"
#include "otlp/validate.h"

namespace vigia {
namespace {

constexpr size_t request_count = 100;
constexpr int64_t duration_ns = 1'000'000'000;

std::vector<Slice> requests_of(otlp::Signal signal, MemoryLedger& ledger) {
  otlp::DataSetOptions options;
  options.signal = signal;
  auto generator = otlp::Generator::create(options);
  CHECK(generator.is_ok());
  std::vector<Slice> requests;
  for (size_t i = 0; i < request_count; i++) {
    Appender out(ledger);
    generator->next_request(out);
    requests.push_back(out.take());
  }
  return requests;
}

int measure(otlp::Signal signal) {
  SystemClock clock;
  MemoryLedger ledger;
  std::vector<Slice> requests = requests_of(signal, ledger);
  size_t items = 0;
  size_t bytes = 0;
  int64_t start_ns = clock.steady_ns();
  int64_t elapsed_ns = 0;
  while (elapsed_ns < duration_ns) {
    for (const Slice& request : requests) {
      auto checked = otlp::validate(signal, request, ledger);
      CHECK(checked.is_ok());
      items += checked->item_count;
      bytes += request.size();
    }
    elapsed_ns = clock.steady_ns() - start_ns;
  }
  double count = static_cast<double>(items);
  fmt::print("{{\"ns_per_item\":{:.2f},\"bytes_per_item\":{:.1f}}}\n", static_cast<double>(elapsed_ns) / count,
             static_cast<double>(bytes) / count);
  return 0;
}

}  // namespace
}  // namespace vigia

int main(int count, char** arguments) {
  for (vigia::otlp::Signal signal : vigia::otlp::all_signals)
    if (count == 2 && vigia::otlp::signal_name(signal) == arguments[1]) return vigia::measure(signal);
  fmt::print(stderr, "usage: door_bench traces|metrics|logs\n");
  return 2;
}
