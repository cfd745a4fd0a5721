// Scenario: spans and log records with random and with chosen ids, priorities and sampling fields through all modes.
// Guarantee: the same ids are chosen as by the Collector's sampler (known hashes), by every instance alike, a smaller share within a larger
// one, at the configured rate; the consistent-sampling fields are read and written by W3C's and OpenTelemetry's rules.

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "otlp/log_view.h"
#include "otlp/span_view.h"
#include "ottl/test_telemetry.h"
#include "pipeline/test_kit.h"
#include "processors/probabilistic_sampler/config.h"
#include "processors/probabilistic_sampler/factory.h"
#include "processors/probabilistic_sampler/sampler.h"

namespace vigia::processors {
namespace {

using namespace ottl::test;
using otlp::Signal;
using pipeline::test::Answer;
using pipeline::test::FakeConsumer;
using pipeline::test::Kit;

std::string trace_id_of(uint64_t high, uint64_t low) {
  std::string id;
  for (int shift = 56; shift >= 0; shift -= 8) id += static_cast<char>(high >> shift);
  for (int shift = 56; shift >= 0; shift -= 8) id += static_cast<char>(low >> shift);
  return id;
}
std::string span_of(std::string_view trace_id, std::string_view state = "", std::string_view more = "") {
  return text_field(1, trace_id) + (state.empty() ? std::string() : text_field(3, state)) + text_field(5, "s") + std::string(more);
}
SamplerConfig config_of(SamplerMode mode, float percentage) {
  SamplerConfig config;
  config.mode = mode;
  config.sampling_percentage = percentage;
  return config;
}
std::string edited_state(const std::string& span, const Decision& decision) {
  MemoryLedger ledger;
  Appender out(ledger);
  Sampler::edit_span(span, decision, out);
  return std::string(otlp::SpanView(out.view()).trace_state());
}

TEST(ConsistentSampling, ConvertsThresholds) {
  EXPECT_EQ(threshold_of(1, 4), keep_all);
  EXPECT_EQ(format_threshold(*threshold_of(0.5, 4)), "8");
  EXPECT_EQ(format_threshold(*threshold_of(0.25, 4)), "c");
  EXPECT_EQ(format_threshold(*threshold_of(0.1, 4)), "e666");
  EXPECT_EQ(format_threshold(*threshold_of(0.01, 4)), "fd70a");
  EXPECT_EQ(format_threshold(*threshold_of(1.0 / 3, 14)).substr(0, 8), "aaaaaaaa");
  EXPECT_FALSE(threshold_of(0, 4));
  EXPECT_FALSE(threshold_of(1.5, 4));
  EXPECT_FALSE(threshold_of(std::nan(""), 4));
  EXPECT_EQ(parse_threshold("c"), uint64_t{0xc} << 52);
  EXPECT_EQ(parse_threshold("0"), keep_all);
  EXPECT_FALSE(parse_threshold("123456789abcdef"));
  EXPECT_FALSE(parse_threshold("xyz"));
  EXPECT_FALSE(parse_threshold(""));
  EXPECT_EQ(probability_of(*parse_threshold("c")), 0.25);
  EXPECT_EQ(format_threshold(keep_all), "0");
  EXPECT_EQ(format_threshold(keep_none), "");
  EXPECT_EQ(parse_randomness("00000000000001"), 1U);
  EXPECT_FALSE(parse_randomness("1"));
  EXPECT_EQ(format_randomness(0xabc), "00000000000abc");
  EXPECT_EQ(randomness_of_trace_id(trace_id_of(~0ULL, 0x1122334455667788)), 0x22334455667788U);
}

uint32_t plain_fnv(std::string_view bytes) {
  uint64_t hash = 0x811c9dc5;
  for (char c : bytes) hash = ((hash ^ static_cast<unsigned char>(c)) * 0x01000193) & 0xffffffff;
  return static_cast<uint32_t>(hash);
}

TEST(ConsistentSampling, HashesIntoBucketsAsBefore) {
  EXPECT_EQ(plain_fnv("foobar"), 0xbf9cf968U);
  // Worked out with Go's hash/fnv and the rule of the Collector.
  std::string known = trace_id_of(0x0102030405060708, 0x090a0b0c0d0e0f10);
  EXPECT_EQ(format_randomness(hashed_randomness(known, 0)), "976837c4f25a25");
  EXPECT_EQ(format_randomness(hashed_randomness(known, 22)), "2ef03615863443");
  EXPECT_EQ(format_randomness(hashed_randomness(known, 0xdeadbeef)), "f9501af4bc81ab");
  Random random(7);
  for (int i = 0; i < 2000; i++) {
    std::string id = trace_id_of(random.next(), random.next());
    auto seed = static_cast<uint32_t>(random.next());
    std::string seeded;
    for (int shift = 0; shift < 32; shift += 8) seeded += static_cast<char>(seed >> shift);
    uint32_t bucket = plain_fnv(seeded + id) & 0x3fff;
    Randomness randomness = hashed_randomness(id, seed);
    EXPECT_LT(randomness, randomness_count);
    auto kept = static_cast<uint32_t>(1 + random.below(16384));
    auto percentage = static_cast<float>(kept) * 100.0F / 16384.0F;
    // The rule of all versions so far: the bucket is below the scaled rate.
    EXPECT_EQ(*bucket_threshold(percentage) <= randomness, bucket < static_cast<uint32_t>(percentage * (16384 / 100.0F)));
  }
  EXPECT_EQ(bucket_threshold(100), keep_all);
  EXPECT_EQ(bucket_threshold(250), keep_all);
  EXPECT_FALSE(bucket_threshold(0.001F));
}

TEST(ConsistentSampling, ReadsTraceStates) {
  auto rewritten = [](std::string_view text) {
    std::optional<TraceState> state = TraceState::parse(text);
    return state ? state->to_string() : "invalid";
  };
  EXPECT_EQ(rewritten(""), "");
  EXPECT_EQ(rewritten("a=1,b=2"), "a=1,b=2");
  EXPECT_EQ(rewritten("a=1 , ot=p:8;th:c;rv:00000000000abc\t,b@c=x y"), "ot=rv:00000000000abc;th:c;p:8,a=1,b@c=x y");
  for (std::string_view wrong : {"a", "A=1", "a=", "=1", "a=b=c", "ot=th:xyz", "ot=rv:1", "ot=th", "ot=th:c;", "ot=:c", "1@2=x", "a=\x01"})
    EXPECT_EQ(rewritten(wrong), "invalid") << wrong;
  EXPECT_EQ(rewritten(std::string(2000, 'a') + "=1"), "invalid");
  EXPECT_EQ(TraceState::parse("ot=th:8")->threshold, uint64_t{8} << 52);
}

TEST(Sampler, KeepsTheConfiguredShareAndNestsShares) {
  for (SamplerMode mode : {SamplerMode::hash_seed, SamplerMode::equalizing, SamplerMode::proportional}) {
    Sampler small(config_of(mode, 10));
    Sampler large(config_of(mode, 40));
    Sampler same(config_of(mode, 10));
    Random random(42);
    int kept_small = 0;
    int kept_large = 0;
    constexpr int count = 20'000;
    for (int i = 0; i < count; i++) {
      std::string span = span_of(trace_id_of(random.next(), random.next()));
      bool is_kept = small.decide_span(span).is_kept;
      EXPECT_EQ(same.decide_span(span).is_kept, is_kept);
      kept_small += is_kept;
      kept_large += large.decide_span(span).is_kept;
      EXPECT_TRUE(!is_kept || large.decide_span(span).is_kept);
    }
    EXPECT_NEAR(kept_small, count * 0.1, count * 0.01);
    EXPECT_NEAR(kept_large, count * 0.4, count * 0.015);
  }
}

TEST(Sampler, WritesRandomnessAndThreshold) {
  Sampler sampler(config_of(SamplerMode::hash_seed, 100));
  std::string id = trace_id_of(1, 2);
  std::string span = span_of(id, "a=1");
  Decision decision = sampler.decide_span(span);
  ASSERT_TRUE(decision.is_kept);
  EXPECT_EQ(edited_state(span, decision), "ot=rv:" + format_randomness(hashed_randomness(id, 0)) + ";th:0,a=1");

  Sampler equalizing(config_of(SamplerMode::equalizing, 50));
  std::string kept = span_of(trace_id_of(0, 0xff'f00000'00000000));
  EXPECT_EQ(edited_state(kept, equalizing.decide_span(kept)), "ot=th:8");
  EXPECT_FALSE(equalizing.decide_span(span_of(trace_id_of(0, 0x00'700000'00000000))).is_kept);
}

TEST(Sampler, RespectsWhatWasSampledBefore) {
  std::string high = trace_id_of(0, 0x00'f00000'00000000);
  Sampler equalizing(config_of(SamplerMode::equalizing, 50));
  // Already sampled down to a quarter: nothing to do.
  Decision decision = equalizing.decide_span(span_of(high, "ot=th:c"));
  EXPECT_TRUE(decision.is_kept);
  EXPECT_FALSE(decision.trace_state);
  // A half of a quarter.
  Sampler proportional(config_of(SamplerMode::proportional, 50));
  std::string span = span_of(high, "ot=th:c");
  EXPECT_EQ(edited_state(span, proportional.decide_span(span)), "ot=th:e");
  EXPECT_FALSE(proportional.decide_span(span_of(trace_id_of(0, 0x00'd00000'00000000), "ot=th:c")).is_kept);
  // An explicit randomness comes before the trace id.
  EXPECT_FALSE(equalizing.decide_span(span_of(high, "ot=rv:00000000000000")).is_kept);
  EXPECT_EQ(equalizing.decide_span(span_of(high, "ot=rv:ffffffffffffff")).policy, SamplerPolicy::sampling_randomness);
}

TEST(Sampler, FailsClosedOrOpen) {
  std::string no_id = span_of("");
  std::string bad_state = span_of(trace_id_of(0, ~0ULL), "ot=th:nonsense");
  std::string impossible = span_of(trace_id_of(0, 0), "a=1,ot=th:c;rv:00000000000000");
  std::string foreign = span_of(trace_id_of(0, ~0ULL), "ot=th:8");
  SamplerConfig config = config_of(SamplerMode::equalizing, 99);
  Sampler closed(config);
  config.fail_closed = false;
  Sampler open(config);
  for (const std::string& span : {no_id, bad_state, impossible}) {
    EXPECT_FALSE(closed.decide_span(span).is_kept);
    EXPECT_TRUE(open.decide_span(span).is_kept);
  }
  EXPECT_EQ(edited_state(impossible, open.decide_span(impossible)), "ot=rv:00000000000000;th:0,a=1");
  EXPECT_FALSE(open.decide_span(bad_state).trace_state);
  // hash_seed does not understand what consistent samplers wrote.
  config = config_of(SamplerMode::hash_seed, 100);
  EXPECT_FALSE(Sampler(config).decide_span(foreign).is_kept);
  config.fail_closed = false;
  EXPECT_TRUE(Sampler(config).decide_span(foreign).is_kept);
  EXPECT_FALSE(Sampler(config).decide_span(foreign).is_edited());
}

TEST(Sampler, FollowsPrioritiesOfSpans) {
  auto with_priority = [](const std::string& any_value) {
    return span_of(trace_id_of(3, 4), "", attribute(9, "sampling.priority", any_value));
  };
  Sampler none(config_of(SamplerMode::hash_seed, 0));
  Sampler all(config_of(SamplerMode::hash_seed, 100));
  EXPECT_TRUE(none.decide_span(with_priority(integer_value(1))).is_kept);
  EXPECT_TRUE(none.decide_span(with_priority(floating_value(0.5))).is_kept);
  EXPECT_TRUE(none.decide_span(with_priority(text_value("2"))).is_kept);
  EXPECT_FALSE(none.decide_span(with_priority(integer_value(-1))).is_kept);
  EXPECT_FALSE(none.decide_span(with_priority(text_value("high"))).is_kept);
  EXPECT_FALSE(all.decide_span(with_priority(integer_value(0))).is_kept);
  EXPECT_FALSE(all.decide_span(with_priority(text_value("0.0"))).is_kept);
  EXPECT_TRUE(all.decide_span(with_priority(boolean_value(false))).is_kept);
  EXPECT_EQ(all.decide_span(with_priority(integer_value(0))).policy, SamplerPolicy::sampling_priority);
}

TEST(Sampler, SamplesLogRecords) {
  SamplerConfig config = config_of(SamplerMode::hash_seed, 100);
  config.from_attribute = "id";
  std::string by_attribute = attribute(6, "id", integer_value(12));
  Decision decision = Sampler(config).decide_log(by_attribute);
  EXPECT_TRUE(decision.is_kept);
  EXPECT_EQ(decision.policy, SamplerPolicy::attribute);
  MemoryLedger ledger;
  Appender out(ledger);
  Sampler::edit_log(by_attribute, decision, out);
  EXPECT_EQ(out.view(), by_attribute + attribute(6, "sampling.randomness", text_value(format_randomness(hashed_randomness("12", 0)))) +
                            attribute(6, "sampling.threshold", text_value("0")));
  EXPECT_FALSE(Sampler(config).decide_log("").is_kept);

  std::string both = by_attribute + text_field(9, trace_id_of(1, 2));
  EXPECT_EQ(Sampler(config).decide_log(both).policy, SamplerPolicy::trace_id_hash);
  config.uses_trace_id = false;
  EXPECT_EQ(Sampler(config).decide_log(both).policy, SamplerPolicy::attribute);

  SamplerConfig rare = config_of(SamplerMode::equalizing, 0.0001F);
  rare.sampling_priority = "priority";
  std::string middle = text_field(9, trace_id_of(0, 0x00'900000'00000000));
  EXPECT_FALSE(Sampler(rare).decide_log(middle).is_kept);
  EXPECT_TRUE(Sampler(rare).decide_log(middle + attribute(6, "priority", integer_value(50))).is_kept);
  EXPECT_FALSE(Sampler(rare).decide_log(middle + attribute(6, "priority", integer_value(25))).is_kept);
  EXPECT_FALSE(Sampler(rare).decide_log(middle + attribute(6, "priority", text_value("50"))).is_kept);
}

auto decode(const std::string& yaml) {
  return pipeline::test::decode_text<SamplerConfig>(
      yaml, [](config::Section& section, SamplerConfig& config) { config = decode_sampler_config(section); });
}

TEST(SamplerProcessor, DropsAndCountsByPolicy) {
  Kit kit;
  FakeConsumer next;
  auto decoded = decode("{sampling_percentage: 30, hash_seed: 22}");
  ASSERT_EQ(decoded->errors(), "");
  auto processor =
      probabilistic_sampler_processor().create(kit.context("probabilistic_sampler"), std::any(decoded->config), Signal::traces, next);
  ASSERT_TRUE(processor.is_ok());
  Random random(5);
  std::vector<std::string> spans;
  size_t expected = 0;
  for (int i = 0; i < 500; i++) {
    spans.push_back(span_of(trace_id_of(random.next(), random.next())));
    expected += Sampler(decoded->config).decide_span(spans.back()).is_kept;
  }
  pipeline::Batch batch;
  batch.item_count = spans.size();
  batch.payload = Chain(Slice::copy_of(group("", "", spans), kit.ledger));
  Answer answer;
  (*processor)->consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_ok());
  ASSERT_GT(expected, 0U);
  EXPECT_EQ(next.items(), expected);
  size_t arrived = 0;
  otlp::for_each_item(next.taken()[0].bytes, [&](const auto&, const auto&, std::string_view span) {
    arrived++;
    EXPECT_TRUE(otlp::SpanView(span).trace_state().starts_with("ot=rv:"));
  });
  EXPECT_EQ(arrived, expected);
  std::string counter = "otelcol_processor_probabilistic_sampler_count_traces_sampled{policy=\"trace_id_hash\",sampled=";
  EXPECT_EQ(kit.metric(counter + "\"true\"}"), static_cast<double>(expected));
  EXPECT_EQ(kit.metric(counter + "\"false\"}"), static_cast<double>(500 - expected));
}

TEST(SamplerProcessor, SettlesWhatItDropsWhole) {
  Kit kit;
  FakeConsumer next;
  auto record = std::make_shared<pipeline::test::FakeRecord>();
  auto processor = probabilistic_sampler_processor().create(kit.context("s"), std::any(SamplerConfig()), Signal::logs, next);
  pipeline::Batch batch;
  batch.signal = Signal::logs;
  batch.item_count = 1;
  batch.payload = Chain(Slice::copy_of(group("", "", {text_field(9, trace_id_of(1, 2))}), kit.ledger));
  batch.receipts.emplace_back(record);
  Answer answer;
  (*processor)->consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_ok());
  EXPECT_EQ(next.tries(), 0U);
  EXPECT_EQ(record->released, 1);
}

TEST(SamplerConfig, RefusesWhatIsWrong) {
  EXPECT_EQ(decode("{sampling_percentage: 15.3, hash_seed: 22, mode: proportional, fail_closed: false, sampling_precision: 6, "
                   "attribute_source: record, from_attribute: a, sampling_priority: p}")
                ->errors(),
            "");
  EXPECT_NE(decode("sampling_percentage: -1")->errors().find("from 0 to 100"), std::string::npos);
  EXPECT_NE(decode("sampling_percentage: 1e-20")->errors().find("smallest"), std::string::npos);
  EXPECT_NE(decode("mode: random")->errors().find("mode"), std::string::npos);
  EXPECT_NE(decode("sampling_precision: 0")->errors().find("1 to 14"), std::string::npos);
  EXPECT_NE(decode("sampling_precision: 15")->errors().find("1 to 14"), std::string::npos);
  EXPECT_NE(decode("attribute_source: elsewhere")->errors().find("traceID"), std::string::npos);
}

}  // namespace
}  // namespace vigia::processors
