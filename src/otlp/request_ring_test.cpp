// Scenario: a load generator sends a ring of requests round and round.
// Guarantee: every round has ids that no other had, trees stay trees, times are near now, and all else stays as generated.

#include "otlp/request_ring.h"

#include <gtest/gtest.h>

#include <set>

#include "otlp/json_schema.h"
#include "otlp/json_write.h"
#include "otlp/validate.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

constexpr uint64_t now_ns = 1'900'000'000'000'000'000;

// Ids, times and start times of a request, gathered by name.
struct Contents {
  std::vector<std::string> trace_ids, span_ids, parent_ids;
  std::vector<uint64_t> times, starts;
  std::string rest;  // everything else
};

void gather(const JsonMessage& schema, std::string_view message, Contents& contents) {
  Cursor cursor(message);
  for (Field field; cursor.next(field);) {
    for (const JsonField& known : schema.fields) {
      if (known.number != field.id()) continue;
      if (known.kind == JsonKind::trace_id) {
        contents.trace_ids.emplace_back(field.content);
      } else if (known.kind == JsonKind::span_id) {
        (known.name == "parentSpanId" ? contents.parent_ids : contents.span_ids).emplace_back(field.content);
      } else if (known.name == "startTimeUnixNano" && schema.name != "Span") {
        contents.starts.push_back(field.number);
      } else if (known.name.ends_with("imeUnixNano")) {
        contents.times.push_back(field.number);
      } else if (known.kind == JsonKind::message) {
        gather(*known.message, field.content, contents);
      } else {
        contents.rest += field.whole;
      }
    }
  }
}

Contents contents_of(Signal signal, const Slice& request) {
  Contents contents;
  gather(json_request(signal), request.view(), contents);
  return contents;
}

DataSetOptions options_for(Signal signal) {
  DataSetOptions options;
  options.signal = signal;
  options.batch = 200;
  options.series = 300;
  return options;
}

constexpr size_t ring_size = 8;

}  // namespace

class RequestRingTest : public ::testing::TestWithParam<Signal> {
 protected:
  MemoryLedger ledger_;
};

TEST_P(RequestRingTest, IdsAreNewEachRoundAndAllElseStays) {
  Signal signal = GetParam();
  RequestRing ring = RequestRing::create(options_for(signal), ring_size, 7, ledger_).value();
  std::set<std::string> span_ids;
  std::set<std::string> trace_ids;
  size_t span_id_count = 0;
  std::vector<std::string> rests;
  std::vector<size_t> traces_of_round;
  for (size_t i = 0; i < 3 * ring_size; i++) {
    const Slice& request = ring.next(now_ns + i * 1'000'000);
    Result<Checked> checked = validate(signal, request, ledger_);
    ASSERT_TRUE(checked.is_ok());
    EXPECT_EQ(checked->item_count, ring.items_per_request());
    Contents contents = contents_of(signal, request);
    span_id_count += contents.span_ids.size();
    span_ids.insert(contents.span_ids.begin(), contents.span_ids.end());
    trace_ids.insert(contents.trace_ids.begin(), contents.trace_ids.end());
    if (i % ring_size == ring_size - 1) traces_of_round.push_back(trace_ids.size());
    if (i < ring_size) {
      rests.push_back(contents.rest);
    } else {
      EXPECT_EQ(contents.rest, rests[i % ring_size]);
    }
  }
  EXPECT_EQ(span_ids.size(), span_id_count);
  EXPECT_EQ(traces_of_round[1], 2 * traces_of_round[0]);
  EXPECT_EQ(traces_of_round[2], 3 * traces_of_round[0]);
}

TEST_P(RequestRingTest, TimesAreNearNow) {
  Signal signal = GetParam();
  RequestRing ring = RequestRing::create(options_for(signal), ring_size, 7, ledger_).value();
  for (size_t i = 0; i < 3 * ring_size; i++) {
    uint64_t now = now_ns + i * 1'000'000;
    Contents contents = contents_of(signal, ring.next(now));
    for (uint64_t time : contents.times) {
      EXPECT_LE(time, now);
      EXPECT_GE(time, now - 30'000'000'000);
    }
    for (uint64_t start : contents.starts) EXPECT_LT(start, now);
  }
}

TEST_P(RequestRingTest, TheFirstRoundMayBeTheDataSetItself) {
  Signal signal = GetParam();
  RequestRing ring = RequestRing::create(options_for(signal), 2, 0, ledger_).value();
  Generator generator = Generator::create(options_for(signal)).value();
  Appender request(ledger_);
  generator.next_request(request);
  Contents generated = contents_of(signal, request.take());
  Contents sent = contents_of(signal, ring.next(now_ns));
  EXPECT_EQ(sent.trace_ids, generated.trace_ids);
  EXPECT_EQ(sent.span_ids, generated.span_ids);
  EXPECT_EQ(sent.parent_ids, generated.parent_ids);
  EXPECT_EQ(sent.rest, generated.rest);
}

INSTANTIATE_TEST_SUITE_P(AllSignals, RequestRingTest, ::testing::ValuesIn(all_signals),
                         [](const auto& signal) { return std::string(signal_name(signal.param)); });

TEST(RequestRingTraces, ParentsKeepTheirChildren) {
  MemoryLedger ledger;
  RequestRing ring = RequestRing::create(options_for(Signal::traces), ring_size, 7, ledger).value();
  for (int round = 0; round < 3; round++) {
    std::set<std::string> ids;
    std::vector<std::string> parents;
    for (size_t i = 0; i < ring_size; i++) {
      Contents contents = contents_of(Signal::traces, ring.next(now_ns + i));
      ids.insert(contents.span_ids.begin(), contents.span_ids.end());
      parents.insert(parents.end(), contents.parent_ids.begin(), contents.parent_ids.end());
    }
    size_t found = 0;
    for (const std::string& parent : parents) found += ids.contains(parent);
    static size_t found_at_first = found;
    EXPECT_EQ(found, found_at_first);
    EXPECT_GT(found, parents.size() / 20);
  }
}

TEST(RequestRingMetrics, CountersBeginAnewEachRound) {
  MemoryLedger ledger;
  RequestRing ring = RequestRing::create(options_for(Signal::metrics), ring_size, 7, ledger).value();
  std::set<uint64_t> cumulative_starts;
  for (size_t i = 0; i < 2 * ring_size; i++) {
    uint64_t now = now_ns + i * 60'000'000'000;
    uint64_t begin = now_ns + i / ring_size * ring_size * 60'000'000'000;
    Contents contents = contents_of(Signal::metrics, ring.next(now));
    for (uint64_t start : contents.starts)
      if (start == begin - 1'000'000'000) cumulative_starts.insert(start);
  }
  EXPECT_EQ(cumulative_starts.size(), 2u);
}

TEST(RequestRingSize, IsBounded) {
  MemoryLedger ledger;
  DataSetOptions options;
  EXPECT_FALSE(RequestRing::create(options, 0, 0, ledger).is_ok());
  EXPECT_FALSE(RequestRing::create(options, 10'000, 0, ledger).is_ok());
  EXPECT_EQ(ledger.held_bytes(), 0);
}

}  // namespace vigia::otlp
