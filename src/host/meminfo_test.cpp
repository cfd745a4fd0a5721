// What /proc/meminfo says, of old and new kernels.

#include "host/meminfo.h"

#include <gtest/gtest.h>

namespace vigia::host {
namespace {

TEST(Meminfo, EveryLineFindsItsPlaceInBytes) {
  Meminfo info;
  ASSERT_TRUE(parse_meminfo("MemTotal:       16000 kB\nMemFree:         4000 kB\nMemAvailable:    9000 kB\nBuffers:          500 kB\n"
                            "Cached:          3000 kB\nSwapCached:         7 kB\nDirty:             12 kB\nShmem:            100 kB\n"
                            "SReclaimable:     200 kB\nSUnreclaim:       150 kB\nHugePages_Total:      10\nHugePages_Free:        4\n"
                            "HugePages_Rsvd:        3\nHugePages_Surp:        2\nHugepagesize:       2048 kB\n",
                            info)
                  .is_ok());
  EXPECT_EQ(info.total, 16000u * 1024);
  EXPECT_EQ(info.free, 4000u * 1024);
  EXPECT_EQ(info.available, 9000u * 1024);
  EXPECT_EQ(info.buffers, 500u * 1024);
  EXPECT_EQ(info.cached, 3200u * 1024);
  EXPECT_EQ(info.used(), (16000u - 4000 - 500 - 3200) * 1024);
  EXPECT_EQ(info.dirty, 12u * 1024);
  EXPECT_EQ(info.shared, 100u * 1024);
  EXPECT_EQ(info.slab_reclaimable, 200u * 1024);
  EXPECT_EQ(info.slab_unreclaimable, 150u * 1024);
  EXPECT_EQ(info.huge_page_bytes, 2048u * 1024);
  EXPECT_EQ(info.huge_pages_total, 10u);
  EXPECT_EQ(info.huge_pages_free, 4u);
  EXPECT_EQ(info.huge_pages_reserved, 3u);
  EXPECT_EQ(info.huge_pages_surplus, 2u);
}

TEST(Meminfo, OldKernelsDoNotSayWhatIsAvailable) {
  Meminfo info;
  ASSERT_TRUE(parse_meminfo("MemTotal: 1000 kB\nMemFree: 100 kB\nCached: 200 kB\nSReclaimable: 50 kB\n", info).is_ok());
  EXPECT_EQ(info.available, 350u * 1024);
}

TEST(Meminfo, OddContentIsPassedOverButForTheTotal) {
  Meminfo info;
  ASSERT_TRUE(parse_meminfo("garbage\nMemTotal: 1000 kB\nMemFree: many kB\nCached: 18446744073709551615 kB\nBuffers:\n", info).is_ok());
  EXPECT_EQ(info.free, 0u);
  EXPECT_EQ(info.cached, 0u);
  EXPECT_FALSE(parse_meminfo("MemFree: 1 kB\n", info).is_ok());
  EXPECT_FALSE(parse_meminfo("", info).is_ok());
  // More free than there is, as in the middle of taking memory offline: no number below 0.
  ASSERT_TRUE(parse_meminfo("MemTotal: 10 kB\nMemFree: 20 kB\n", info).is_ok());
  EXPECT_EQ(info.used(), 0u);
}

}  // namespace
}  // namespace vigia::host
