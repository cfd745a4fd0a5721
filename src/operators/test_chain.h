#pragma once

// Chains in tests: operators as YAML, lines in, records out as text.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "config/section.h"
#include "config/yaml_reader.h"
#include "operators/chain.h"
#include "operators/value_text.h"
#include "otlp/log_view.h"
#include "otlp/validate.h"
#include "otlp/view.h"

namespace vigia::operators {

// What decode makes of `text`, which has the key `operators`, and perhaps `attributes` and `resource`.
struct DecodedChain {
  config::Diagnostics diagnostics;
  Chain chain;
  GivenTexts texts;

  explicit DecodedChain(const std::string& text) {
    auto source = std::make_shared<config::Source>(config::Source{"c.yaml", text});
    std::optional<config::Node> node = config::read_yaml(source, diagnostics);
    if (!node) return;
    config::Section section(*node, "receivers::filelog", diagnostics);
    chain = decode_chain_and_texts(section, texts);
  }
  std::string first_error() const { return diagnostics.errors().empty() ? "" : config::one_line(diagnostics.errors()[0]); }
  std::string first_warning() const { return diagnostics.warnings().empty() ? "" : config::one_line(diagnostics.warnings()[0]); }
};

inline Value value_of(otlp::ValueView view, Arena& arena) {
  switch (view.kind()) {
    case otlp::ValueKind::string:
      return Value::of_text(view.string());
    case otlp::ValueKind::boolean:
      return Value::of_boolean(view.boolean());
    case otlp::ValueKind::integer:
      return Value::of_integer(view.integer());
    case otlp::ValueKind::real:
      return Value::of_floating(view.real());
    case otlp::ValueKind::bytes:
      return Value::of_bytes(view.bytes());
    case otlp::ValueKind::array: {
      List* list = List::create(arena);
      for (std::string_view item : view.array()) list->push_back(arena, value_of(otlp::ValueView(item), arena));
      return Value::of_list(list);
    }
    case otlp::ValueKind::map: {
      Map* map = Map::create(arena);
      for (const otlp::AttributeView& member : view.map()) map->append(arena, member.key, value_of(member.value(), arena));
      return Value::of_map(map);
    }
    case otlp::ValueKind::empty:
      break;
  }
  return {};
}

inline std::string json_of(const otlp::Attributes& attributes) {
  Arena arena;
  Map* map = Map::create(arena);
  for (const otlp::AttributeView& member : attributes) map->append(arena, member.key, value_of(member.value(), arena));
  std::string text;
  append_json(text, Value::of_map(map));
  return text;
}

// "body {"a":1} attributes {…} severity 17 error time 2025-06-04T00:15:23.000000000Z": what is there, floats without a point when they are whole.
inline std::string text_of(const otlp::LogRecordView& record) {
  Arena arena;
  std::string text;
  auto add = [&](std::string_view name, const std::string& value) {
    text.append(text.empty() ? "" : " ").append(name).append(" ").append(value);
  };
  if (record.body().kind() != otlp::ValueKind::empty) {
    std::string body;
    append_json(body, value_of(record.body(), arena));
    add("body", body);
  }
  if (!record.attributes().empty()) add("attributes", json_of(record.attributes()));
  if (record.severity_number() || !record.severity_text().empty())
    add("severity", std::to_string(record.severity_number()) + " " + std::string(record.severity_text()));
  if (record.time_unix_ns()) add("time", format_rfc3339(static_cast<int64_t>(record.time_unix_ns()), 9));
  if (!record.trace_id().empty()) add("trace", to_hex(record.trace_id()));
  if (!record.span_id().empty()) add("span", to_hex(record.span_id()));
  if (record.flags()) add("flags", std::to_string(record.flags()));
  return text;
}

class ChainAtWork {
 public:
  // `operators` stands behind the key: a list in brackets, or one below it that begins with a line feed. The clock stands at 2023-11-14T22:13:20Z.
  explicit ChainAtWork(const std::string& operators) : decoded_("operators: " + operators), writer_(ledger_) {
    EXPECT_EQ(decoded_.first_error(), "");
    Result<std::unique_ptr<ChainRun>> run =
        ChainRun::create(decoded_.chain, {.clock = clock,
                                          .files = files_,
                                          .metrics = metrics,
                                          .ledger = ledger_,
                                          .log = Logger(),
                                          .receiver = "filelog",
                                          .environment = [this](const std::string& name) {
                                            auto found = environment.find(name);
                                            return found == environment.end() ? std::nullopt : std::optional(found->second);
                                          }});
    EXPECT_TRUE(run.is_ok()) << (run.is_ok() ? "" : run.status().to_string());
    run_ = std::move(*run);
    run_->begin_batch(writer_);
    for (const auto& [key, text] : decoded_.texts.attributes) origin_.set_attribute(key, text);
    for (const auto& [key, text] : decoded_.texts.resource) origin_.set_resource(key, text);
  }

  ManualClock clock;
  MetricRegistry metrics;
  std::map<std::string, std::string> environment = {{"TZ", "Europe/Madrid"}};

  ChainRun& run() { return *run_; }
  void end() { run_.reset(); }
  void push(std::string_view line, const Origin& origin, uint64_t position = 0) {
    // The line is gone afterwards, as a receiver's buffer may be.
    std::string copy(line);
    run_->push(copy, origin, {.observed_ns = clock.wall_ns(), .position = position});
    std::fill(copy.begin(), copy.end(), '#');
  }
  void push(std::string_view line) { push(line, origin_); }

  // The records so far, one a line; with a resource or scope in front where it is not empty. The next batch begins.
  std::string take() {
    size_t count = run_->end_batch();
    Slice request = writer_.take();
    EXPECT_TRUE(otlp::validate(otlp::Signal::logs, request, ledger_).is_ok());
    std::string text;
    size_t records = 0;
    for (std::string_view resource_message : otlp::resource_groups(request.view())) {
      otlp::ResourceGroup resource(resource_message);
      std::string resource_text = json_of(resource.resource().attributes());
      for (std::string_view scope_message : resource.scope_groups()) {
        otlp::ScopeGroup scope(scope_message);
        for (std::string_view record : scope.items()) {
          if (resource_text != "{}") text += "resource " + resource_text + " ";
          if (!scope.scope().name().empty()) text += "scope " + std::string(scope.scope().name()) + " ";
          text += text_of(otlp::LogRecordView(record)) + "\n";
          records++;
        }
      }
    }
    EXPECT_EQ(records, count);
    run_->begin_batch(writer_);
    return text;
  }
  // What one line becomes.
  std::string of(std::string_view line) {
    push(line);
    return take();
  }

 private:
  MemoryLedger ledger_;
  SystemFiles files_;
  DecodedChain decoded_;
  otlp::RequestWriter writer_;
  Origin origin_{"/var/log/a.log"};
  std::unique_ptr<ChainRun> run_;
};

}  // namespace vigia::operators
