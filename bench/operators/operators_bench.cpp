// What operators cost, alone:
//
//   operators_bench NAME [SECONDS]     (without a name: all of them)
//
// runs lines through a chain, a thousand a batch, and prints {"name": …, "ns_per_line": …, "mb_per_s": …} for each.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "base/check.h"
#include "base/clock.h"
#include "config/yaml_reader.h"
#include "operators/chain.h"

namespace vigia {
namespace {

constexpr size_t lines_per_batch = 1000;

struct Case {
  std::string_view name;
  std::string_view operators;
  std::string_view line;  // a # becomes the line's number
};

constexpr std::string_view json_line =
    R"({"time":"2024-02-29T12:34:56.#Z","level":"info","logger":"com.example.shop.CheckoutService","thread":"http-nio-8080-exec-7",)"
    R"("msg":"order accepted and handed to the warehouse","order_id":"ord-#","customer":"c-#","amount":129.95,"items":3,"paid":true,)"
    R"("http":{"method":"POST","path":"/api/v1/orders","status":201,"duration_ms":17.25}})";

constexpr Case cases[] = {
    {"none", "[]", json_line},
    {"noop", "[{type: noop}]", json_line},
    {"json", "[{type: json_parser}]", json_line},
    {"json_time", "[{type: json_parser, timestamp: {parse_from: attributes.time, layout: '%Y-%m-%dT%H:%M:%S.%LZ'}}]", json_line},
    {"json_full",
     "[{type: json_parser, timestamp: {parse_from: attributes.time, layout: '%Y-%m-%dT%H:%M:%S.%LZ'}, severity: {parse_from: "
     "attributes.level}}, "
     "{type: move, from: attributes.msg, to: body}, {type: remove, field: attributes.time}, {type: filter, expr: 'attributes.level == "
     "\"debug\"'}]",
     json_line},
    {"regex",
     R"([{type: regex_parser, regex: '^(?P<host>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>\S+) (?P<path>\S+) \S+" (?P<status>\d+) (?P<size>\d+)'}])",
     R"(10.0.0.# - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?n=# HTTP/1.0" 200 2326)"},
    {"containerd", "[{type: container}]",
     "2024-04-13T07:59:37.505#Z stdout F an ordinary line of a container that says something about order #"},
    {"key_value", "[{type: key_value_parser}]",
     R"(level=info ts=2024-02-29T12:34:56.#Z caller=main.go:# msg="order accepted" order=ord-# duration=17ms)"},
    {"syslog", "[{type: syslog_parser, protocol: rfc5424}]",
     "<165>1 2003-10-11T22:14:15.#Z host.example.com su # ID47 - 'su root' failed for lonvick on /dev/pts/8"},
};

std::vector<std::string> lines_of(std::string_view pattern) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < lines_per_batch; i++) {
    std::string line;
    for (char c : pattern) {
      if (c == '#') {
        line += fmt::format("{:03}", i);
      } else {
        line += c;
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

void measure(const Case& one, double seconds) {
  SystemClock clock;
  SystemFiles files;
  MetricRegistry metrics;
  MemoryLedger ledger;
  config::Diagnostics diagnostics;
  auto source = std::make_shared<config::Source>(config::Source{"bench", "operators: " + std::string(one.operators)});
  std::optional<config::Node> node = config::read_yaml(source, diagnostics);
  CHECK(node.has_value());
  config::Section section(*node, "bench", diagnostics);
  operators::Chain chain = operators::decode_chain(section);
  CHECK(!diagnostics.has_errors());
  auto run = *operators::ChainRun::create(
      chain, {.clock = clock, .files = files, .metrics = metrics, .ledger = ledger, .log = Logger(), .receiver = "bench"});
  operators::Origin origin("/var/log/pods/shop_checkout-7d9_49cc7c1fd3702c40b2686ea7486091d3/checkout/0.log");
  origin.set_attribute("log.file.name", "0.log");
  std::vector<std::string> lines = lines_of(one.line);
  size_t bytes = 0;
  size_t count = 0;
  int64_t begin_ns = clock.steady_ns();
  int64_t elapsed_ns = 0;
  while (elapsed_ns < static_cast<int64_t>(seconds * 1e9)) {
    otlp::RequestWriter writer(ledger, 1 << 20);
    run->begin_batch(writer);
    for (const std::string& line : lines) {
      run->push(line, origin, {.observed_ns = begin_ns});
      bytes += line.size();
    }
    CHECK(run->end_batch() == lines_per_batch);
    CHECK(writer.take().size() > 0);
    count += lines_per_batch;
    elapsed_ns = clock.steady_ns() - begin_ns;
  }
  fmt::print("{{\"name\":\"{}\",\"ns_per_line\":{:.0f},\"mb_per_s\":{:.0f}}}\n", one.name,
             static_cast<double>(elapsed_ns) / static_cast<double>(count),
             static_cast<double>(bytes) / (static_cast<double>(elapsed_ns) / 1e3));
  std::fflush(stdout);
}

}  // namespace
}  // namespace vigia

int main(int count, char** arguments) {
  std::string_view name = count > 1 ? arguments[1] : "";
  double seconds = count > 2 ? std::atof(arguments[2]) : 1;
  for (const vigia::Case& one : vigia::cases) {
    if (name.empty() || one.name == name) vigia::measure(one, seconds);
  }
  return 0;
}
