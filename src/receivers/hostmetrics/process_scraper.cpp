// The scraper `process`: what each process uses, with a resource for each.

#include <map>

#include "host/cgroup.h"
#include "host/meminfo.h"
#include "host/proc_stat.h"
#include "host/process_list.h"
#include "host/user_names.h"
#include "receivers/hostmetrics/process_reading.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

using enum process::Metric;
using process::facts;
using process::Metric;

constexpr std::string_view schema = "https://opentelemetry.io/schemas/1.43.0";

class ProcessScraper final : public Scraper {
 public:
  ProcessScraper(const ScraperEnvironment& environment, ProcessConfig config)
      : config_(std::move(config)),
        failures_(environment.log, environment.errored_points),
        processes_(environment.files, environment.root_path),
        reading_(config_, processes_, failures_, environment.files, environment.root_path),
        stat_file_(environment.files, host::below_root(environment.root_path, "/proc/stat")),
        meminfo_file_(environment.files, host::below_root(environment.root_path, "/proc/meminfo")),
        cgroup_(environment.files, environment.root_path) {}

  bool scrape(Round& round) override {
    Status status = is_under_way_ ? Status() : begin();
    for (size_t looked_at = 1; status.is_ok(); looked_at++) {
      Result<bool> has_more = processes_.next();
      if (!has_more.is_ok()) status = std::move(has_more).status();
      if (!status.is_ok() || !*has_more) break;
      if (reading_.read_process(round, boot_time_ms_)) write_process(round);
      if (looked_at % 4 == 0 && round.is_slice_over()) return false;
    }
    if (!status.is_ok()) failures_.add("processes", status, 4);
    is_under_way_ = false;
    forget_ended();
    return true;
  }
  void give_up() override { is_under_way_ = false; }

 private:
  struct LastTimes {
    uint64_t start_ticks = 0;
    uint64_t user = 0, system = 0, wait = 0;
    uint64_t read_ns = 0;
    uint64_t round = 0;
  };

  // What shares are shares of, and when the machine was started, is read once for all processes.
  Status begin() {
    ASSIGN_OR_RETURN(std::string_view text, stat_file_.read());
    RETURN_IF_ERROR(host::parse_proc_stat(text, stat_));
    boot_time_ms_ = stat_.boot_time_s * 1000;
    cores_ = static_cast<double>(stat_.cpus.size());
    if (std::optional<double> limit = cgroup_.cpu_limit_cores()) cores_ = std::min(cores_, *limit);
    if (config_.wants(memory_utilization)) {
      ASSIGN_OR_RETURN(std::string_view memory_text, meminfo_file_.read());
      host::Meminfo info;
      RETURN_IF_ERROR(host::parse_meminfo(memory_text, info));
      std::optional<host::CgroupMemory> group = cgroup_.memory(info.total);
      memory_bytes_ = group ? group->limit_bytes : info.total;
    }
    RETURN_IF_ERROR(reading_.begin_round());
    is_under_way_ = true;
    round_number_++;
    return {};
  }

  void write_process(Round& round) {
    round.enter_resource(reading_.resource(), schema, reading_.start_ns());
    const host::ProcessStat& stat = reading_.stat();
    {
      MetricPoints points(round, facts[cpu_time], config_.choices[cpu_time]);
      points.add(seconds(stat.user_ticks), user_);
      points.add(seconds(stat.system_ticks), system_);
      points.add(seconds(stat.disk_wait_ticks), wait_);
    }
    if (config_.wants(cpu_utilization)) write_shares(round, stat);
    write_one(round, memory_usage, reading_.resident_bytes());
    write_one(round, memory_virtual, stat.virtual_bytes);
    if (config_.wants(memory_utilization))
      MetricPoints(round, facts[memory_utilization], config_.choices[memory_utilization])
          .add(100 * static_cast<double>(reading_.resident_bytes()) / static_cast<double>(memory_bytes_));
    write_io(round);
    write_two(round, page_faults, stat.major_faults, major_, stat.minor_faults, minor_);
    write_one(round, threads, stat.threads);
    write_status(round);
    if (std::optional<uint64_t> count = reading_.open_descriptors()) write_one(round, open_descriptors, *count);
    MetricPoints(round, facts[uptime], config_.choices[uptime])
        .add(static_cast<double>(round.now_ns() - std::min(round.now_ns(), reading_.start_ns())) / 1e9);
  }

  void write_one(Round& round, Metric metric, uint64_t value) { MetricPoints(round, facts[metric], config_.choices[metric]).add(value); }
  void write_two(Round& round, Metric metric, uint64_t first, const std::string& first_attributes, uint64_t second,
                 const std::string& second_attributes) {
    MetricPoints points(round, facts[metric], config_.choices[metric]);
    points.add(first, first_attributes);
    points.add(second, second_attributes);
  }

  void write_io(Round& round) {
    std::optional<host::ProcessIo> io = reading_.io();
    if (!io) return;
    write_two(round, disk_io, io->read_bytes, read_, io->written_bytes, write_);
    write_two(round, disk_operations, io->read_calls, read_, io->write_calls, write_);
  }

  void write_status(Round& round) {
    write_one(round, pending_signals, reading_.status().pending_signals);
    if (!config_.wants(context_switches)) return;
    std::optional<host::ProcessStatus> sum = reading_.switches();
    if (sum) write_two(round, context_switches, sum->involuntary_switches, involuntary_, sum->voluntary_switches, voluntary_);
  }

  // A process id may be another process's by now, which its start tells.
  void write_shares(Round& round, const host::ProcessStat& stat) {
    LastTimes& last = last_times_[processes_.pid()];
    bool is_same = last.round > 0 && last.start_ticks == stat.start_ticks && round.now_ns() > last.read_ns;
    if (is_same) {
      double ticks = static_cast<double>(round.now_ns() - last.read_ns) / 1e9 * host::ticks_per_second * cores_;
      auto share = [&](uint64_t before, uint64_t after) { return after > before ? static_cast<double>(after - before) / ticks : 0.0; };
      MetricPoints points(round, facts[cpu_utilization], config_.choices[cpu_utilization]);
      points.add(share(last.user, stat.user_ticks), user_);
      points.add(share(last.system, stat.system_ticks), system_);
      points.add(share(last.wait, stat.disk_wait_ticks), wait_);
    }
    last = {stat.start_ticks, stat.user_ticks, stat.system_ticks, stat.disk_wait_ticks, round.now_ns(), round_number_};
  }

  void forget_ended() {
    std::erase_if(last_times_, [this](const auto& entry) { return entry.second.round != round_number_; });
  }

  static double seconds(uint64_t ticks) { return static_cast<double>(ticks) / host::ticks_per_second; }

  const ProcessConfig config_;
  Failures failures_;
  host::ProcessList processes_;
  ProcessReading reading_;
  host::ProcFile stat_file_;
  host::ProcFile meminfo_file_;
  host::Cgroup cgroup_;
  host::ProcStat stat_;
  uint64_t boot_time_ms_ = 0;
  double cores_ = 1;
  uint64_t memory_bytes_ = 0;
  std::map<uint64_t, LastTimes> last_times_;
  uint64_t round_number_ = 0;
  bool is_under_way_ = false;
  const std::string user_ = make_attributes({{"state", "user"}});
  const std::string system_ = make_attributes({{"state", "system"}});
  const std::string wait_ = make_attributes({{"state", "wait"}});
  const std::string read_ = make_attributes({{"direction", "read"}});
  const std::string write_ = make_attributes({{"direction", "write"}});
  const std::string major_ = make_attributes({{"type", "major"}});
  const std::string minor_ = make_attributes({{"type", "minor"}});
  const std::string involuntary_ = make_attributes({{"type", "involuntary"}});
  const std::string voluntary_ = make_attributes({{"type", "voluntary"}});
};

}  // namespace

ScraperMaker decode_process_scraper(config::Section& in) {
  ProcessConfig config;
  decode(in, config);
  return [config](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<ProcessScraper>(environment, config);
  };
}

}  // namespace vigia::receivers
