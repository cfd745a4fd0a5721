// Scenario: shards whose requests fail, are refused, are too large, in every mixture.
// Guarantee: what was written is not sent again, nothing of a shard overtakes what failed before it, and other shards go on.

#include "exporters/prometheusremotewrite/write_round.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/snappy.h"
#include "otlp/field_view.h"

namespace vigia::exporters {
namespace {

using prometheus::LabelView;
using prometheus::WriteRequest;
using prometheus::WriteVersion;
using Verdict = WriteRound::Verdict;

class Round : public testing::Test {
 protected:
  // One request for each name of a shard.
  void make(const std::vector<std::vector<std::string>>& shards) {
    std::vector<WriteRequest> requests;
    for (uint32_t shard = 0; shard < shards.size(); shard++) {
      for (const std::string& name : shards[shard]) {
        WriteRequest& request = requests.emplace_back();
        request.shard = shard;
        request.body = Slice::copy_of(name, ledger_);
      }
    }
    round_ = std::make_shared<WriteRound>(Chain(), std::move(requests), static_cast<uint32_t>(shards.size()));
  }
  Status run() {
    Status result = internal_error("no answer");
    sent_.clear();
    int answers = 0;
    round_->run(
        [this](const WriteRequest& request, Function<void(WriteRound::Answer)> answered) {
          std::string name(request.body.view());
          sent_.push_back(name);
          auto answer = answers_.find(name);
          answered(answer == answers_.end() ? WriteRound::Answer{} : answer->second);
        },
        WriteVersion::v1, ledger_,
        [&](Status status) {
          answers++;
          result = std::move(status);
        });
    EXPECT_EQ(answers, 1);
    return result;
  }
  void answer(const std::string& name, Verdict verdict, Status status) { answers_[name] = {verdict, std::move(status)}; }

  MemoryLedger ledger_;
  std::shared_ptr<WriteRound> round_;
  std::map<std::string, WriteRound::Answer> answers_;
  std::vector<std::string> sent_;
};
using Names = std::vector<std::string>;

TEST_F(Round, all_is_written) {
  make({{"a1", "a2"}, {}, {"c1"}});
  EXPECT_TRUE(run().is_ok());
  EXPECT_EQ(sent_, (Names{"a1", "a2", "c1"}));
  EXPECT_EQ(round_->requests_left(), 0u);
  EXPECT_TRUE(run().is_ok()) << "nothing is left";
}

TEST_F(Round, a_failure_holds_up_its_own_shard) {
  make({{"a1", "a2", "a3"}, {"b1", "b2"}});
  answer("a2", Verdict::retry, unavailable("HTTP 503").retryable_after_ms(700));
  Status status = run();
  EXPECT_TRUE(status.is_retryable());
  EXPECT_EQ(status.retry_delay_ms(), 700);
  EXPECT_EQ(sent_, (Names{"a1", "a2", "b1", "b2"}));
  EXPECT_EQ(round_->requests_left(), 2u);
  answers_.clear();
  EXPECT_TRUE(run().is_ok());
  EXPECT_EQ(sent_, (Names{"a2", "a3"})) << "what was written is not sent again";
}

TEST_F(Round, a_refusal_is_told_when_all_is_done) {
  make({{"a1", "a2"}, {"b1"}});
  answer("a1", Verdict::refused, invalid_argument("HTTP 400 out of order"));
  answer("b1", Verdict::retry, unavailable("HTTP 500"));
  EXPECT_TRUE(run().is_retryable());
  EXPECT_EQ(sent_, (Names{"a1", "a2", "b1"})) << "what stands behind a refused one goes on";
  answers_.clear();
  Status status = run();
  EXPECT_FALSE(status.is_retryable());
  EXPECT_EQ(status.message(), "HTTP 400 out of order");
  EXPECT_EQ(sent_, (Names{"b1"}));
}

TEST_F(Round, the_longest_wait_counts) {
  make({{"a"}, {"b"}, {"c"}});
  answer("a", Verdict::retry, unavailable("x").retryable_after_ms(10));
  answer("b", Verdict::retry, unavailable("y").retryable_after_ms(5'000));
  answer("c", Verdict::retry, unavailable("z"));
  EXPECT_EQ(run().retry_delay_ms(), 5'000);
}

// A round of one request with so many series, each with samples at 1 and 2.
class CutRound : public Round {
 protected:
  void make_series(int count) {
    prometheus::WriteBatch batch(1, 1, {}, ledger_);
    prometheus::Family family;
    family.name = "x";
    batch.on_family(family);
    for (int i = 0; i < count; i++) {
      std::string name = "x" + std::to_string(i);
      LabelView labels[] = {{"__name__", name}};
      for (int64_t time_ms : {1, 2}) batch.on_sample(labels, {static_cast<double>(i), time_ms, 0});
    }
    round_ = std::make_shared<WriteRound>(Chain(), batch.take(), 1);
  }
  // "x7@2" of all samples of a request.
  std::vector<std::string> samples_of(const WriteRequest& request) {
    std::vector<std::string> found;
    Slice plain = std::move(snappy_decompress(request.body.view(), 1 << 20, ledger_).value());
    for (std::string_view series : otlp::RepeatedMessages(plain.view(), 1)) {
      std::string name(otlp::bytes_field(*otlp::RepeatedMessages(series, 1).begin(), 2));
      for (std::string_view sample : otlp::RepeatedMessages(series, 2))
        found.push_back(name + "@" + std::to_string(otlp::varint_field(sample, 2)));
    }
    return found;
  }
  // Refuses whole requests that have one of the bad samples.
  Status run_with(const std::set<std::string>& bad, Verdict verdict = Verdict::refused) {
    Status result = internal_error("no answer");
    round_->run(
        [&](const WriteRequest& request, Function<void(WriteRound::Answer)> answered) {
          sends_++;
          std::vector<std::string> samples = samples_of(request);
          bool is_bad = std::any_of(samples.begin(), samples.end(), [&](const std::string& one) { return bad.contains(one); });
          if (is_bad) return answered({verdict, invalid_argument("HTTP 400 out of order")});
          written_.insert(written_.end(), samples.begin(), samples.end());
          answered({});
        },
        WriteVersion::v1, ledger_, [&](Status status) { result = std::move(status); });
    return result;
  }
  std::vector<std::string> written_;
  int sends_ = 0;
};

TEST_F(CutRound, one_bad_sample_costs_only_itself) {
  make_series(1000);
  Status status = run_with({"x123@1"});
  EXPECT_EQ(status.message(), "HTTP 400 out of order");
  EXPECT_EQ(written_.size(), 1999u);
  EXPECT_EQ(std::count(written_.begin(), written_.end(), "x123@2"), 1) << "the other sample of its series is good";
  EXPECT_EQ(round_->rejected_samples(), 1u);
  EXPECT_TRUE(round_->is_any_written());
  EXPECT_EQ(round_->requests_left(), 0u);
  EXPECT_LE(sends_, 2 * 11 + 1);
  // The order within a series stays.
  for (int i = 0; i < 1000; i++) {
    auto place = [&](const char* time) { return std::find(written_.begin(), written_.end(), "x" + std::to_string(i) + time); };
    if (i == 123) continue;
    EXPECT_LT(place("@1"), place("@2"));
  }
}

TEST_F(CutRound, several_bad_ones_are_all_found) {
  make_series(1000);
  EXPECT_FALSE(run_with({"x1@1", "x500@2", "x501@1", "x999@2"}).is_ok());
  EXPECT_EQ(written_.size(), 1996u);
  EXPECT_EQ(round_->rejected_samples(), 4u);
}

TEST_F(CutRound, who_refuses_everything_is_not_asked_for_long) {
  make_series(1000);
  std::set<std::string> all;
  for (int i = 0; i < 1000; i++) all.insert({"x" + std::to_string(i) + "@1", "x" + std::to_string(i) + "@2"});
  EXPECT_FALSE(run_with(all).is_retryable());
  EXPECT_LE(sends_, 30);
  EXPECT_EQ(round_->rejected_samples(), 2000u);
  EXPECT_FALSE(round_->is_any_written());
}

TEST_F(CutRound, nothing_is_cut_when_the_content_is_not_at_fault) {
  make_series(1000);
  EXPECT_FALSE(run_with({"x1@1"}, Verdict::turned_away).is_ok());
  EXPECT_EQ(sends_, 1);
  EXPECT_EQ(round_->rejected_samples(), 2000u);
}

TEST_F(CutRound, what_is_partly_written_is_not_cut) {
  make_series(10);
  Status result;
  round_->run(
      [&](const WriteRequest&, Function<void(WriteRound::Answer)> answered) {
        sends_++;
        answered({Verdict::partly, invalid_argument("HTTP 400 some"), 3});
      },
      WriteVersion::v1, ledger_, [&](Status status) { result = std::move(status); });
  EXPECT_EQ(sends_, 1);
  EXPECT_EQ(result.message(), "HTTP 400 some");
  EXPECT_EQ(round_->rejected_samples(), 3u);
  EXPECT_TRUE(round_->is_any_written());
}

TEST_F(Round, what_is_too_large_is_cut) {
  prometheus::WriteBatch batch(1, 1, {}, ledger_);
  prometheus::Family family;
  family.name = "x";
  batch.on_family(family);
  for (std::string name : {"x1", "x2", "x3"}) {
    LabelView labels[] = {{"__name__", name}};
    batch.on_sample(labels, {1, 1, 0});
  }
  round_ = std::make_shared<WriteRound>(Chain(), batch.take(), 1);
  size_t written = 0;
  size_t tries = 0;
  Status result;
  round_->run(
      [&](const WriteRequest& request, Function<void(WriteRound::Answer)> answered) {
        tries++;
        if (request.samples > 1) return answered({Verdict::too_large, resource_exhausted("HTTP 413")});
        written += request.samples;
        answered({});
      },
      WriteVersion::v1, ledger_, [&](Status status) { result = std::move(status); });
  EXPECT_TRUE(result.is_ok());
  EXPECT_EQ(written, 3u);
  EXPECT_EQ(tries, 5u);
  make({{"not a request of several"}});
  round_ = std::make_shared<WriteRound>(
      Chain(),
      [&] {
        prometheus::WriteBatch one(1, 1, {}, ledger_);
        one.on_family(family);
        LabelView labels[] = {{"__name__", "y"}};
        one.on_sample(labels, {1, 1, 0});
        return one.take();
      }(),
      1);
  round_->run(
      [](const WriteRequest&, Function<void(WriteRound::Answer)> answered) {
        answered({Verdict::too_large, resource_exhausted("HTTP 413")});
      },
      WriteVersion::v1, ledger_, [&](Status status) { result = std::move(status); });
  EXPECT_FALSE(result.is_retryable()) << "a single sample that is too large is refused";
}

}  // namespace
}  // namespace vigia::exporters
