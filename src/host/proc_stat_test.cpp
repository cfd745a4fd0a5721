// What /proc/stat says, also of machines whose processors come and go.

#include "host/proc_stat.h"

#include <gtest/gtest.h>

namespace vigia::host {
namespace {

ProcStat parse(std::string_view text) {
  ProcStat out;
  EXPECT_TRUE(parse_proc_stat(text, out).is_ok());
  return out;
}

TEST(ProcStat, EveryColumnFindsItsPlace) {
  ProcStat stat = parse(
      "cpu  110 220 330 440 550 660 770 880 99 98\n"
      "cpu0 10 20 30 40 50 60 70 80 9 8\n"
      "cpu1 100 200 300 400 500 600 700 800 90 90\n"
      "intr 1234 0 0 5\nctxt 77\nbtime 1700000000\nprocesses 4711\nprocs_running 3\nprocs_blocked 2\nsoftirq 1 2 3\n");
  ASSERT_EQ(stat.cpus.size(), 2u);
  const CpuTimes& first = stat.cpus[0].times;
  EXPECT_EQ(first.user, 10u);
  EXPECT_EQ(first.nice, 20u);
  EXPECT_EQ(first.system, 30u);
  EXPECT_EQ(first.idle, 40u);
  EXPECT_EQ(first.iowait, 50u);
  EXPECT_EQ(first.irq, 60u);
  EXPECT_EQ(first.softirq, 70u);
  EXPECT_EQ(first.steal, 80u);
  EXPECT_EQ(stat.all.total(), 3960u);
  EXPECT_EQ(stat.boot_time_s, 1'700'000'000u);
  EXPECT_EQ(stat.processes_created, 4711u);
  EXPECT_EQ(stat.processes_running, 3u);
  EXPECT_EQ(stat.processes_blocked, 2u);
}

// A processor that was taken offline leaves a gap in the numbers.
TEST(ProcStat, NumbersMayHaveGapsAndReadingsAreNotMixed) {
  ProcStat stat;
  ASSERT_TRUE(parse_proc_stat("cpu0 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1\ncpu7 2 2 2 2 2 2 2 2\nbtime 5\n", stat).is_ok());
  ASSERT_EQ(stat.cpus.size(), 3u);
  EXPECT_EQ(stat.cpus[2].number, 7u);
  ASSERT_TRUE(parse_proc_stat("cpu0 1 1 1 1 1 1 1 1\ncpu7 3 2 2 2 2 2 2 2\n", stat).is_ok());
  ASSERT_EQ(stat.cpus.size(), 2u);
  EXPECT_EQ(stat.cpus[1].times.user, 3u);
  EXPECT_EQ(stat.boot_time_s, 0u);
}

TEST(ProcStat, BrokenLinesArePassedOver) {
  ProcStat stat = parse(
      "cpu0 1 2 3 4 5 6 7\n"  // Kernels without steal.
      "cpu1 1 2 three 4 5 6 7 8\ncpu2 1 2 3\ncpux 1 2 3 4 5 6 7 8\n"
      "cpu3 99999999999999999999999 2 3 4 5 6 7 8\n"  // More than 64 bits.
      "cpu99999999999 1 2 3 4 5 6 7 8\n"
      "cpu4 18446744073709551615 2 3 4 5 6 7 8\n\n\ncpu");
  ASSERT_EQ(stat.cpus.size(), 2u);
  EXPECT_EQ(stat.cpus[0].times.steal, 0u);
  EXPECT_EQ(stat.cpus[1].number, 4u);
  EXPECT_EQ(stat.cpus[1].times.user, UINT64_MAX);
}

TEST(ProcStat, WithoutAnyProcessorThatIsAnError) {
  ProcStat out;
  EXPECT_FALSE(parse_proc_stat("", out).is_ok());
  EXPECT_FALSE(parse_proc_stat("cpu 1 2 3 4 5 6 7 8\nbtime 1\n", out).is_ok());
}

TEST(ProcStat, BusyPercentIsOfTheTimeBetweenTwoReadings) {
  CpuTimes before{.user = 100, .idle = 100}, after{.user = 125, .idle = 160, .iowait = 15};
  EXPECT_DOUBLE_EQ(*busy_percent(before, after), 25.0);
  EXPECT_FALSE(busy_percent(before, before));
  EXPECT_FALSE(busy_percent(after, before));
}

}  // namespace
}  // namespace vigia::host
