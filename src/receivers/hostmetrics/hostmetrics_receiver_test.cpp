// Rounds: what becomes of them when files are odd or gone, when the pipeline does not take them or does not answer, and in a container.

#include "receivers/hostmetrics/test_machine.h"

namespace vigia::receivers {
namespace {

using test::Decoded;
using test::HostMetrics;
using test::Points;

TEST_F(HostMetrics, FilesThatAreGoneOrOddCostTheirOwnPointsOnly) {
  for (const char* file : {"meminfo", "diskstats", "loadavg", "swaps"}) files.content.erase(std::string("/proc/") + file);
  files.content["/proc/vmstat"] = "odd";
  files.content["/proc/net/dev"] = "";
  files.content["/proc/net/tcp"] = "";
  start(
      "{collection_interval: 10s, scrapers: {cpu: , memory: , disk: , filesystem: , load: , network: , paging: , processes: , process: , "
      "system: }}");
  advance_ms(1000);
  EXPECT_TRUE(last().points.contains("system.uptime"));
  EXPECT_TRUE(last().points.contains("system.network.connections{protocol=tcp,state=LISTEN}"));
  EXPECT_FALSE(last().points.contains("system.memory.usage{state=used}"));
  for (const char* scraper : {"memory", "disk", "load", "network", "paging"})
    EXPECT_GT(kit.metric("otelcol_scraper_errored_metric_points{receiver=\"hostmetrics\",scraper=\"" + std::string(scraper) + "\"}"), 0)
        << scraper;
  files.content["/proc/meminfo"] = "MemTotal: 1000 kB\n";
  advance_ms(10'000);
  EXPECT_TRUE(last().points.contains("system.memory.usage{state=used}"));
  files.content.clear();
  files.links.clear();
  size_t taken = consumer.taken().size();
  advance_ms(10'000);
  EXPECT_EQ(consumer.taken().size(), taken);  // Nothing was left to send.
}

TEST_F(HostMetrics, ARoundThatThePipelineRefusesIsDroppedAndTheNextOneComes) {
  start("{collection_interval: 10s, scrapers: {system: }}");
  consumer.script({unavailable("queue is full"), unavailable("queue is full")});
  advance_ms(1000);
  advance_ms(10'000);
  EXPECT_EQ(consumer.taken().size(), 0u);
  EXPECT_EQ(kit.sink->count("The pipeline refused a round"), 1u);
  advance_ms(10'000);
  EXPECT_EQ(consumer.taken().size(), 1u);
  EXPECT_EQ(kit.metric("otelcol_receiver_refused_metric_points{receiver=\"hostmetrics\",transport=\"\"}"), 2);
  EXPECT_EQ(kit.metric("otelcol_receiver_accepted_metric_points{receiver=\"hostmetrics\",transport=\"\"}"), 1);
}

TEST_F(HostMetrics, WhileThePipelineHasNotAnsweredRoundsAreLeftOut) {
  start("{collection_interval: 10s, scrapers: {system: }}");
  consumer.hold();
  advance_ms(1000);
  EXPECT_EQ(consumer.tries(), 1u);
  advance_ms(10'000);
  advance_ms(10'000);
  EXPECT_EQ(consumer.tries(), 1u);
  EXPECT_EQ(kit.metric("vigia_receiver_left_out_rounds{receiver=\"hostmetrics\"}"), 2);
  consumer.hold(false);
  consumer.release();
  settle();
  advance_ms(10'000);
  EXPECT_EQ(consumer.tries(), 2u);
}

TEST_F(HostMetrics, AStopWaitsForTheAnswerAndNoLonger) {
  start("{collection_interval: 10s, scrapers: {system: }}");
  consumer.hold();
  advance_ms(1000);
  std::promise<void> stopped;
  auto ended = stopped.get_future();
  receiver->stop(0, [&] { stopped.set_value(); });
  settle();
  EXPECT_EQ(ended.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  consumer.release();
  ended.wait();
  settle();
  receiver.reset();
}

TEST_F(HostMetrics, BelowRootPathNothingElseIsRead) {
  std::map<std::string, std::string> content = std::move(files.content);
  files.content.clear();
  for (auto& [path, text] : content) files.content["/hostfs" + path] = text;
  files.content["/hostfs/proc/1/net/dev"] = files.content["/hostfs/proc/net/dev"];
  files.spaces = {{"/hostfs/", {1000, 400, 300, 10, 4}}, {"/hostfs/my data", {500, 50, 50, 0, 0}}};
  start(
      "{root_path: /hostfs, scrapers: {cpu: , memory: , disk: , filesystem: , load: , network: , paging: , processes: , process: , system: "
      "}}");
  advance_ms(1000);
  Points points = last().points;
  EXPECT_DOUBLE_EQ(points["system.filesystem.usage{device=/dev/vda,mode=rw,mountpoint=/,type=ext4,state=used}"], 600);
  EXPECT_DOUBLE_EQ(points["system.uptime"], 1234.5);
  EXPECT_EQ(kit.sink->count("Cannot scrape"), 0u);
}

TEST_F(HostMetrics, AllOfItIsTheCustomers) {
  start("{customer: cliente-a, scrapers: {cpu: , process: , system: }}");
  advance_ms(1000);
  EXPECT_EQ(consumer.taken().back().client->customer, "cliente-a");
  Decoded round = last();
  EXPECT_TRUE(round.resources.contains("customer.id=cliente-a"));
  EXPECT_GT(round.resources.size(), 1u) << "a process is a resource of its own";
  for (const std::string& resource : round.resources) EXPECT_TRUE(resource.starts_with("customer.id=cliente-a")) << resource;
}

std::string errors_of(const std::string& yaml) {
  return pipeline::test::decode_text<HostMetricsConfig>(yaml, [](config::Section& in, HostMetricsConfig& out) { decode(in, out); })
      ->errors();
}

TEST(HostMetricsConfigTest, MistakesAreNamed) {
  EXPECT_NE(errors_of("{}").find("at least one scraper is needed"), std::string::npos);
  EXPECT_NE(errors_of("{scrapers: {cpus: }}").find("cpus"), std::string::npos);
  EXPECT_NE(errors_of("{collection_interval: 0s, scrapers: {cpu: }}").find("must be positive"), std::string::npos);
  EXPECT_NE(errors_of("{root_path: host, scrapers: {cpu: }}").find("absolute path"), std::string::npos);
  EXPECT_NE(errors_of("{scrapers: {disk: {include: {devices: [a]}}}}").find("strict"), std::string::npos);
  EXPECT_NE(errors_of("{scrapers: {disk: {include: {devices: ['('], match_type: regexp}}}}").find("("), std::string::npos);
  EXPECT_NE(errors_of("{scrapers: {cpu: {metrics: {system.cpu.times: {enabled: true}}}}}").find("system.cpu.time"), std::string::npos);
  EXPECT_NE(errors_of("{scrapers: {cpu: {metrics: {system.cpu.time: {attributes: [core]}}}}}").find("it has cpu, state"),
            std::string::npos);
  EXPECT_NE(errors_of("{customer: a b, scrapers: {cpu: }}").find("customer: expected letters"), std::string::npos);
  std::string newer = errors_of("{scrapers: {process: {metrics: {process.cpu.time@v1: {enabled: true}}}}}");
  EXPECT_NE(newer.find("process.cpu.time@v1: metrics by the newer conventions"), std::string::npos) << newer;
  EXPECT_EQ(newer.find("unknown key"), std::string::npos) << newer;
  EXPECT_NE(errors_of("{scrapers: {nfs: }}").find("not in this build"), std::string::npos);
  EXPECT_EQ(
      errors_of("{initial_delay: 0s, timeout: 5s, metadata_collection_interval: 5m, scrapers: {cpu: , disk: {include: {devices: []}}}}"),
      "");
}

}  // namespace
}  // namespace vigia::receivers
