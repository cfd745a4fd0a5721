// Scenario: round after round on this machine's own /proc and /sys. Guarantee: once warm, reading them allocates nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/test_allocations.h"
#include "pipeline/test_kit.h"
#include "receivers/hostmetrics/config.h"

namespace vigia::receivers {
namespace {

// Of processes this one, which is there in every round and may be read.
constexpr const char* scrapers_text =
    "scrapers: {cpu: , load: , memory: , disk: , filesystem: , network: , paging: , processes: , system: , process: {include: {names: "
    "[receivers_test], match_type: strict}}}";

class HostMetricsAllocations : public testing::Test {
 protected:
  HostMetricsAllocations() {
    auto decoded =
        pipeline::test::decode_text<HostMetricsConfig>(scrapers_text, [](config::Section& in, HostMetricsConfig& out) { decode(in, out); });
    EXPECT_EQ(decoded->errors(), "");
    Counter& errored = kit_.metrics.counter("errored", "", {});
    for (const NamedScraper& one : decoded->config.scrapers)
      scrapers_[one.name] = one.make({files_, kit_.clock, "", kit_.context("hostmetrics").log, errored});
  }

  // By scraper, and of the request itself.
  std::map<std::string, size_t> one_round() {
    std::map<std::string, size_t> counts;
    test::AllocationCount of_request;
    round_.begin();
    counts["the request"] = of_request.so_far();
    for (auto& [name, scraper] : scrapers_) {
      size_t& count = counts[name];
      test::AllocationCount of_scraper;
      round_.enter_scraper(name, 1);
      do round_.begin_slice();
      while (!scraper->scrape(round_));
      count = of_scraper.so_far();
    }
    EXPECT_GT(round_.point_count(), 20u);
    round_.take();
    return counts;
  }

  pipeline::test::Kit kit_;
  SystemFiles files_;
  Round round_{kit_.ledger, kit_.clock, "1", ""};
  std::map<std::string, std::unique_ptr<Scraper>> scrapers_;
};

TEST_F(HostMetricsAllocations, AWarmRoundReadsWithoutAny) {
  if (!test::AllocationCount::is_possible) GTEST_SKIP() << "only the address sanitizer counts";
  ASSERT_TRUE(test::AllocationCount().is_counting());
  ASSERT_GT(one_round()["cpu"], 0u) << "the first round makes its buffers, so the count counts";
  one_round();
  // A device or mount that appears in the middle needs room, so the quietest of some rounds counts.
  std::map<std::string, size_t> least = one_round();
  for (int i = 0; i < 4; i++)
    for (auto& [name, count] : one_round()) least[name] = std::min(least[name], count);
  for (const auto& [name, count] : least) EXPECT_EQ(count, name == "the request" ? 1u : 0u) << name;
}

}  // namespace
}  // namespace vigia::receivers
