// The scrapers of the machine: which points come with which names, attributes, kinds and values, and what a configuration leaves out.

#include "receivers/hostmetrics/test_machine.h"

namespace vigia::receivers {
namespace {

using test::HostMetrics;
using test::Points;

TEST_F(HostMetrics, ProcessorsAreAddedUpUnlessTheirNumberIsAskedFor) {
  Points points = points_of("{cpu: }");
  EXPECT_EQ(points.size(), 9u);
  EXPECT_DOUBLE_EQ(points["system.cpu.time{state=user}"], 0.3);
  EXPECT_DOUBLE_EQ(points["system.cpu.time{state=idle}"], 1.7);
  EXPECT_DOUBLE_EQ(points["system.cpu.logical.count"], 2);
  EXPECT_EQ(last().titles["system.cpu.time"], "sum monotonic s real");
  EXPECT_EQ(last().titles["system.cpu.logical.count"], "sum {cpu} integer");
  EXPECT_EQ(last().starts, std::set<uint64_t>{1'700'000'000'000'000'000});
}

TEST_F(HostMetrics, ProcessorsComeAndGoBetweenTwoRounds) {
  start(
      "{collection_interval: 10s, scrapers: {cpu: {metrics: {system.cpu.time: {attributes: [cpu, state]}, system.cpu.utilization: "
      "{enabled: true, attributes: [state, cpu]}}}}}");
  advance_ms(1000);
  Points points = last().points;
  EXPECT_DOUBLE_EQ(points["system.cpu.time{cpu=cpu2,state=user}"], 0.2);
  EXPECT_EQ(points.count("system.cpu.utilization{cpu=cpu0,state=user}"), 0u);
  files.content["/proc/stat"] = "cpu0 20 0 0 120 0 0 0 0\ncpu1 5 0 0 5 0 0 0 0\nbtime 1700000000\n";
  advance_ms(10'000);
  points = last().points;
  EXPECT_DOUBLE_EQ(points["system.cpu.utilization{cpu=cpu0,state=user}"], 0.25);
  EXPECT_DOUBLE_EQ(points["system.cpu.utilization{cpu=cpu0,state=idle}"], 0.75);
  EXPECT_EQ(points.count("system.cpu.utilization{cpu=cpu1,state=user}"), 0u);
  EXPECT_EQ(points.count("system.cpu.time{cpu=cpu2,state=user}"), 0u);
  EXPECT_DOUBLE_EQ(points["system.cpu.time{cpu=cpu1,state=user}"], 0.05);
}

TEST_F(HostMetrics, AggregationsOfWhatIsLeftOut) {
  for (auto [strategy, expected] : {std::pair{"sum", 60.0}, {"avg", 30.0}, {"min", 10.0}, {"max", 50.0}}) {
    Points points = points_of(
        std::string("{network: {include: {interfaces: [eth0], match_type: strict}, metrics: {system.network.connections: {enabled: false}, "
                    "system.network.io: {attributes: [device], aggregation_strategy: ") +
        strategy + "}}}}");
    EXPECT_DOUBLE_EQ(points["system.network.io{device=eth0}"], expected) << strategy;
    EXPECT_DOUBLE_EQ(points["system.network.packets{device=eth0,direction=transmit}"], 60);
    stop();
  }
}

TEST_F(HostMetrics, Memory) {
  Points points = points_of(
      "{memory: {metrics: {system.memory.utilization: {enabled: true}, system.memory.limit: {enabled: true}, "
      "system.linux.memory.available: {enabled: true}}}}");
  EXPECT_DOUBLE_EQ(points["system.memory.usage{state=used}"], (1000 - 100 - 10 - 240) * 1024);
  EXPECT_DOUBLE_EQ(points["system.memory.usage{state=cached}"], 240 * 1024);
  EXPECT_DOUBLE_EQ(points["system.memory.usage{state=slab_unreclaimable}"], 30 * 1024);
  EXPECT_DOUBLE_EQ(points["system.memory.utilization{state=free}"], 0.1);
  EXPECT_DOUBLE_EQ(points["system.memory.limit"], 1000 * 1024);
  EXPECT_DOUBLE_EQ(points["system.linux.memory.available"], 400 * 1024);
}

TEST_F(HostMetrics, SharesOfMemoryAreOfTheContainersLimit) {
  files.content["/sys/fs/cgroup/cgroup.controllers"] = "memory\n";
  files.content["/sys/fs/cgroup/memory.max"] = "1000\n";
  files.content["/sys/fs/cgroup/memory.current"] = "700\n";
  files.content["/sys/fs/cgroup/memory.stat"] = "file 150\nslab_reclaimable 50\nslab_unreclaimable 10\ninactive_file 20\n";
  Points points = points_of("{memory: {metrics: {system.memory.utilization: {enabled: true}}}}");
  EXPECT_DOUBLE_EQ(points["system.memory.utilization{state=used}"], 0.5);
  EXPECT_DOUBLE_EQ(points["system.memory.utilization{state=free}"], 0.3);
  EXPECT_DOUBLE_EQ(points["system.memory.utilization{state=cached}"], 0.2);
  EXPECT_DOUBLE_EQ(points["system.memory.usage{state=free}"], 100 * 1024);
}

TEST_F(HostMetrics, Disks) {
  Points points = points_of("{disk: {exclude: {devices: ['^vdb$'], match_type: regexp}}}");
  EXPECT_EQ(points.size(), 11u);
  EXPECT_DOUBLE_EQ(points["system.disk.io{device=vda,direction=read}"], 3 * 512);
  EXPECT_DOUBLE_EQ(points["system.disk.operations{device=vda,direction=write}"], 5);
  EXPECT_DOUBLE_EQ(points["system.disk.merged{device=vda,direction=read}"], 2);
  EXPECT_DOUBLE_EQ(points["system.disk.operation_time{device=vda,direction=write}"], 8);
  EXPECT_DOUBLE_EQ(points["system.disk.pending_operations{device=vda}"], 9);
  EXPECT_DOUBLE_EQ(points["system.disk.io_time{device=vda}"], 10);
  EXPECT_DOUBLE_EQ(points["system.disk.weighted_io_time{device=vda}"], 11);
  EXPECT_EQ(last().titles["system.disk.pending_operations"], "sum {operations} integer");
}

TEST_F(HostMetrics, FileSystems) {
  Points points = points_of("{filesystem: {metrics: {system.filesystem.utilization: {enabled: true}}}}");
  std::string root = "device=/dev/vda,mode=rw,mountpoint=/,type=ext4";
  EXPECT_DOUBLE_EQ(points["system.filesystem.usage{" + root + ",state=used}"], 600);
  EXPECT_DOUBLE_EQ(points["system.filesystem.usage{" + root + ",state=free}"], 300);
  EXPECT_DOUBLE_EQ(points["system.filesystem.usage{" + root + ",state=reserved}"], 100);
  EXPECT_DOUBLE_EQ(points["system.filesystem.utilization{" + root + "}"], 600.0 / 900);
  EXPECT_DOUBLE_EQ(points["system.filesystem.inodes.usage{" + root + ",state=used}"], 6);
  EXPECT_DOUBLE_EQ(points["system.filesystem.usage{device=/dev/vdb,mode=ro,mountpoint=/my data,type=ext4,state=used}"], 450);
  EXPECT_EQ(points.size(), 12u);
}

TEST_F(HostMetrics, FileSystemsAreChosenByDeviceTypeAndPlace) {
  EXPECT_EQ(points_of("{filesystem: {include_virtual_filesystems: true}}").size(), 15u);
  stop();
  EXPECT_EQ(points_of("{filesystem: {include_virtual_filesystems: true, exclude_fs_types: {fs_types: [ext4], match_type: strict}}}").size(),
            5u);
  stop();
  EXPECT_EQ(points_of("{filesystem: {include_mount_points: {mount_points: [data], match_type: regexp}}}").size(), 5u);
  stop();
  EXPECT_EQ(points_of("{filesystem: {exclude_devices: {devices: [/dev/vda, /dev/vdb], match_type: strict}}}").size(), 0u);
}

TEST_F(HostMetrics, AFileSystemThatCannotBeLookedAtIsToldOnceAndTheOthersGoOn) {
  files.spaces.erase("/my data");
  start("{collection_interval: 10s, scrapers: {filesystem: }}");
  advance_ms(1000);
  advance_ms(10'000);
  EXPECT_EQ(last().points.size(), 5u);
  EXPECT_EQ(kit.sink->count("Cannot scrape"), 1u);
  EXPECT_EQ(kit.metric("otelcol_scraper_errored_metric_points{receiver=\"hostmetrics\",scraper=\"filesystem\"}"), 4);
  EXPECT_EQ(kit.metric("otelcol_scraper_scraped_metric_points{receiver=\"hostmetrics\",scraper=\"filesystem\"}"), 10);
}

TEST_F(HostMetrics, Network) {
  files.content["/proc/sys/net/netfilter/nf_conntrack_count"] = "17\n";
  files.content["/proc/sys/net/netfilter/nf_conntrack_max"] = "65536\n";
  Points points =
      points_of("{network: {metrics: {system.network.conntrack.count: {enabled: true}, system.network.conntrack.max: {enabled: true}}}}");
  EXPECT_DOUBLE_EQ(points["system.network.io{device=eth0,direction=receive}"], 10);
  EXPECT_DOUBLE_EQ(points["system.network.io{device=eth0,direction=transmit}"], 50);
  EXPECT_DOUBLE_EQ(points["system.network.errors{device=lo,direction=transmit}"], 7);
  EXPECT_DOUBLE_EQ(points["system.network.dropped{device=lo,direction=receive}"], 4);
  EXPECT_DOUBLE_EQ(points["system.network.connections{protocol=tcp,state=LISTEN}"], 1);
  EXPECT_DOUBLE_EQ(points["system.network.connections{protocol=tcp,state=ESTABLISHED}"], 1);
  EXPECT_DOUBLE_EQ(points["system.network.connections{protocol=tcp,state=TIME_WAIT}"], 0);
  EXPECT_DOUBLE_EQ(points["system.network.conntrack.count"], 17);
  EXPECT_DOUBLE_EQ(points["system.network.conntrack.max"], 65536);
  EXPECT_EQ(points.size(), 2 * 8u + 12 + 2);
}

TEST_F(HostMetrics, Paging) {
  Points points = points_of("{paging: {metrics: {system.paging.utilization: {enabled: true}}}}");
  EXPECT_DOUBLE_EQ(points["system.paging.usage{device=/dev/vdc,state=used}"], 25 * 1024);
  EXPECT_DOUBLE_EQ(points["system.paging.utilization{device=/dev/vdc,state=free}"], 0.75);
  EXPECT_DOUBLE_EQ(points["system.paging.faults{type=major}"], 6);
  EXPECT_DOUBLE_EQ(points["system.paging.faults{type=minor}"], 44);
  EXPECT_DOUBLE_EQ(points["system.paging.operations{direction=page_out,type=major}"], 4);
  EXPECT_DOUBLE_EQ(points["system.paging.operations{direction=page_in,type=minor}"], 1);
}

TEST_F(HostMetrics, LoadAndUptime) {
  Points points = points_of("{load: {cpu_average: true}, system: }");
  EXPECT_DOUBLE_EQ(points["system.cpu.load_average.1m"], 0.5);
  EXPECT_DOUBLE_EQ(points["system.cpu.load_average.15m"], 2);
  EXPECT_DOUBLE_EQ(points["system.uptime"], 1234.5);
  EXPECT_EQ(last().scopes.size(), 2u);
  stop();
  EXPECT_DOUBLE_EQ(points_of("{load: }")["system.cpu.load_average.5m"], 2);
}

}  // namespace
}  // namespace vigia::receivers
