// The scrapers of processes: every process a resource, under odd names, forbidden, or gone in the middle.

#include "receivers/hostmetrics/test_machine.h"

namespace vigia::receivers {
namespace {

using test::HostMetrics;
using test::Points;

TEST_F(HostMetrics, ProcessesByState) {
  add_process(8, "zombie", 'Z');
  add_process(9, "traced", 't');
  add_process(10, "odd", '?');
  files.content["/proc/11/stat"] = "";  // Ended while it was read.
  files.content["/proc/net/ignored"] = "";
  Points points = points_of("{processes: }");
  EXPECT_DOUBLE_EQ(points["system.processes.created"], 4711);
  EXPECT_DOUBLE_EQ(points["system.processes.count{status=sleeping}"], 1);
  EXPECT_DOUBLE_EQ(points["system.processes.count{status=zombies}"], 1);
  EXPECT_DOUBLE_EQ(points["system.processes.count{status=stopped}"], 1);
  EXPECT_DOUBLE_EQ(points["system.processes.count{status=unknown}"], 1);
  EXPECT_DOUBLE_EQ(points["system.processes.count{status=running}"], 3);
  EXPECT_DOUBLE_EQ(points["system.processes.count{status=blocked}"], 1);
  EXPECT_EQ(points.size(), 7u);
}

constexpr const char* odd_process =
    "process.pid=7,process.parent_pid=1,process.executable.name=my (odd) name,process.executable.path=/bin/x,process.command=/bin/x,"
    "process.command_line=/bin/x -a,process.owner=root";

TEST_F(HostMetrics, EachProcessIsAResource) {
  Points points = points_of("{process: }");
  std::string resource = "[" + std::string(odd_process) + "]";
  EXPECT_EQ(last().resources, std::set<std::string>{odd_process});
  EXPECT_DOUBLE_EQ(points["process.cpu.time{state=user}" + resource], 2);
  EXPECT_DOUBLE_EQ(points["process.cpu.time{state=system}" + resource], 3);
  EXPECT_DOUBLE_EQ(points["process.cpu.time{state=wait}" + resource], 0.4);
  EXPECT_DOUBLE_EQ(points["process.disk.io{direction=read}" + resource], 5);
  EXPECT_DOUBLE_EQ(points["process.memory.virtual" + resource], 4096000);
  EXPECT_DOUBLE_EQ(points["process.memory.usage" + resource], 10.0 * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(points.size(), 7u);
  EXPECT_EQ(last().starts, std::set<uint64_t>{1'700'000'020'000'000'000});
}

TEST_F(HostMetrics, MetricsOfWindowsMayBeNamedAndAreNot) {
  EXPECT_EQ(points_of("{process: {metrics: {process.handles: {enabled: true}}}}").size(), 7u);
}

TEST_F(HostMetrics, EverythingOfAProcess) {
  files.content["/proc/7/fd/0"] = files.content["/proc/7/fd/1"] = "";
  for (const char* thread : {"7", "70", "71"})
    files.content[std::string("/proc/7/task/") + thread + "/status"] = "voluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t2\n";
  files.content["/proc/7/cgroup"] = "0::/user.slice\n";
  std::string metrics;
  for (const char* name : {"context_switches", "cpu.utilization", "disk.operations", "memory.utilization", "open_file_descriptors",
                           "paging.faults", "signals_pending", "threads", "uptime"})
    metrics += std::string("process.") + name + ": {enabled: true}, ";
  std::string attributes;
  for (const char* name : {"command", "command_line", "executable.name", "executable.path", "owner", "parent_pid", "pid"})
    attributes += std::string("process.") + name + ": {enabled: false}, ";
  start("{collection_interval: 10s, scrapers: {process: {resource_attributes: {" + attributes +
        "process.cgroup: {enabled: true}}, metrics: {" + metrics + "}}}}");
  advance_ms(1000);
  add_process(7, "renamed", 'S', "1200");
  advance_ms(10'000);
  Points points = last().points;
  std::string resource = "[process.cgroup=0::/user.slice]";
  EXPECT_DOUBLE_EQ(points["process.context_switches{type=voluntary}" + resource], 3);
  EXPECT_DOUBLE_EQ(points["process.context_switches{type=involuntary}" + resource], 6);
  EXPECT_DOUBLE_EQ(points["process.cpu.utilization{state=user}" + resource], 0.5);  // 10 s of 10 s, of two processors.
  EXPECT_DOUBLE_EQ(points["process.disk.operations{direction=write}" + resource], 4);
  EXPECT_DOUBLE_EQ(points["process.memory.utilization" + resource], 1000.0 * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1000 * 1024));
  EXPECT_DOUBLE_EQ(points["process.open_file_descriptors" + resource], 2);
  EXPECT_DOUBLE_EQ(points["process.paging.faults{type=major}" + resource], 12);
  EXPECT_DOUBLE_EQ(points["process.signals_pending" + resource], 2);
  EXPECT_DOUBLE_EQ(points["process.threads" + resource], 5);
  EXPECT_EQ(points.count("process.uptime" + resource), 1u);
}

TEST_F(HostMetrics, ProcessesAreChosenByNameAndAge) {
  add_process(8, "postgres", 'S');
  EXPECT_EQ(points_of("{process: {include: {names: [postgres], match_type: strict}}}").size(), 7u);
  stop();
  EXPECT_EQ(points_of("{process: {exclude: {names: ['.'], match_type: regexp}}}").size(), 0u);
  stop();
  // The clock of this test stands near the machine's start: everything is young.
  EXPECT_EQ(points_of("{process: {scrape_process_delay: 24h}}").size(), 0u);
}

// Names and arguments are any bytes, and the request must be one that the next collector takes.

TEST_F(HostMetrics, NamesThatAreNotUtf8AreRepaired) {
  add_process(7, "\xff\xfe", 'S');
  files.content["/proc/7/cmdline"] = "\xc3(\xa0";
  files.links["/proc/7/exe"] = "/bin/\x80";
  files.content["/proc/1/mountinfo"] = "27 1 254:0 / /\\377 rw - ext4 /dev/vda rw\n";
  files.spaces["/\xff"] = {1, 1, 1, 1, 1};
  EXPECT_FALSE(points_of("{process: , filesystem: }").empty());
}

TEST_F(HostMetrics, AProcessThatEndsInTheMiddleIsNoFailure) {
  files.content.erase("/proc/7/cmdline");
  files.content.erase("/proc/7/status");
  files.content.erase("/proc/7/io");
  files.links.clear();
  Points points = points_of("{process: }");
  EXPECT_EQ(points.size(), 5u);
  EXPECT_EQ(kit.sink->count("Cannot scrape"), 0u);
  EXPECT_EQ(kit.metric("otelcol_scraper_errored_metric_points{receiver=\"hostmetrics\",scraper=\"process\"}"), 0);
}

TEST_F(HostMetrics, WhatIsForbiddenIsToldOnceUnlessItIsMuted) {
  add_process(8, "other", 'S');
  for (const char* file : {"7/io", "8/io", "7/exe", "8/exe"}) files.forbidden.insert(std::string("/proc/") + file);
  start("{collection_interval: 10s, scrapers: {process: }}");
  advance_ms(1000);
  advance_ms(10'000);
  EXPECT_EQ(last().points.size(), 10u);
  EXPECT_EQ(kit.sink->count("Cannot scrape"), 2u);
  EXPECT_EQ(kit.metric("otelcol_scraper_errored_metric_points{receiver=\"hostmetrics\",scraper=\"process\"}"), 8);
  stop();
  start("{scrapers: {process: {mute_process_exe_error: true, mute_process_io_error: true}}}");
  advance_ms(1000);
  EXPECT_EQ(kit.metric("otelcol_scraper_errored_metric_points{receiver=\"hostmetrics\",scraper=\"process\"}"), 8);
}

}  // namespace
}  // namespace vigia::receivers
