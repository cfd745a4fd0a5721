#include "otlp/generator.h"

#include <xxhash.h>

#include <fmt/core.h>

#include "otlp/generator_internal.h"

namespace vigia::otlp {

namespace {

Status check_size(std::string_view name, size_t value, size_t least, size_t most) {
  if (value >= least && value <= most) return {};
  return invalid_argument(fmt::format("cannot generate telemetry: {} is {}, expected {} to {}", name, value, least, most));
}

// Requests and what waits to be sent must stay within reason, however the options come together.
constexpr size_t most_request_bytes = size_t{64} << 20;
constexpr size_t most_waiting_bytes = size_t{1} << 30;

Status check_bytes(const DataSetOptions& options) {
  bool is_traces = options.signal == Signal::traces;
  size_t made_up = is_traces && options.attributes_per_span > 10 ? options.attributes_per_span - 10 : 0;
  size_t item_bytes = 600 + made_up * (options.value_bytes + 32) + (is_traces ? 0 : options.log_line_bytes);
  RETURN_IF_ERROR(check_size("the size of a request in bytes", options.batch * item_bytes, 0, most_request_bytes));
  if (!is_traces) return {};
  // Every instance gathers spans until it has enough for a request.
  size_t waiting = group_sizes(options).front() * options.services * options.instances;
  return check_size("the size in bytes of all spans that wait for their request", waiting * item_bytes, 0, most_waiting_bytes);
}

Status check_options(const DataSetOptions& options) {
  if (options.name != "shop-1")
    return invalid_argument(fmt::format("cannot generate telemetry: no data set is called \"{}\"; known: shop-1", options.name));
  RETURN_IF_ERROR(check_size("batch", options.batch, 1, 100'000));
  RETURN_IF_ERROR(check_size("resources_per_request", options.resources_per_request, 0, options.batch));
  RETURN_IF_ERROR(check_size("services", options.services, 1, 1'000));
  RETURN_IF_ERROR(check_size("instances", options.instances, 1, 1'000));
  RETURN_IF_ERROR(check_size("services × instances", options.services * options.instances, 1, 10'000));
  RETURN_IF_ERROR(check_size("attributes_per_span", options.attributes_per_span, 0, 128));
  RETURN_IF_ERROR(check_size("value_bytes", options.value_bytes, 1, 65'536));
  RETURN_IF_ERROR(check_size("series", options.series, 1, 100'000'000));
  RETURN_IF_ERROR(check_size("log_line_bytes", options.log_line_bytes, 0, 1'000'000));
  RETURN_IF_ERROR(check_size("items_per_second", options.items_per_second, 1, 1'000'000'000));
  if (!(options.error_fraction >= 0 && options.error_fraction <= 1))
    return invalid_argument(fmt::format("cannot generate telemetry: error_fraction is {}, expected 0 to 1", options.error_fraction));
  return check_bytes(options);
}

}  // namespace

Result<Generator> Generator::create(const DataSetOptions& options) {
  RETURN_IF_ERROR(check_options(options));
  switch (options.signal) {
    case Signal::traces:
      return Generator(make_trace_source(options));
    case Signal::metrics:
      return Generator(make_metric_source(options));
    case Signal::logs:
      break;
  }
  return Generator(make_log_source(options));
}

Generator::Generator(std::unique_ptr<Source> source) : source_(std::move(source)) {}
Generator::Generator(Generator&&) noexcept = default;
Generator& Generator::operator=(Generator&&) noexcept = default;
Generator::~Generator() = default;

void Generator::next_request(Appender& out) { source_->next_request(out); }

Result<std::string> data_set_hash(const DataSetOptions& options, size_t request_count) {
  ASSIGN_OR_RETURN(Generator generator, Generator::create(options));
  MemoryLedger ledger;
  Appender request(ledger);
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  CHECK(state != nullptr && XXH3_64bits_reset(state.get()) == XXH_OK);
  for (size_t i = 0; i < request_count; i++) {
    request.truncate(0);
    generator.next_request(request);
    CHECK(XXH3_64bits_update(state.get(), request.data(), request.size()) == XXH_OK);
  }
  return fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
}

}  // namespace vigia::otlp
