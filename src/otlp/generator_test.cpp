// Scenario: data sets of all signals, with the usual and with odd options.
// Guarantee: they are valid OTLP of the size that was asked for, look like what they claim to be, and their bytes never change
// under one name.

#include "otlp/generator.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "otlp/json_write.h"
#include "otlp/validate.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

DataSetOptions options_for(Signal signal, size_t batch = 1000) {
  DataSetOptions options;
  options.signal = signal;
  options.batch = batch;
  return options;
}

std::string hash(const DataSetOptions& options, size_t count = 20) { return data_set_hash(options, count).value(); }

class Requests {
 public:
  explicit Requests(const DataSetOptions& options) : options_(options), generator_(Generator::create(options).value()) {}

  // The next request, checked at the door.
  std::string next() {
    Appender out(ledger_);
    generator_.next_request(out);
    Slice request = out.take();
    Result<Checked> checked = validate(options_.signal, request, ledger_);
    EXPECT_TRUE(checked.is_ok()) << checked.status().message();
    EXPECT_EQ(checked->item_count, options_.batch);
    EXPECT_EQ(checked->repaired_strings, 0u);
    EXPECT_EQ(checked->body.view(), request.view());
    return std::string(request.view());
  }

 private:
  DataSetOptions options_;
  MemoryLedger ledger_;
  Generator generator_;
};

// Calls visit(resource's content, item) for all items of a request.
template <typename Visit>
void for_each_item(std::string_view request, Visit visit) {
  Cursor groups(request);
  for (Field group; groups.next(group);) {
    std::string_view resource;
    Cursor parts(group.content);
    for (Field part; parts.next(part);) {
      if (part.id() == 1) resource = part.content;
      if (part.id() != 2) continue;
      Cursor items(part.content);
      for (Field item; items.next(item);)
        if (item.id() == 2) visit(resource, item.content);
    }
  }
}

struct Span {
  std::string trace_id, id, parent_id;
  uint64_t start_ns = 0, end_ns = 0;
  size_t attribute_count = 0;
  bool is_error = false;
};

Span parse_span(std::string_view message) {
  Span span;
  Cursor cursor(message);
  for (Field field; cursor.next(field);) {
    if (field.id() == 1) span.trace_id = field.content;
    if (field.id() == 2) span.id = field.content;
    if (field.id() == 4) span.parent_id = field.content;
    if (field.id() == 7) span.start_ns = field.number;
    if (field.id() == 8) span.end_ns = field.number;
    if (field.id() == 9) span.attribute_count++;
    if (field.id() == 15) span.is_error = true;
  }
  return span;
}

}  // namespace

// A change here means that figures measured with this name are not comparable any more: give the data set a new name.
TEST(DataSet, BytesNeverChange) {
  EXPECT_EQ(hash(options_for(Signal::traces)), "465591743b0ce61c");
  EXPECT_EQ(hash(options_for(Signal::metrics)), "a56831cf1c5e34c4");
  EXPECT_EQ(hash(options_for(Signal::logs)), "590403884c9c3814");
  DataSetOptions odd = options_for(Signal::traces, 7);
  odd.seed = 42;
  odd.services = 33;
  odd.instances = 2;
  odd.attributes_per_span = 25;
  odd.value_bytes = 100;
  odd.error_fraction = 0.5;
  EXPECT_EQ(hash(odd), "834d797b49b5cd74");
}

TEST(DataSet, EveryOptionCounts) {
  for (Signal signal : all_signals) {
    const DataSetOptions usual = options_for(signal);
    std::set<std::string> hashes = {hash(usual, 2)};
    auto expect_new = [&](auto change) {
      DataSetOptions changed = usual;
      change(changed);
      EXPECT_TRUE(hashes.insert(hash(changed, 2)).second) << signal_name(signal) << hashes.size();
    };
    EXPECT_EQ(hash(usual, 2), *hashes.begin());
    expect_new([](DataSetOptions& o) { o.seed = 2; });
    expect_new([](DataSetOptions& o) { o.batch = 999; });
    expect_new([](DataSetOptions& o) { o.services = 19; });
    expect_new([](DataSetOptions& o) { o.instances = 4; });
    expect_new([](DataSetOptions& o) { o.start_time_ns++; });
    if (signal == Signal::metrics) {
      expect_new([](DataSetOptions& o) { o.series = 20'000; });
      continue;
    }
    expect_new([](DataSetOptions& o) { o.resources_per_request = 2; });
    expect_new([](DataSetOptions& o) { o.error_fraction = 0.3; });
    expect_new([](DataSetOptions& o) { o.items_per_second = 100; });
    if (signal == Signal::logs) expect_new([](DataSetOptions& o) { o.log_line_bytes = 500; });
    if (signal == Signal::traces) expect_new([](DataSetOptions& o) { o.attributes_per_span = 12; });
  }
}

TEST(DataSet, TheStartMovesTimestampsAndNothingElse) {
  for (Signal signal : all_signals) {
    DataSetOptions options = options_for(signal, 200);
    std::string early = Requests(options).next();
    options.start_time_ns += 5;
    std::string late = Requests(options).next();
    ASSERT_EQ(early.size(), late.size());
    // Only fixed64 words differ: in JSON, where a word is one value, no other line does.
    MemoryLedger ledger;
    Appender a(ledger);
    Appender b(ledger);
    write_json(signal, early, a);
    write_json(signal, late, b);
    std::string_view x = a.view();
    std::string_view y = b.view();
    ASSERT_EQ(x.size(), y.size());
    for (size_t i = 0; i < x.size(); i++) {
      if (x[i] == y[i]) continue;
      size_t name = x.rfind("Nano\":\"", i);
      ASSERT_NE(name, std::string_view::npos);
      ASSERT_LT(i - name, 7u + 20u) << x.substr(name, 60);
    }
  }
}

TEST(DataSet, OddOptionsGiveWholeRequests) {
  for (Signal signal : all_signals) {
    for (size_t batch : {1, 3, 20, 333}) {
      DataSetOptions options = options_for(signal, batch);
      options.services = 3;
      options.instances = 1;
      options.series = 7;
      options.attributes_per_span = batch % 100;
      options.resources_per_request = batch / 3;
      options.log_line_bytes = batch * 10;
      Requests requests(options);
      for (int i = 0; i < 5; i++) requests.next();
    }
  }
}

TEST(DataSet, NonsenseIsRefused) {
  auto refused = [](auto change) {
    DataSetOptions options;
    change(options);
    Result<Generator> generator = Generator::create(options);
    return generator.is_ok() ? std::string("taken") : generator.status().message();
  };
  EXPECT_EQ(refused([](DataSetOptions& o) { o.name = "shop-0"; }),
            "cannot generate telemetry: no data set is called \"shop-0\"; known: shop-1");
  EXPECT_EQ(refused([](DataSetOptions& o) { o.batch = 0; }), "cannot generate telemetry: batch is 0, expected 1 to 100000");
  EXPECT_NE(refused([](DataSetOptions& o) { o.series = 0; }), "taken");
  EXPECT_NE(refused([](DataSetOptions& o) { o.error_fraction = 2; }), "taken");
  EXPECT_NE(refused([](DataSetOptions& o) { o.services = o.instances = 1'000; }), "taken");
  EXPECT_NE(refused([](DataSetOptions& o) { o.resources_per_request = 1'001; }), "taken");
  EXPECT_NE(refused([](DataSetOptions& o) {
              o.value_bytes = 65'536;
              o.attributes_per_span = 128;
            }),
            "taken");
  EXPECT_NE(refused([](DataSetOptions& o) {
              o.services = o.instances = 100;
              o.batch = 100'000;
            }),
            "taken");
}

TEST(DataSet, TracesAreTreesThroughServices) {
  Requests requests(options_for(Signal::traces));
  std::map<std::string, std::map<std::string, Span>> traces;
  std::map<std::string, std::set<std::string_view>> resources;
  std::string all;
  size_t errors = 0;
  constexpr size_t request_count = 50;
  std::vector<std::string> kept;
  for (size_t i = 0; i < request_count; i++) kept.push_back(requests.next());
  for (const std::string& request : kept) {
    for_each_item(request, [&](std::string_view resource, std::string_view item) {
      Span span = parse_span(item);
      ASSERT_EQ(span.trace_id.size(), 16u);
      ASSERT_EQ(span.attribute_count, 10u);
      ASSERT_LT(span.start_ns, span.end_ns);
      errors += span.is_error;
      resources[span.trace_id].insert(resource);
      ASSERT_TRUE(traces[span.trace_id].emplace(span.id, span).second) << "span ids are unique";
    });
  }
  EXPECT_NEAR(static_cast<double>(errors) / (request_count * 1'000), 0.02, 0.005);
  // Spans still wait for their instance's turn, so some parents are not here yet; those that are hold their children.
  size_t parents = 0;
  size_t spans = 0;
  size_t many_services = 0;
  for (const auto& [id, trace] : traces) {
    spans += trace.size();
    many_services += resources[id].size() > 2;
    for (const auto& [span_id, span] : trace) {
      auto parent = trace.find(span.parent_id);
      if (parent == trace.end()) continue;
      parents++;
      EXPECT_GE(span.start_ns, parent->second.start_ns);
      EXPECT_LE(span.end_ns, parent->second.end_ns + 1'000);
    }
  }
  EXPECT_GT(parents, spans / 2);
  EXPECT_GT(many_services, traces.size() / 3);
  size_t bytes = 0;
  for (const std::string& request : kept) bytes += request.size();
  EXPECT_NEAR(static_cast<double>(bytes) / static_cast<double>(spans), 430, 30);
}

TEST(DataSet, MetricsHaveTheirSeriesAndAdvance) {
  DataSetOptions options = options_for(Signal::metrics, 500);
  options.series = 2'000;
  Requests requests(options);
  // A cycle of collections is four requests. A series is the resource, the metric's name and the point's attributes.
  std::map<std::string, uint64_t> counters;
  std::set<std::string> series;
  size_t advanced = 0;
  for (int i = 0; i < 12; i++) {
    std::string request = requests.next();
    for_each_item(request, [&](std::string_view resource, std::string_view metric) {
      std::string name(resource);
      Cursor fields(metric);
      for (Field field; fields.next(field);) {
        if (field.id() == 1) name += field.content;
        if (field.id() < 5 || field.id() > 11) continue;
        Cursor points(field.content);
        for (Field point; points.next(point);) {
          if (point.id() != 1) continue;
          std::string key = name;
          uint64_t value = 0;
          Cursor parts(point.content);
          for (Field part; parts.next(part);) {
            // Attributes are field 9 of histograms, 1 of exponential ones and 7 of all others.
            uint32_t attributes = field.id() == 9 ? 9 : field.id() == 10 ? 1 : 7;
            if (part.id() == attributes) key += part.content;
            if (part.id() == 6 && part.type() == WireType::fixed64) value = part.number;
          }
          series.insert(key);
          if (!name.ends_with("http.server.request.count")) continue;
          auto [before, is_new] = counters.emplace(key, value);
          EXPECT_GE(value, before->second) << "counters do not go back";
          advanced += !is_new && value > before->second;
          before->second = value;
        }
      }
    });
  }
  EXPECT_EQ(series.size(), options.series);
  EXPECT_GT(advanced, counters.size());
}

TEST(DataSet, LogsAreMixedLines) {
  Requests requests(options_for(Signal::logs));
  std::map<uint64_t, size_t> severities;
  size_t with_trace = 0;
  size_t json_lines = 0;
  std::string request = requests.next();
  for_each_item(request, [&](std::string_view, std::string_view item) {
    Cursor cursor(item);
    for (Field field; cursor.next(field);) {
      if (field.id() == 2) severities[field.number]++;
      if (field.id() == 9) with_trace++;
      if (field.id() == 5) json_lines += field.content.find("{\"level\":") != std::string_view::npos;
    }
  });
  EXPECT_GE(severities.size(), 5u);
  EXPECT_GT(severities[9], 600u);
  EXPECT_NEAR(static_cast<double>(with_trace), 667, 60);
  EXPECT_NEAR(static_cast<double>(json_lines), 285, 60);
}

TEST(DataSet, LogLinesAreFilledUp) {
  DataSetOptions options = options_for(Signal::logs, 100);
  options.log_line_bytes = 2'000;
  options.error_fraction = 0;
  std::string request = Requests(options).next();
  EXPECT_GT(request.size(), 100u * 1'800);
}

}  // namespace vigia::otlp
