#include "app/load/options.h"

#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"

namespace vigia::app {
namespace {

// One flag: its name, and what it does with its value. Flags that take no value have `takes_value` false.
struct Flag {
  std::string_view name;
  bool takes_value;
  Status (*apply)(LoadOptions& options, std::string_view name, std::string_view value);
};

Status wrong(std::string_view name, std::string_view value, std::string_view expected) {
  return invalid_argument("--" + std::string(name) + ": \"" + std::string(value) + "\": expected " + std::string(expected));
}

// A whole number between two bounds, into any field.
template <auto Field, int64_t Least, int64_t Most>
Status whole_number(LoadOptions& options, std::string_view name, std::string_view value) {
  std::optional<int64_t> number = parse_int(value);
  if (!number || *number < Least || *number > Most)
    return wrong(name, value, "a whole number from " + std::to_string(Least) + " to " + std::to_string(Most));
  options.*Field = static_cast<std::remove_reference_t<decltype(options.*Field)>>(*number);
  return {};
}

template <auto Field, int64_t Least, int64_t Most>
Status data_number(LoadOptions& options, std::string_view name, std::string_view value) {
  std::optional<int64_t> number = parse_int(value);
  if (!number || *number < Least || *number > Most)
    return wrong(name, value, "a whole number from " + std::to_string(Least) + " to " + std::to_string(Most));
  options.data.*Field = static_cast<std::remove_reference_t<decltype(options.data.*Field)>>(*number);
  return {};
}

template <auto Field>
Status duration(LoadOptions& options, std::string_view name, std::string_view value) {
  std::optional<int64_t> ns = parse_duration_ns(value);
  if (!ns || *ns < 1'000'000) return wrong(name, value, "a time such as 30s, 500ms or 1h30m");
  options.*Field = *ns / 1'000'000;
  return {};
}

template <auto Field, bool Value>
Status set_switch(LoadOptions& options, std::string_view, std::string_view) {
  options.*Field = Value;
  return {};
}

Status set_endpoint(LoadOptions& options, std::string_view name, std::string_view value) {
  constexpr std::string_view expected = "HOST:PORT, as in 127.0.0.1:4317 or [::1]:4317";
  if (value.find("://") != std::string_view::npos) return wrong(name, value, std::string(expected) + " (and --tls for TLS)");
  size_t colon = value.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong(name, value, expected);
  std::optional<int64_t> port = parse_int(value.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return wrong(name, value, expected);
  std::string_view host = value.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  options.host = host;
  options.port = static_cast<int>(*port);
  return {};
}

Status set_protocol(LoadOptions& options, std::string_view name, std::string_view value) {
  if (value != "grpc" && value != "http") return wrong(name, value, "grpc or http");
  options.protocol = value == "grpc" ? LoadProtocol::grpc : LoadProtocol::http;
  return {};
}

Status set_rate(LoadOptions& options, std::string_view name, std::string_view value) {
  options.items_per_second = 0;
  if (value == "max") return {};
  std::optional<double> rate = parse_double(value);
  if (!rate || !std::isfinite(*rate) || *rate <= 0) return wrong(name, value, "items a second, or max");
  options.items_per_second = *rate;
  return {};
}

Status set_compression(LoadOptions& options, std::string_view name, std::string_view value) {
  std::optional<Compression> compression = value == "none" ? Compression::none : compression_by_name(value);
  if (!compression || value.empty()) return wrong(name, value, "none, gzip, zstd, zlib or deflate");
  options.compression = *compression;
  return {};
}

Status add_header(LoadOptions& options, std::string_view name, std::string_view value) {
  size_t equals = value.find('=');
  if (equals == std::string_view::npos || equals == 0) return wrong(name, value, "NAME=VALUE");
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return wrong(name, value, "no line breaks");
  options.headers.add(to_lower(value.substr(0, equals)), value.substr(equals + 1));
  return {};
}

Status set_data_set(LoadOptions& options, std::string_view, std::string_view value) {
  options.data.name = value;
  return {};
}

Status set_ca_file(LoadOptions& options, std::string_view, std::string_view value) {
  options.ca_file = value;
  options.use_tls = true;
  return {};
}

Status set_error_fraction(LoadOptions& options, std::string_view name, std::string_view value) {
  std::optional<double> fraction = parse_double(value);
  if (!fraction || !(*fraction >= 0 && *fraction <= 1)) return wrong(name, value, "a number from 0 to 1");
  options.data.error_fraction = *fraction;
  return {};
}

constexpr int64_t any_int = std::numeric_limits<int64_t>::max();
using Data = otlp::DataSetOptions;

constexpr std::array flags = {
    Flag{"help", false, set_switch<&LoadOptions::wants_help, true>},
    Flag{"endpoint", true, set_endpoint},
    Flag{"protocol", true, set_protocol},
    Flag{"rate", true, set_rate},
    Flag{"duration", true, duration<&LoadOptions::duration_ms>},
    Flag{"items", true, whole_number<&LoadOptions::max_items, 1, any_int>},
    Flag{"connections", true, whole_number<&LoadOptions::connections, 1, 10'000>},
    Flag{"in-flight", true, whole_number<&LoadOptions::requests_in_flight, 1, 1000>},
    Flag{"threads", true, whole_number<&LoadOptions::threads, 1, 256>},
    Flag{"timeout", true, duration<&LoadOptions::timeout_ms>},
    Flag{"compression", true, set_compression},
    Flag{"header", true, add_header},
    Flag{"insecure", false, set_switch<&LoadOptions::use_tls, false>},
    Flag{"tls", false, set_switch<&LoadOptions::use_tls, true>},
    Flag{"ca-file", true, set_ca_file},
    Flag{"skip-verify", false, set_switch<&LoadOptions::skip_verify, true>},
    Flag{"data-set", true, set_data_set},
    Flag{"seed", true, data_number<&Data::seed, 0, any_int>},
    Flag{"id-seed", true, whole_number<&LoadOptions::id_seed, 1, any_int>},
    Flag{"batch", true, data_number<&Data::batch, 1, 1'000'000>},
    Flag{"series", true, data_number<&Data::series, 1, 100'000'000>},
    Flag{"services", true, data_number<&Data::services, 1, 100'000>},
    Flag{"instances", true, data_number<&Data::instances, 1, 100'000>},
    Flag{"resources", true, data_number<&Data::resources_per_request, 1, 100'000>},
    Flag{"attributes", true, data_number<&Data::attributes_per_span, 1, 1000>},
    Flag{"value-bytes", true, data_number<&Data::value_bytes, 1, 65'536>},
    Flag{"line-bytes", true, data_number<&Data::log_line_bytes, 1, 1'000'000>},
    Flag{"error-fraction", true, set_error_fraction},
    Flag{"distinct-requests", true, whole_number<&LoadOptions::distinct_requests, 1, 100'000>},
};

Status unknown_flag(std::string_view name) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) names.emplace_back(flag.name);
  std::string nearest = nearest_word(name, names);
  std::string hint = nearest.empty() ? "see vigia load --help" : "did you mean --" + nearest + "?";
  return invalid_argument("--" + std::string(name) + ": no such option: " + hint);
}

// Reads the flag at `index`, and its value from the same argument or the next one.
Status apply_flag(LoadOptions& options, const std::vector<std::string>& args, size_t& index) {
  std::string_view text = args[index];
  if (text == "-h") text = "--help";
  text.remove_prefix(2);
  size_t equals = text.find('=');
  std::string_view name = text.substr(0, equals);
  for (const Flag& flag : flags) {
    if (flag.name != name) continue;
    if (!flag.takes_value) {
      if (equals != std::string_view::npos) return wrong(name, text.substr(equals + 1), "no value");
      return flag.apply(options, name, "");
    }
    if (equals != std::string_view::npos) return flag.apply(options, name, text.substr(equals + 1));
    if (index + 1 == args.size()) return invalid_argument("--" + std::string(name) + ": its value is missing");
    return flag.apply(options, name, args[++index]);
  }
  return unknown_flag(name);
}

Result<otlp::Signal> signal_by_name(std::string_view name) {
  for (otlp::Signal signal : otlp::all_signals)
    if (otlp::signal_name(signal) == name) return signal;
  return invalid_argument("\"" + std::string(name) + "\": expected traces, metrics or logs");
}

}  // namespace

Result<LoadOptions> parse_load_options(const std::vector<std::string>& args) {
  LoadOptions options;
  bool has_signal = false;
  for (size_t i = 0; i < args.size(); i++) {
    std::string_view text = args[i];
    if (text == "-h" || (text.size() > 2 && text.substr(0, 2) == "--")) {
      RETURN_IF_ERROR(apply_flag(options, args, i));
      continue;
    }
    if (has_signal) return invalid_argument("\"" + args[i] + "\": one kind of telemetry at a time");
    ASSIGN_OR_RETURN(options.data.signal, signal_by_name(text));
    has_signal = true;
  }
  if (options.wants_help) return options;
  if (!has_signal) return invalid_argument("what shall be sent? traces, metrics or logs");
  if (options.port == 0) options.port = options.protocol == LoadProtocol::grpc ? 4317 : 4318;
  // An HTTP/1.1 connection carries one request at a time.
  if (options.requests_in_flight == 0) options.requests_in_flight = options.protocol == LoadProtocol::grpc ? 4 : 1;
  return options;
}

std::string_view load_help() {
  return R"(vigia load: send made-up telemetry to an OTLP endpoint and measure.

Usage:
  vigia load traces|metrics|logs [flags]

Where to:
      --endpoint HOST:PORT  127.0.0.1, port 4317 for grpc and 4318 for http
      --protocol grpc|http  how to speak (grpc)
      --header NAME=VALUE   with every request; repeatable
      --tls, --insecure     with TLS, or in plain text (plain text)
      --ca-file FILE        trust this authority; implies --tls
      --skip-verify         trust anyone
      --timeout DURATION    of one request (10s)

How much:
      --rate N|max          items a second: spans, data points, records (max)
      --duration DURATION   how long to send (10s)
      --items N             stop after so many items
      --connections N       how many (1)
      --in-flight N         requests on one connection at the same time
                            (4 for grpc, 1 for http)
      --batch N             items in a request (1000)
      --compression NAME    none, gzip, zstd, zlib or deflate (none)
      --threads N           event loops (one for each core it may run on)

What:
      --data-set NAME       name, seed and sizes decide every byte (shop-1)
      --seed N              another one gives other data (1)
      --id-seed N           of trace and span ids (each run has its own)
      --series N            time series of metrics (10000)
      --services N, --instances N, --resources N
                            how many of them send
      --attributes N, --value-bytes N, --line-bytes N
                            how large items are
      --error-fraction F    how many of them tell of errors (0.02)
      --distinct-requests N how many requests are made before the start and
                            then sent in turn

One line of JSON on stdout tells the items sent, accepted, rejected (the
receiver asked to come later, or refused a part) and failed, the rate,
latencies in milliseconds, the data set and the CPU time of this program. With
a fixed rate the latency of a request that had to wait for others counts from
when it was due. Nothing is sent twice: uncompressed requests get fresh ids and
times before each sending. Compressed ones repeat, since changing them would
mean to compress again.

Exits with 0 when all that was sent was answered and some of it accepted, with
1 when not, and with 2 when it cannot begin.

Examples:
  vigia load traces                           ten seconds at full speed
  vigia load traces --rate 50000 --duration 1m
  vigia load metrics --series 1000000 --rate 200000
  vigia load logs --protocol http --compression gzip --connections 8 \
             --endpoint 10.0.0.7:4318
  vigia load traces --ca-file ca.pem --header authorization="Bearer secret" \
             --endpoint otel.example.com:4317
)";
}

}  // namespace vigia::app
