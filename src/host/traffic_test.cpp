// The counters of network interfaces and disks.

#include <gtest/gtest.h>

#include "host/diskstats.h"
#include "host/net_dev.h"

namespace vigia::host {
namespace {

constexpr std::string_view headings =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

TEST(NetDev, ColumnsOfBothDirections) {
  std::vector<NetworkInterface> out;
  std::string text =
      std::string(headings) + "    lo: 100 10 1 2 0 0 0 0 200 20 3 4 0 0 0 0\n  eth0:18446744073709551615 1 0 0 0 0 0 9 5 6 7 8 0 0 0 0\n";
  ASSERT_TRUE(parse_net_dev(text, out).is_ok());
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].name, "lo");
  EXPECT_EQ(out[0].received.bytes, 100u);
  EXPECT_EQ(out[0].received.packets, 10u);
  EXPECT_EQ(out[0].received.errors, 1u);
  EXPECT_EQ(out[0].received.dropped, 2u);
  EXPECT_EQ(out[0].sent.bytes, 200u);
  EXPECT_EQ(out[0].sent.packets, 20u);
  EXPECT_EQ(out[0].sent.errors, 3u);
  EXPECT_EQ(out[0].sent.dropped, 4u);
  EXPECT_EQ(out[1].name, "eth0");
  EXPECT_EQ(out[1].received.bytes, UINT64_MAX);
}

TEST(NetDev, NamesMayHaveColonsAndBrokenLinesArePassedOver) {
  std::vector<NetworkInterface> out;
  std::string text = std::string(headings) +
                     "eth0:1: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\nshort: 1 2 3\nno numbers\n"
                     "eth1: 1 2 x 4 0 0 0 0 5 6 7 8\n";
  ASSERT_TRUE(parse_net_dev(text, out).is_ok());
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].name, "eth0:1");
  EXPECT_FALSE(parse_net_dev("", out).is_ok());
  ASSERT_TRUE(parse_net_dev(headings, out).is_ok());
  EXPECT_TRUE(out.empty());
}

TEST(Diskstats, SectorsAreHalfAKibibyteAndTimesMilliseconds) {
  std::vector<Disk> out;
  parse_diskstats(" 254       0 vda 10 1 100 7 20 2 200 8 3 15 30 0 0 0 0 0 0\n   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n", out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].name, "vda");
  EXPECT_EQ(out[0].reads.operations, 10u);
  EXPECT_EQ(out[0].reads.merged, 1u);
  EXPECT_EQ(out[0].reads.bytes, 51200u);
  EXPECT_EQ(out[0].reads.time_ms, 7u);
  EXPECT_EQ(out[0].writes.bytes, 102400u);
  EXPECT_EQ(out[0].operations_in_progress, 3u);
  EXPECT_EQ(out[0].io_time_ms, 15u);
  EXPECT_EQ(out[0].weighted_io_time_ms, 30u);
}

TEST(Diskstats, BrokenLinesArePassedOver) {
  std::vector<Disk> out;
  parse_diskstats("8 0 sda 1 2 3\n8 1 sda1 1 2 18446744073709551615 4 5 6 7 8 9 10 11\n\n8 2 sda2 1 2 3 4 5 6 7 8 -1 10 11\nx\n", out);
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace vigia::host
