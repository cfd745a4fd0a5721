#include "app/load/report.h"

#include <fmt/core.h>

#include "base/log.h"

namespace vigia::app {
namespace {

std::string quoted(std::string_view text) {
  std::string json = "\"";
  append_json_escaped(json, text);
  return json + "\"";
}

std::string milliseconds(int64_t ns) { return fmt::format("{:.3f}", static_cast<double>(ns) / 1e6); }

}  // namespace

void LoadTotals::add(const LoadTotals& other) {
  requests += other.requests;
  sent += other.sent;
  accepted += other.accepted;
  rejected += other.rejected;
  failed += other.failed;
  unsent += other.unsent;
  sent_bytes += other.sent_bytes;
}

std::string LoadReport::to_json() const {
  double per_second = seconds > 0 ? static_cast<double>(totals.accepted) / seconds : 0;
  std::string json = fmt::format(R"({{"signal":{},"sent":{},"accepted":{},"rejected":{},"failed":{},"unsent":{},)", quoted(signal),
                                 totals.sent, totals.accepted, totals.rejected, totals.failed, totals.unsent);
  json += fmt::format(R"("seconds":{:.3f},"per_second":{:.1f},"requests":{},"sent_bytes":{},)", seconds, per_second, totals.requests,
                      totals.sent_bytes);
  json += fmt::format(R"("latency_ms":{{"p50":{},"p90":{},"p99":{},"max":{}}},)", milliseconds(latency.quantile_ns(0.5)),
                      milliseconds(latency.quantile_ns(0.9)), milliseconds(latency.quantile_ns(0.99)), milliseconds(latency.max_ns()));
  json += fmt::format(R"("data_set":{{"name":{},"seed":{},"batch":{},"distinct_requests":{},"hash":{}}},"cpu_seconds":{:.3f})",
                      quoted(data_set), seed, batch, distinct_requests, quoted(data_set_hash), cpu_seconds);
  if (!last_complaint.empty()) json += ",\"last_complaint\":" + quoted(last_complaint);
  return json + "}";
}

}  // namespace vigia::app
