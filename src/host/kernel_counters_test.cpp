// The short files of /proc.

#include "host/kernel_counters.h"

#include <gtest/gtest.h>

namespace vigia::host {
namespace {

TEST(KernelCounters, Loadavg) {
  LoadAverages load = parse_loadavg("0.31 12.50 103.07 2/345 6789\n").value();
  EXPECT_DOUBLE_EQ(load.one_minute, 0.31);
  EXPECT_DOUBLE_EQ(load.five_minutes, 12.5);
  EXPECT_DOUBLE_EQ(load.fifteen_minutes, 103.07);
  EXPECT_FALSE(parse_loadavg("0.1 0.2").is_ok());
  EXPECT_FALSE(parse_loadavg("a b c").is_ok());
}

TEST(KernelCounters, Uptime) {
  EXPECT_DOUBLE_EQ(parse_uptime("38840.25 77000.10\n").value(), 38840.25);
  EXPECT_FALSE(parse_uptime("").is_ok());
}

TEST(KernelCounters, Vmstat) {
  Vmstat counters;
  ASSERT_TRUE(
      parse_vmstat("nr_free_pages 5\npgpgin 10\npgpgout 20\npswpin 1\npswpout 2\npgfault 300\npgmajfault 4\npgmajfault_x 9\n", counters)
          .is_ok());
  EXPECT_EQ(counters.pages_swapped_in, 1u);
  EXPECT_EQ(counters.pages_swapped_out, 2u);
  EXPECT_EQ(counters.paged_in_kibibytes, 10u);
  EXPECT_EQ(counters.paged_out_kibibytes, 20u);
  EXPECT_EQ(counters.faults, 300u);
  EXPECT_EQ(counters.major_faults, 4u);
  ASSERT_TRUE(parse_vmstat("pgfault 1\npgpgin x\n", counters).is_ok());
  EXPECT_EQ(counters.major_faults, 0u);
  EXPECT_FALSE(parse_vmstat("nr_free_pages 5\n", counters).is_ok());
}

TEST(KernelCounters, Swaps) {
  std::vector<SwapDevice> out;
  ASSERT_TRUE(
      parse_swaps(
          "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/sda2                               partition\t8388604\t\t512\t\t-2\n"
          "/broken file 1\n/full partition 10 11 -1\n",
          out)
          .is_ok());
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].name, "/dev/sda2");
  EXPECT_EQ(out[0].total_bytes, 8'589'930'496u);
  EXPECT_EQ(out[0].used_bytes, 512u * 1024);
  EXPECT_FALSE(parse_swaps("", out).is_ok());
}

}  // namespace
}  // namespace vigia::host
