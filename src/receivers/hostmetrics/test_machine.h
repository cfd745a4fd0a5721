#pragma once

// The receiver on a made-up /proc and /sys, whose rounds come when the test turns the clock.

#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <map>
#include <set>
#include <string>

#include "host/test_tree.h"
#include "otlp/metric_view.h"
#include "otlp/validate.h"
#include "pipeline/test_kit.h"
#include "receivers/hostmetrics/hostmetrics_receiver.h"

namespace vigia::receivers::test {

using pipeline::test::FakeConsumer;

// A point as text: "system.memory.usage{state=free}", and of a process "process.threads[process.pid=7]".
using Points = std::map<std::string, double>;

inline std::string attribute_text(const otlp::Attributes& attributes) {
  std::string text;
  for (otlp::AttributeView attribute : attributes) {
    otlp::ValueView value = attribute.value();
    std::string shown = value.kind() == otlp::ValueKind::integer ? std::to_string(value.integer()) : std::string(value.string());
    text += (text.empty() ? "" : ",") + std::string(attribute.key) + "=" + shown;
  }
  return text;
}

struct Decoded {
  Points points;
  std::map<std::string, std::string> titles;  // By metric: "sum monotonic By integer".
  std::set<std::string> resources;
  std::set<std::string> scopes;
  std::set<uint64_t> starts;
};

inline Decoded read_request(const std::string& request) {
  Decoded out;
  otlp::for_each_item(request, [&](const otlp::ResourceGroup& group, const otlp::ScopeGroup& scope, std::string_view item) {
    otlp::MetricView metric(item);
    std::string resource = attribute_text(group.resource().attributes());
    out.resources.insert(resource);
    out.scopes.insert(std::string(scope.scope().name()));
    EXPECT_FALSE(metric.description().empty()) << metric.name();
    std::string title = metric.kind() == otlp::MetricKind::gauge ? "gauge" : "sum";
    EXPECT_EQ(metric.temporality(), metric.kind() == otlp::MetricKind::sum ? 2 : 0) << metric.name();
    if (metric.is_monotonic()) title += " monotonic";
    title += " " + std::string(metric.unit());
    for (std::string_view message : metric.points()) {
      otlp::NumberPointView point(message);
      out.starts.insert(point.start_time_unix_ns());
      EXPECT_GT(point.time_unix_ns(), 0u);
      std::string attributes = attribute_text(point.attributes());
      std::string name =
          std::string(metric.name()) + (attributes.empty() ? "" : "{" + attributes + "}") + (resource.empty() ? "" : "[" + resource + "]");
      EXPECT_TRUE(out.points.emplace(name, point.value().as_double()).second) << "twice: " << name;
      out.titles[std::string(metric.name())] = title + (point.value().kind == otlp::NumberView::Kind::integer ? " integer" : " real");
    }
  });
  return out;
}

class HostMetrics : public ::testing::Test {
 protected:
  HostMetrics() {
    auto& content = files.content;
    content["/proc/stat"] =
        "cpu  30 0 0 170 0 0 0 0\ncpu0 10 0 0 90 0 0 0 0\ncpu2 20 0 0 80 0 0 0 0\nbtime 1700000000\nprocesses 4711\nprocs_running "
        "3\nprocs_blocked 1\n";
    content["/proc/meminfo"] =
        "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\nBuffers: 10 kB\nCached: 200 kB\nSReclaimable: 40 kB\nSUnreclaim: 30 "
        "kB\n";
    content["/proc/loadavg"] = "1.00 2.00 4.00 1/2 3\n";
    content["/proc/uptime"] = "1234.50 99.00\n";
    content["/proc/diskstats"] =
        "254 0 vda 1 2 3 4000 5 6 7 8000 9 10000 11000\n254 1 vdb 1 2 3 4 5 6 7 8 9 10 11\n7 0 loop0 0 0 0 0 0 0 0 0 0 0 0\n";
    content["/proc/net/dev"] = "Inter-|\n face |\nlo: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\neth0: 10 20 30 40 0 0 0 0 50 60 70 80 0 0 0 0\n";
    content["/proc/net/tcp"] = "heading\n 0: 0100007F:AB13 00000000:0000 0A 0 0\n 1: 0100007F:AB13 0100007F:0001 01 0 0\n";
    content["/proc/swaps"] = "Filename Type Size Used Priority\n/dev/vdc partition 100 25 -2\n";
    content["/proc/vmstat"] = "pgpgin 1\npgpgout 2\npswpin 3\npswpout 4\npgfault 50\npgmajfault 6\n";
    content["/proc/filesystems"] = "nodev\tproc\n\text4\n";
    content["/proc/1/mountinfo"] =
        "27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 254:1 / /my\\040data ro - ext4 /dev/vdb rw\n22 27 0:21 / /proc rw - proc proc rw\n";
    content["/etc/passwd"] = "root:x:0:0::/:/bin/sh\n";
    files.spaces["/"] = {1000, 400, 300, 10, 4};
    files.spaces["/my data"] = {500, 50, 50, 0, 0};
    files.spaces["/proc"] = {0, 0, 0, 0, 0};
    add_process(7, "my (odd) name", 'S');
  }

  void add_process(int pid, const std::string& name, char state, const std::string& user_ticks = "200") {
    std::string folder = "/proc/" + std::to_string(pid) + "/";
    files.content[folder + "stat"] = std::to_string(pid) + " (" + name + ") " + state + " 1 1 1 0 -1 0 11 0 12 0 " + user_ticks +
                                     " 300 0 0 20 0 5 0 2000 4096000 10 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 40\n";
    files.content[folder + "cmdline"] = std::string("/bin/x\0-a\0", 10);
    files.content[folder + "status"] =
        "Uid:\t0\t0\t0\t0\nShdPnd:\t0000000000000003\nvoluntary_ctxt_switches:\t8\nnonvoluntary_ctxt_switches:\t9\n";
    files.content[folder + "io"] = "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n";
    files.links[folder + "exe"] = "/bin/x";
  }

  void start(const std::string& yaml) {
    auto decoded =
        pipeline::test::decode_text<HostMetricsConfig>(yaml, [](config::Section& in, HostMetricsConfig& out) { decode(in, out); });
    ASSERT_EQ(decoded->errors(), "");
    pipeline::Context base = kit.context("hostmetrics");
    pipeline::Context context{base.id,        base.log,     kit.metrics,         kit.clock,        files,       kit.ledger, kit.loops,
                              kit.background, kit.resolver, base.find_extension, base.report_port, base.version};
    receiver = std::make_unique<HostMetricsReceiver>(context, decoded->config, consumer);
    ASSERT_TRUE(receiver->start().is_ok());
    settle();
  }
  // Lets both loops finish what they have been given.
  void settle() {
    for (int i = 0; i < 6; i++) {
      on_background([] {});
      kit.settle();
    }
  }
  void on_background(const std::function<void()>& call) {
    std::promise<void> ended;
    kit.background.loop().post([&] {
      call();
      ended.set_value();
    });
    ended.get_future().wait();
  }
  void advance_ms(int64_t ms) {
    on_background([&] { kit.clock.advance_ms(ms); });
    settle();
  }
  void stop() {
    std::promise<void> stopped;
    receiver->stop(0, [&] { stopped.set_value(); });
    stopped.get_future().wait();
    settle();
    receiver.reset();
  }
  // The points of the only scraper that is on, in the first round.
  Points points_of(const std::string& scrapers) {
    size_t taken_before = consumer.taken().size();
    start("scrapers: " + scrapers);
    advance_ms(1000);
    return consumer.taken().size() == taken_before ? Points() : last().points;
  }
  Decoded last() {
    auto taken = consumer.taken().back();
    Slice request = Slice::copy_of(taken.bytes, kit.ledger);
    Result<otlp::Checked> checked = otlp::validate(otlp::Signal::metrics, request, kit.ledger);
    EXPECT_TRUE(checked.is_ok());
    EXPECT_EQ(checked->repaired_strings, 0u);
    EXPECT_EQ(checked->item_count, taken.items);
    return read_request(taken.bytes);
  }
  void TearDown() override {
    if (receiver) stop();
  }

  host::test::TreeFiles files;
  FakeConsumer consumer;
  pipeline::test::Kit kit;
  std::unique_ptr<HostMetricsReceiver> receiver;
};

}  // namespace vigia::receivers::test
