// The node's usage in percent and bytes: on a machine, in a container with limits of both versions of control groups, and in a container that looks
// at its host.

#include "host/node_meters.h"

#include <gtest/gtest.h>

#include "host/test_tree.h"

namespace vigia::host {
namespace {

class NodeMeters : public ::testing::Test {
 protected:
  NodeMeters() {
    files.content["/proc/stat"] = "cpu  100 0 0 100 0 0 0 0\ncpu0 100 0 0 100 0 0 0 0\n";
    files.content["/proc/meminfo"] = "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\n";
  }
  void limit_by_second_version() {
    files.content["/sys/fs/cgroup/cgroup.controllers"] = "cpu memory\n";
    files.content["/sys/fs/cgroup/memory.max"] = "204800\n";
    files.content["/sys/fs/cgroup/memory.current"] = "122880\n";
    files.content["/sys/fs/cgroup/memory.stat"] = "anon 1\nfile 40960\nslab_reclaimable 5\nslab_unreclaimable 6\ninactive_file 20480\n";
    files.content["/sys/fs/cgroup/cpu.max"] = "50000 100000\n";
    files.content["/sys/fs/cgroup/cpu.stat"] = "usage_usec 1000000\nuser_usec 5\n";
  }
  void limit_by_first_version() {
    files.content["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "204800\n";
    files.content["/sys/fs/cgroup/memory/memory.usage_in_bytes"] = "122880\n";
    files.content["/sys/fs/cgroup/memory/memory.stat"] = "cache 1\ninactive_file 2\ntotal_cache 40960\ntotal_inactive_file 20480\n";
    files.content["/sys/fs/cgroup/cpu/cpu.cfs_quota_us"] = "50000\n";
    files.content["/sys/fs/cgroup/cpu/cpu.cfs_period_us"] = "100000\n";
    files.content["/sys/fs/cgroup/cpuacct/cpuacct.usage"] = "1000000000\n";
  }

  test::TreeFiles files;
  ManualClock clock;
};

TEST_F(NodeMeters, ProcessorsOfAMachine) {
  CpuMeter meter(files, clock, "");
  EXPECT_FALSE(meter.read_percent().value());
  files.content["/proc/stat"] = "cpu  130 0 0 170 0 0 0 0\ncpu0 130 0 0 170 0 0 0 0\n";
  EXPECT_DOUBLE_EQ(*meter.read_percent().value(), 30.0);
  EXPECT_FALSE(meter.read_percent().value());  // No tick has passed.
}

TEST_F(NodeMeters, ProcessorsUnderAQuotaOfHalfACore) {
  for (bool is_second : {true, false}) {
    files.content.clear();
    if (is_second) limit_by_second_version();
    if (!is_second) limit_by_first_version();
    CpuMeter meter(files, clock, "");
    EXPECT_FALSE(meter.read_percent().value());
    clock.advance_ms(1000);
    files.content["/sys/fs/cgroup/cpu.stat"] = "usage_usec 1100000\n";
    files.content["/sys/fs/cgroup/cpuacct/cpuacct.usage"] = "1100000000\n";
    EXPECT_DOUBLE_EQ(*meter.read_percent().value(), 20.0);
    clock.advance_ms(100);
    files.content["/sys/fs/cgroup/cpu.stat"] = "usage_usec 9100000\n";
    files.content["/sys/fs/cgroup/cpuacct/cpuacct.usage"] = "9100000000\n";
    EXPECT_DOUBLE_EQ(*meter.read_percent().value(), 100.0);
  }
}

TEST_F(NodeMeters, MemoryOfAMachine) {
  MemoryUse use = MemoryMeter(files, "").read().value();
  EXPECT_EQ(use.total_bytes, 1000u * 1024);
  EXPECT_EQ(use.used_bytes, 600u * 1024);
  EXPECT_DOUBLE_EQ(use.percent(), 60.0);
}

TEST_F(NodeMeters, MemoryUnderALimitIsThatOfTheContainerWithoutWhatCanBeGivenBack) {
  limit_by_second_version();
  MemoryUse use = MemoryMeter(files, "").read().value();
  EXPECT_EQ(use.total_bytes, 204800u);
  EXPECT_EQ(use.used_bytes, 102400u);
  EXPECT_DOUBLE_EQ(use.percent(), 50.0);
  files.content.erase("/sys/fs/cgroup/cgroup.controllers");
  limit_by_first_version();
  EXPECT_DOUBLE_EQ(MemoryMeter(files, "").read().value().percent(), 50.0);
}

TEST_F(NodeMeters, WhatIsNoLimitIsNone) {
  limit_by_second_version();
  files.content["/sys/fs/cgroup/memory.max"] = "max\n";
  files.content["/sys/fs/cgroup/cpu.max"] = "max 100000\n";
  EXPECT_EQ(MemoryMeter(files, "").read().value().total_bytes, 1000u * 1024);
  EXPECT_FALSE(Cgroup(files, "").cpu_limit_cores());
  // More than the machine has.
  files.content["/sys/fs/cgroup/memory.max"] = "99999999999\n";
  EXPECT_EQ(MemoryMeter(files, "").read().value().total_bytes, 1000u * 1024);
  files.content.erase("/sys/fs/cgroup/cgroup.controllers");
  limit_by_first_version();
  files.content["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n";
  files.content["/sys/fs/cgroup/cpu/cpu.cfs_quota_us"] = "-1\n";
  EXPECT_EQ(MemoryMeter(files, "").read().value().total_bytes, 1000u * 1024);
  EXPECT_FALSE(Cgroup(files, "").cpu_limit_cores());
}

// The agent's container is limited, the host is not: with root_path the numbers are the host's.
TEST_F(NodeMeters, InAContainerThatLooksAtItsHostTheHostCounts) {
  limit_by_second_version();
  files.content["/hostfs/proc/meminfo"] = "MemTotal: 8000 kB\nMemFree: 1 kB\nMemAvailable: 4000 kB\n";
  files.content["/hostfs/sys/fs/cgroup/cgroup.controllers"] = "cpu memory\n";
  EXPECT_EQ(MemoryMeter(files, "/hostfs/").read().value().total_bytes, 8000u * 1024);
  EXPECT_EQ(MemoryMeter(files, "/hostfs").read().value().used_bytes, 4000u * 1024);
}

TEST_F(NodeMeters, MemoryThatCannotBeReadIsAnErrorAndTheNextReadingTriesAgain) {
  MemoryMeter meter(files, "");
  EXPECT_TRUE(meter.read().is_ok());
  std::string text = std::exchange(files.content["/proc/meminfo"], "nothing");
  EXPECT_FALSE(meter.read().is_ok());
  files.content.erase("/proc/meminfo");
  EXPECT_FALSE(meter.read().is_ok());
  files.content["/proc/meminfo"] = text;
  EXPECT_TRUE(meter.read().is_ok());
}

TEST_F(NodeMeters, DisksCountOnceEachAndVirtualFileSystemsDoNot) {
  files.content["/proc/filesystems"] = "nodev\tproc\n\text4\n\txfs\n";
  files.content["/proc/1/mountinfo"] =
      "27 1 254:0 / / rw - ext4 /dev/root rw\n22 27 0:21 / /proc rw - proc proc rw\n"
      "40 27 254:0 /srv /data rw - ext4 /dev/root rw\n41 27 254:0 / /again rw - ext4 /dev/root rw\n"
      "42 27 8:1 / /gone rw - xfs /dev/sda1 rw\n";
  files.spaces["/"] = {1000, 400, 300, 10, 5};
  DiskMeter meter(files, "");
  const std::vector<MountUse>* uses = meter.read().value();
  ASSERT_EQ(uses->size(), 2u);
  EXPECT_EQ(uses->at(0).mount_point, "/");
  EXPECT_EQ(uses->at(0).used_bytes(), 600u);
  EXPECT_FALSE(uses->at(1).is_known);
  files.spaces["/gone"] = {100, 10, 10, 0, 0};
  uses = meter.read().value();
  EXPECT_TRUE(uses->at(1).is_known);
  files.content["/proc/1/mountinfo"] = "27 1 254:0 / / rw - ext4 /dev/root rw\n";
  EXPECT_EQ(meter.read().value()->size(), 1u);
}

TEST_F(NodeMeters, MountsOfTheHostAreFoundBelowRootPath) {
  files.content["/hostfs/proc/filesystems"] = "\text4\n";
  files.content["/hostfs/proc/1/mountinfo"] = "27 1 254:0 / / rw - ext4 /dev/mapper/vg-root rw\n28 27 8:1 / /boot rw - ext4 /dev/sda1 rw\n";
  files.links["/hostfs/dev/mapper/vg-root"] = "../dm-0";
  MountTable table(files, "/hostfs");
  ASSERT_TRUE(table.refresh().value());
  EXPECT_FALSE(table.refresh().value());
  EXPECT_EQ(table.mounts()[0].device, "/dev/dm-0");
  EXPECT_EQ(table.local_path(table.mounts()[1]), "/hostfs/boot");
  // As a process of the container sees them.
  files.content.erase("/hostfs/proc/1/mountinfo");
  files.content["/hostfs/proc/self/mountinfo"] =
      "27 1 254:0 / /hostfs rw - ext4 /dev/root rw\n29 1 254:0 / /hostfs2 rw - ext4 /dev/root rw\n";
  files.links["/hostfs/sys/dev/block/254:0"] = "../../devices/virtio/block/vda";
  ASSERT_TRUE(table.refresh().value());
  EXPECT_EQ(table.mounts()[0].device, "/dev/vda");
  EXPECT_EQ(table.local_path(table.mounts()[0]), "/hostfs");
  EXPECT_EQ(table.local_path(table.mounts()[1]), "/hostfs/hostfs2");
}

TEST_F(NodeMeters, TheNetworkIsSummedWithoutTheLoopback) {
  std::string headings = "Inter-|\n face |\n";
  files.content["/proc/net/dev"] =
      headings + "lo: 9 9 9 9 0 0 0 0 9 9 9 9\neth0: 100 1 0 0 0 0 0 0 10 1 0 0\neth1: 5 1 0 0 0 0 0 0 6 1 0 0\n";
  NetworkUse use = NetworkMeter(files, "").read_sum().value();
  EXPECT_EQ(use.received_bytes, 105u);
  EXPECT_EQ(use.sent_bytes, 16u);
  // /hostfs/proc/net would be this container's network; that of the host is its first process's.
  files.content["/hostfs/proc/net/dev"] = headings + "eth0: 1 1 0 0 0 0 0 0 1 1 0 0\n";
  files.content["/hostfs/proc/1/net/dev"] = headings + "eth0: 70 1 0 0 0 0 0 0 80 1 0 0\n";
  NetworkMeter host_meter(files, "/hostfs");
  EXPECT_EQ(host_meter.read_sum().value().sent_bytes, 80u);
  files.content.erase("/hostfs/proc/1/net/dev");
  EXPECT_EQ(host_meter.read_sum().value().sent_bytes, 1u);
}

TEST(ProcFileTest, ItStaysOpenGrowsAndIsOpenedAgainAfterAFailure) {
  test::TreeFiles files;
  files.content["/proc/x"] = "one";
  ProcFile file(files, "/proc/x");
  EXPECT_EQ(file.read().value(), "one");
  files.content["/proc/x"] = std::string(100'000, 'y');
  EXPECT_EQ(file.read().value().size(), 100'000u);
  EXPECT_EQ(files.opened, 1);
  files.content.erase("/proc/x");
  EXPECT_FALSE(file.read().is_ok());
  files.content["/proc/x"] = "";
  EXPECT_EQ(file.read().value(), "");
  EXPECT_EQ(files.opened, 2);
  files.content["/proc/x"] = std::string(9 << 20, 'z');
  EXPECT_EQ(file.read().status().code(), StatusCode::resource_exhausted);
}

}  // namespace
}  // namespace vigia::host
