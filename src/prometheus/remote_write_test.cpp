// Scenario: series in any order, twice, too many for one request. Guarantee: each series' samples come in order in the requests of one shard, once,
// and both versions of the protocol say the same.

#include "prometheus/remote_write.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "base/snappy.h"
#include "otlp/field_view.h"
#include "otlp/wire.h"

namespace vigia::prometheus {
namespace {

// What a receiver reads: "a=b,c=d" → "value@time" in the order they came.
struct Received {
  std::map<std::string, std::vector<std::string>> samples;
  std::map<std::string, std::vector<std::string>> exemplars;
  std::map<std::string, size_t> histograms;
  std::map<std::string, std::string> metadata;  // By name: "type help unit".
  std::vector<std::string> problems;
};

class Reader {
 public:
  Reader(std::string_view body, WriteVersion version, Received& out) : is_v2_(version == WriteVersion::v2), out_(out) {
    for (std::string_view symbol : otlp::RepeatedMessages(body, 4)) symbols_.emplace_back(symbol);
    if (is_v2_ && (symbols_.empty() || !symbols_[0].empty())) out_.problems.push_back("the first symbol is not empty");
    std::set<std::string> seen;
    for (std::string_view series : otlp::RepeatedMessages(body, is_v2_ ? 5 : 1))
      if (!seen.insert(read_series(series)).second) out_.problems.push_back("a series twice in a request");
    for (std::string_view one : otlp::RepeatedMessages(body, 3))
      out_.metadata[std::string(otlp::bytes_field(one, 2))] = std::to_string(otlp::varint_field(one, 1)) + " " +
                                                              std::string(otlp::bytes_field(one, 4)) + " " +
                                                              std::string(otlp::bytes_field(one, 5));
  }

 private:
  std::string labels_of(std::string_view message) {
    std::string text;
    if (!is_v2_) {
      for (std::string_view label : otlp::RepeatedMessages(message, 1))
        text += std::string(otlp::bytes_field(label, 1)) + "=" + std::string(otlp::bytes_field(label, 2)) + ",";
      return text;
    }
    bool is_name = true;
    otlp::for_each_varint(message, 1, [&](uint64_t reference) {
      if (reference >= symbols_.size()) return out_.problems.push_back("a reference to no symbol");
      text += symbols_[reference] + (is_name ? "=" : ",");
      is_name = !is_name;
    });
    return text;
  }
  static std::string point(std::string_view message, uint32_t value, uint32_t time) {
    return std::to_string(static_cast<int>(otlp::double_field(message, value).value_or(0))) + "@" +
           std::to_string(static_cast<int64_t>(otlp::varint_field(message, time)));
  }
  std::string read_series(std::string_view message) {
    std::string labels = labels_of(message);
    for (std::string_view sample : otlp::RepeatedMessages(message, 2)) out_.samples[labels].push_back(point(sample, 1, 2));
    for (std::string_view exemplar : otlp::RepeatedMessages(message, is_v2_ ? 4 : 3))
      out_.exemplars[labels].push_back(labels_of(exemplar) + point(exemplar, 2, 3));
    for (std::string_view histogram : otlp::RepeatedMessages(message, is_v2_ ? 3 : 4))
      out_.histograms[labels] += otlp::varint_field(histogram, 1);
    if (is_v2_) {
      std::string_view metadata = otlp::message_field(message, 5);
      out_.metadata[labels] = std::to_string(otlp::varint_field(metadata, 1)) + " " + symbols_.at(otlp::varint_field(metadata, 3)) + " " +
                              symbols_.at(otlp::varint_field(metadata, 4));
    }
    return labels;
  }

  const bool is_v2_;
  std::vector<std::string> symbols_;
  Received& out_;
};

class RemoteWrite : public testing::TestWithParam<WriteVersion> {
 protected:
  WriteBatch batch(uint32_t shards = 1, size_t max_bytes = 3'000'000) {
    return WriteBatch(42, shards, {GetParam(), max_bytes, true}, ledger_);
  }
  Received read(const std::vector<WriteRequest>& requests) {
    Received received;
    for (const WriteRequest& request : requests) {
      Result<Slice> plain = snappy_decompress(request.body.view(), 64 << 20, ledger_);
      EXPECT_TRUE(plain.is_ok());
      largest_ = std::max(largest_, plain->size());
      Reader(plain->view(), GetParam(), received);
    }
    EXPECT_TRUE(received.problems.empty()) << received.problems.front();
    return received;
  }
  static void family(WriteBatch& batch, std::string_view name) {
    Family one;
    one.name = name;
    one.type = FamilyType::counter;
    one.help = "what it is";
    one.unit = "bytes";
    batch.on_family(one);
  }
  static void sample(WriteBatch& batch, std::string_view name, double value, int64_t time_ms) {
    LabelView labels[] = {{"__name__", name}, {"a", "b"}};
    batch.on_sample(labels, {value, time_ms, 0});
  }

  MemoryLedger ledger_;
  size_t largest_ = 0;
};

TEST_P(RemoteWrite, samples_in_the_order_of_time_and_once) {
  WriteBatch one = batch();
  family(one, "x");
  for (int64_t time : {30, 10, 20, 10, 40}) sample(one, "x", static_cast<double>(time), time);
  sample(one, "x", 99, 20);
  sample(one, "y", 1, 5);
  std::vector<WriteRequest> requests = one.take();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].samples, 5u);
  Received received = read(requests);
  EXPECT_EQ(received.samples["__name__=x,a=b,"], (std::vector<std::string>{"10@10", "20@20", "30@30", "40@40"}))
      << "of two the first stays";
  EXPECT_EQ(received.samples["__name__=y,a=b,"], (std::vector<std::string>{"1@5"}));
  EXPECT_EQ(one.take_counts().duplicates, 2u);
  EXPECT_TRUE(one.take().empty()) << "it begins afresh";
}

TEST_P(RemoteWrite, times_before_1970_and_metadata) {
  WriteBatch one = batch();
  family(one, "x");
  sample(one, "x", 1, -5);
  Received received = read(one.take());
  EXPECT_EQ(received.samples["__name__=x,a=b,"], (std::vector<std::string>{"1@-5"}));
  EXPECT_EQ(received.metadata[GetParam() == WriteVersion::v2 ? "__name__=x,a=b," : "x"], "1 what it is bytes");
}

TEST_P(RemoteWrite, exemplars_and_histograms_belong_to_their_series) {
  WriteBatch one = batch();
  family(one, "x");
  LabelView labels[] = {{"__name__", "x"}};
  SparseHistogram histogram;
  histogram.count = 3;
  histogram.positive.add(1, 3);
  histogram.time_ms = 7;
  one.on_histogram(labels, histogram);
  LabelView id[] = {{"trace_id", "t"}};
  one.on_exemplar({id, 2, 9});
  one.on_exemplar({{}, 1, 8});
  sample(one, "y", 1, 1);
  std::vector<WriteRequest> requests = one.take();
  EXPECT_EQ(requests.at(0).histograms, 1u);
  EXPECT_EQ(requests.at(0).exemplars, 2u);
  Received received = read(requests);
  EXPECT_EQ(received.histograms["__name__=x,"], 3u);
  EXPECT_EQ(received.exemplars["__name__=x,"], (std::vector<std::string>{"1@8", "trace_id=t,2@9"}));
}

TEST_P(RemoteWrite, shards_and_sizes) {
  WriteBatch one = batch(4, 5'000);
  family(one, "x");
  constexpr int series = 500;
  for (int round = 0; round < 3; round++)
    for (int i = 0; i < series; i++) sample(one, "metric_" + std::to_string(i), round, round + 1);
  std::vector<WriteRequest> requests = one.take();
  std::set<uint32_t> shards;
  std::map<std::string, uint32_t> shard_of;
  for (const WriteRequest& request : requests) {
    shards.insert(request.shard);
    for (const auto& [labels, samples] : read({request}).samples) {
      EXPECT_EQ(samples.size(), 3u);
      EXPECT_TRUE(shard_of.emplace(labels, request.shard).second) << labels << " is in two requests";
    }
  }
  EXPECT_EQ(shard_of.size(), static_cast<size_t>(series));
  EXPECT_EQ(shards.size(), 4u);
  EXPECT_GT(requests.size(), 4u);
  EXPECT_LT(largest_, 5'000u);
  // The same series is in the same shard the next time.
  family(one, "x");
  sample(one, "metric_7", 1, 9);
  EXPECT_EQ(one.take().at(0).shard, shard_of["__name__=metric_7,a=b,"]);
}

// Labels that stand once in a request of OTLP, and in all its series.
TEST_P(RemoteWrite, large_labels_do_not_take_all_memory) {
  WriteBatch one = batch(2);
  family(one, "x");
  std::string large(1 << 20, 'x');
  for (int i = 0; i < 100; i++) {
    std::string number = std::to_string(i);
    LabelView labels[] = {{"__name__", "x"}, {"i", number}, {"large", large}};
    one.on_sample(labels, {1, 1, 0});
    EXPECT_LT(ledger_.held_bytes(), 40 << 20);
  }
  EXPECT_EQ(read(one.take()).samples.size(), 100u);
}

TEST_P(RemoteWrite, a_request_in_halves) {
  WriteBatch one = batch();
  family(one, "x");
  for (int i = 0; i < 5; i++) sample(one, "metric_" + std::to_string(i), i, 1);
  std::vector<WriteRequest> whole = one.take();
  std::vector<WriteRequest> halves = split_request(whole.at(0), GetParam(), ledger_);
  ASSERT_EQ(halves.size(), 2u);
  EXPECT_EQ(halves[0].samples + halves[1].samples, 5u);
  EXPECT_EQ(read(halves).samples, read(whole).samples);
  std::vector<WriteRequest> quarter = split_request(halves[0], GetParam(), ledger_);
  ASSERT_EQ(quarter.size(), 2u);
  EXPECT_TRUE(split_request(quarter[0], GetParam(), ledger_).empty()) << "a single sample is not cut";
}

TEST_P(RemoteWrite, a_series_in_halves) {
  WriteBatch one = batch();
  family(one, "x");
  for (int64_t time_ms : {30, 10, 50, 20, 40}) sample(one, "metric", 1, time_ms);
  std::vector<WriteRequest> whole = one.take();
  std::vector<WriteRequest> halves = split_request(whole.at(0), GetParam(), ledger_);
  ASSERT_EQ(halves.size(), 2u);
  Received first = read({halves[0]});
  ASSERT_EQ(first.samples.size(), 1u);
  EXPECT_EQ(first.samples.begin()->second, (std::vector<std::string>{"1@10", "1@20"}));
  EXPECT_EQ(halves[0].samples, 2u);
  EXPECT_EQ(read(halves).samples, read(whole).samples);
  EXPECT_EQ(read({halves[1]}).metadata, read(whole).metadata);
}

INSTANTIATE_TEST_SUITE_P(Versions, RemoteWrite, testing::Values(WriteVersion::v1, WriteVersion::v2),
                         [](const auto& info) { return info.param == WriteVersion::v1 ? "v1" : "v2"; });

}  // namespace
}  // namespace vigia::prometheus
