// Any text through every parser: none may crash, hang or read out of bounds, and what comes out is always a valid request.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "config/yaml_reader.h"
#include "operators/chain.h"
#include "otlp/validate.h"

namespace {

using namespace vigia;
using namespace vigia::operators;

constexpr std::string_view configurations[] = {
    "[{type: json_parser}, {type: flatten, field: attributes.m}]",
    "[{type: json_parser, parse_to: body, parse_ints: true}, {type: json_parser, parse_from: body.a}]",
    "[{type: key_value_parser}]",
    "[{type: key_value_parser, delimiter: '::', pair_delimiter: ', '}]",
    "[{type: csv_parser, header: 'a,b,c'}]",
    "[{type: csv_parser, header: 'a,b,c', lazy_quotes: true}]",
    "[{type: syslog_parser, protocol: rfc5424}]",
    "[{type: syslog_parser, protocol: rfc5424, enable_octet_counting: true, parse_to: body}]",
    "[{type: syslog_parser, protocol: rfc3164, allow_skip_pri_header: true}]",
    "[{type: container, add_metadata_from_filepath: false}]",
    "[{type: uri_parser}]",
    "[{type: json_array_parser, parse_to: body}]",
    "[{type: unquote, field: body}]",
    "[{type: regex_replace, field: body, regex: 'a*(b?)', replace_with: '<$1>'}]",
    "[{type: time_parser, parse_from: body, layout: '%c'}, {type: time_parser, parse_from: body, layout: '%Y-%m-%dT%H:%M:%S.%L%z'}]",
    "[{type: time_parser, parse_from: body, layout_type: gotime, layout: 'Mon, 02 Jan 06 03:04:05.999PM MST'}]",
    "[{type: time_parser, parse_from: body, layout_type: epoch, layout: s.us}]",
    "[{type: severity_parser, parse_from: body}, {type: recombine, combine_field: body, is_last_entry: 'body endsWith \"}\"'}]",
};

struct World {
  SystemClock clock;
  SystemFiles files;
  MetricRegistry metrics;
  MemoryLedger ledger;
  std::vector<std::unique_ptr<ChainRun>> runs;

  World() {
    for (std::string_view text : configurations) {
      config::Diagnostics diagnostics;
      auto source = std::make_shared<config::Source>(config::Source{"fuzz", "operators: " + std::string(text)});
      std::optional<config::Node> node = config::read_yaml(source, diagnostics);
      CHECK(node.has_value());
      config::Section section(*node, "fuzz", diagnostics);
      operators::Chain chain = decode_chain(section);
      CHECK(!diagnostics.has_errors());
      runs.push_back(*ChainRun::create(
          chain, {.clock = clock, .files = files, .metrics = metrics, .ledger = ledger, .log = Logger(), .receiver = "fuzz"}));
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  std::string text(reinterpret_cast<const char*>(data), size);
  if (!is_valid_utf8(text)) text = repair_utf8(text);
  Origin origin("fuzz");
  for (auto& run : world.runs) {
    otlp::RequestWriter writer(world.ledger);
    run->begin_batch(writer);
    run->push(text, origin, {.observed_ns = 1'700'000'000'000'000'000});
    run->push(text, origin, {.observed_ns = 1'700'000'000'000'000'000});
    run->flush_all();
    size_t records = run->end_batch();
    Slice request = writer.take();
    Result<otlp::Checked> checked = otlp::validate(otlp::Signal::logs, request, world.ledger);
    CHECK(checked.is_ok() && checked->item_count == records && checked->repaired_strings == 0);
  }
  return 0;
}
