#include "app/agent_health.h"

#include <cmath>

#include <fmt/core.h>

#include "base/log.h"
#include "base/text.h"
#include "pipeline/process_memory.h"

namespace vigia::app {

namespace {

// How full a buffer may be before it is worth a warning, and before it is bad.
constexpr double warning_percent = 70;
constexpr double unhealthy_percent = 90;

std::string_view buffer_state(const pipeline::DeliverySummary& delivery) {
  double percent = delivery.buffer_usage_percent();
  return percent >= unhealthy_percent ? "unhealthy" : percent >= warning_percent ? "warning" : "healthy";
}

std::string_view resource_state(const AgentCondition& condition) {
  return condition.memory_percent >= unhealthy_percent ? "warning" : "healthy";
}

std::string json_text(std::string_view text) {
  std::string result = "\"";
  append_json_escaped(result, text);
  return result + '"';
}

// "72h", "1h5m", "45s": without the parts that are zero, as document 2 writes it.
std::string uptime(int64_t seconds) {
  if (seconds == 0) return "0s";
  std::string text;
  auto add = [&](int64_t count, char unit) {
    if (count > 0) text += fmt::format("{}{}", count, unit);
  };
  add(seconds / 3600, 'h');
  add(seconds / 60 % 60, 'm');
  add(seconds % 60, 's');
  return text;
}

int64_t whole_percent(double percent) { return std::llround(percent); }

std::string application(const AgentCondition& condition) {
  return fmt::format(R"({{"status":"{}","message":"{}"}})", condition.is_running ? "healthy" : "unhealthy",
                     condition.is_running ? "Agent running normally" : "Agent is starting or stopping");
}

std::string connectivity(const AgentCondition& condition) {
  const pipeline::DeliverySummary& delivery = condition.delivery;
  std::string last = delivery.last_success_wall_ns == 0 ? "null" : json_text(format_rfc3339(delivery.last_success_wall_ns, 0));
  std::string common = fmt::format(R"("endpoint":{},"last_successful_send":{})", json_text(condition.endpoint), last);
  if (delivery.is_reachable && !delivery.refuses_everything)
    return fmt::format(R"({{"status":"healthy",{},"latency_ms":{}}})", common, delivery.latency_ms);
  return fmt::format(R"({{"status":"unhealthy",{},"error":{},"retry_attempts":{}}})", common, json_text(delivery.error),
                     delivery.failures_in_a_row);
}

std::string buffer(const pipeline::DeliverySummary& delivery) {
  return fmt::format(R"({{"status":"{}","current_size":{:.0f},"max_size":{:.0f},"usage_percent":{},"dropped_spans":{}}})",
                     buffer_state(delivery), delivery.buffer_size, delivery.buffer_capacity, whole_percent(delivery.buffer_usage_percent()),
                     delivery.spans_dropped);
}

std::string resources(const AgentCondition& condition) {
  return fmt::format(R"({{"status":"{}","cpu_percent":{:.1f},"memory_mb":{:.1f},"memory_percent":{:.1f}}})", resource_state(condition),
                     condition.cpu_percent, condition.memory_mb, condition.memory_percent);
}

}  // namespace

std::string_view overall_state(const AgentCondition& condition) {
  if (!condition.is_running) return "unhealthy";
  const pipeline::DeliverySummary& delivery = condition.delivery;
  bool is_well = delivery.is_reachable && !delivery.refuses_everything && buffer_state(delivery) == "healthy";
  return is_well ? "healthy" : "degraded";
}

std::string agent_health_json(const AgentCondition& condition, int64_t now_wall_ns) {
  const pipeline::DeliverySummary& delivery = condition.delivery;
  return fmt::format(R"({{"status":"{}","timestamp":"{}","uptime_seconds":{},"version":{},"checks":{{"application":{},)"
                     R"("collector_connectivity":{},"buffer":{},"system_resources":{}}},)"
                     R"("collector_reachable":{},"buffer_usage":"{}%","uptime":"{}"}})",
                     overall_state(condition), format_rfc3339(now_wall_ns, 0), condition.uptime_s, json_text(condition.version),
                     application(condition), connectivity(condition), buffer(delivery), resources(condition), delivery.is_reachable,
                     whole_percent(delivery.buffer_usage_percent()), uptime(condition.uptime_s));
}

AgentHealth::AgentHealth(Parts parts) : parts_(std::move(parts)), started_steady_ns_(parts_.clock.steady_ns()) {
  parts_.deliveries->watch();
  cpu_.with([&](CpuReading& reading) { reading = {started_steady_ns_, pipeline::cpu_seconds(), 0}; });
}

double AgentHealth::cpu_percent() const {
  constexpr int64_t shortest_ns = 1'000'000'000;
  return cpu_.with([&](CpuReading& reading) {
    int64_t now_ns = parts_.clock.steady_ns();
    if (now_ns - reading.at_ns < shortest_ns) return reading.percent;
    double seconds = pipeline::cpu_seconds();
    double percent = (seconds - reading.seconds) * 1e11 / static_cast<double>(now_ns - reading.at_ns);
    reading = {now_ns, seconds, percent};
    return percent;
  });
}

AgentCondition AgentHealth::look(bool is_running) const {
  AgentCondition condition;
  condition.is_running = is_running;
  condition.version = parts_.version;
  condition.uptime_s = (parts_.clock.steady_ns() - started_steady_ns_) / 1'000'000'000;
  condition.endpoint = parts_.endpoint;
  condition.delivery = pipeline::summarize(parts_.subject, *parts_.deliveries, parts_.metrics);
  condition.cpu_percent = cpu_percent();
  Result<int64_t> resident = pipeline::resident_bytes(parts_.files);
  Result<int64_t> available = pipeline::available_memory_bytes(parts_.files);
  if (resident.is_ok()) condition.memory_mb = static_cast<double>(*resident) / 1e6;
  if (resident.is_ok() && available.is_ok() && *available > 0)
    condition.memory_percent = static_cast<double>(*resident) * 100 / static_cast<double>(*available);
  return condition;
}

bool AgentHealth::takes_data() const {
  // In the queues' own unit, which is not rounded.
  pipeline::DeliverySummary delivery = pipeline::summarize({parts_.subject.exporters}, *parts_.deliveries, parts_.metrics);
  return delivery.buffer_capacity == 0 || delivery.buffer_size < delivery.buffer_capacity;
}

}  // namespace vigia::app
