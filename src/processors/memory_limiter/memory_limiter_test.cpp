// Above the soft limit newcomers are refused in a way that clients repeat; above the hard limit of the whole process everything is, until
// it is below the soft one.

#include "processors/memory_limiter/memory_limiter.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"
#include "processors/memory_limiter/factory.h"

namespace vigia::processors {
namespace {

using pipeline::test::Answer;
using pipeline::test::Kit;

constexpr int64_t mebibyte = 1 << 20;

// /proc as the test wants it.
class FakeProc final : public FileSystem {
 public:
  std::map<std::string, std::string> texts;
  void set_resident_mib(int64_t mib) {
    texts["/proc/self/statm"] = "99999 " + std::to_string(mib * mebibyte / ::sysconf(_SC_PAGESIZE)) + " 0";
  }

  Result<std::string> read_file(const std::string& path) override {
    auto found = texts.find(path);
    if (found == texts.end()) return not_found(path);
    return found->second;
  }
  Result<std::unique_ptr<AppendFile>> open_append(const std::string&, bool) override { return unimplemented("no"); }
  Status write_file_atomically(const std::string&, std::string_view) override { return unimplemented("no"); }
  Status rename(const std::string&, const std::string&) override { return unimplemented("no"); }
  Status remove(const std::string&) override { return unimplemented("no"); }
  Status create_directories(const std::string&) override { return unimplemented("no"); }
  Result<std::vector<std::string>> list(const std::string&) override { return unimplemented("no"); }
  bool exists(const std::string& path) override { return texts.count(path) > 0; }
  Result<int64_t> modified_ns(const std::string&) override { return unimplemented("no"); }
};

class MemoryLimiterTest : public ::testing::Test {
 protected:
  MemoryLimiterTest() { proc_.set_resident_mib(20); }

  std::unique_ptr<MemoryLimiter> make(const MemoryLimiterConfig& config) {
    pipeline::Context base = kit_.context("memory_limiter");
    pipeline::Context context{base.id,         base.log,      base.metrics,        base.clock,       proc_,       base.ledger, base.loops,
                              base.background, base.resolver, base.find_extension, base.report_port, base.version};
    auto limiter = std::make_unique<MemoryLimiter>(context, config, shared_, otlp::Signal::traces, next_);
    EXPECT_TRUE(limiter->start().is_ok());
    kit_.settle();
    return limiter;
  }
  void stop(MemoryLimiter& limiter) {
    std::atomic<bool> stopped{false};
    limiter.stop(0, [&] { stopped = true; });
    kit_.settle();
    EXPECT_TRUE(stopped);
  }
  Answer send(MemoryLimiter& limiter, size_t bytes = 100) {
    Answer answer;
    limiter.consume(pipeline::test::make_batch(kit_.ledger, 5, bytes), answer.done());
    return answer;
  }
  static MemoryLimiterConfig of_mib(uint32_t limit, uint32_t spike) {
    MemoryLimiterConfig config;
    config.limit_mib = limit;
    config.spike_limit_mib = spike;
    return config;
  }

  Kit kit_;
  FakeProc proc_;
  pipeline::test::FakeConsumer next_;
  std::shared_ptr<SharedLimit> shared_ = std::make_shared<SharedLimit>();
};

TEST_F(MemoryLimiterTest, RefusesRetryablyWhileTheBuffersThatAreHeldPassTheSoftLimit) {
  auto limiter = make(of_mib(100, 20));
  EXPECT_EQ(kit_.ledger.limit_bytes(), 80 * mebibyte);
  EXPECT_EQ(kit_.metric("vigia_processor_memory_limiter_limit_bytes{processor=\"memory_limiter\"}"), 100 * mebibyte);
  EXPECT_TRUE(send(*limiter).get().is_ok());
  {
    Buffer held = Buffer::allocate(79 * mebibyte, kit_.ledger);
    EXPECT_TRUE(send(*limiter, 1000).get().is_ok());
    Answer refused = send(*limiter, 2 * mebibyte);
    EXPECT_EQ(refused.get().code(), StatusCode::resource_exhausted);
    EXPECT_TRUE(refused.get().is_retryable());
    EXPECT_EQ(refused.get().retry_delay_ms(), 1000);
    EXPECT_FALSE(limiter->reserve({1, 5, 2 * mebibyte}).is_ok()) << "before the body has been read";
    EXPECT_TRUE(limiter->reserve({1, 5, 1000}).is_ok());
  }
  EXPECT_TRUE(send(*limiter, 2 * mebibyte).get().is_ok());
  EXPECT_EQ(kit_.metric("otelcol_processor_accepted_spans{processor=\"memory_limiter\"}"), 15);
  EXPECT_EQ(kit_.metric("otelcol_processor_refused_spans{processor=\"memory_limiter\"}"), 10);
  EXPECT_EQ(kit_.metric("otelcol_processor_memory_limiter_accepted_spans{processor=\"memory_limiter\"}"), 15);
  EXPECT_EQ(kit_.metric("otelcol_processor_memory_limiter_refused_spans{processor=\"memory_limiter\"}"), 10);
  stop(*limiter);
}

TEST_F(MemoryLimiterTest, TheProcessAsAWholeIsTheSecondGuardWithHysteresis) {
  auto limiter = make(of_mib(100, 20));
  kit_.on_loop([&] { proc_.set_resident_mib(101); });
  EXPECT_TRUE(send(*limiter).get().is_ok()) << "nobody has looked yet";
  kit_.advance_ms(1100);
  EXPECT_TRUE(send(*limiter).get().is_retryable());
  kit_.on_loop([&] { proc_.set_resident_mib(90); });
  kit_.advance_ms(1100);
  EXPECT_FALSE(send(*limiter).get().is_ok()) << "not below the soft limit yet";
  kit_.on_loop([&] { proc_.set_resident_mib(79); });
  kit_.advance_ms(1100);
  EXPECT_TRUE(send(*limiter).get().is_ok());
  EXPECT_EQ(kit_.sink->count("Refusing data"), 3u);
  EXPECT_EQ(kit_.sink->count("Resuming normal operation"), 1u);
  stop(*limiter);
}

TEST_F(MemoryLimiterTest, OfSeveralTheSmallestLimitCountsAndItGoesWithItsOwner) {
  auto large = make(of_mib(200, 0));
  auto small = make(of_mib(100, 0));
  EXPECT_EQ(kit_.ledger.limit_bytes(), 80 * mebibyte);
  stop(*small);
  EXPECT_EQ(kit_.ledger.limit_bytes(), 160 * mebibyte);
  stop(*large);
  EXPECT_EQ(kit_.ledger.limit_bytes(), 0);
  kit_.advance_ms(5000);  // no check comes after the end
}

TEST_F(MemoryLimiterTest, PercentagesAreOfTheSmallerOfMachineAndControlGroup) {
  proc_.texts["/proc/meminfo"] = "MemTotal:        1024000 kB\nMemFree: 1 kB\n";
  MemoryLimiterConfig config;
  config.limit_percentage = 50;
  config.spike_limit_percentage = 10;
  auto limiter = make(config);
  EXPECT_EQ(kit_.ledger.limit_bytes() >> 20, 400);
  stop(*limiter);
  proc_.texts["/sys/fs/cgroup/memory.max"] = std::to_string(100 * mebibyte) + "\n";
  limiter = make(config);
  EXPECT_EQ(kit_.ledger.limit_bytes() >> 20, 40);
  stop(*limiter);
  proc_.texts["/sys/fs/cgroup/memory.max"] = "max\n";
  limiter = make(config);
  EXPECT_EQ(kit_.ledger.limit_bytes() >> 20, 400);
  stop(*limiter);
}

TEST(MemoryLimiterConfig, AMissingIntervalIsAWarningAMissingLimitAnError) {
  auto decoded = pipeline::test::decode_text<MemoryLimiterConfig>("limit_mib: 512\nspike_limit_mib: 128\n", decode);
  EXPECT_EQ(decoded->errors(), "");
  EXPECT_EQ(decoded->diagnostics.warnings().size(), 1u);
  auto none = pipeline::test::decode_text<MemoryLimiterConfig>("check_interval: 1s\nmin_gc_interval_when_soft_limited: 10s\n", decode);
  EXPECT_EQ(none->diagnostics.error_count(), 1u) << none->errors();
  auto wrong = pipeline::test::decode_text<MemoryLimiterConfig>("check_interval: 0s\nlimit_mib: 10\nspike_limit_mib: 10\n", decode);
  EXPECT_EQ(wrong->diagnostics.error_count(), 2u) << wrong->errors();
  EXPECT_EQ(limits_of(decoded->config, 0).soft_bytes, 384 * mebibyte);
}

}  // namespace
}  // namespace vigia::processors
