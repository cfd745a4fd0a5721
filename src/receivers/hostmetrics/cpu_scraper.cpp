// The scraper `cpu`: what each processor has been doing, how many there are, how fast they run.

#include <algorithm>

#include "host/cpu_facts.h"
#include "host/proc_file.h"
#include "host/proc_stat.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;

enum Metric : size_t { frequency, logical_count, physical_count, cpu_time, utilization };
constexpr std::array<MetricFact, 5> facts = {{
    {"system.cpu.frequency", "How fast the processor runs now.", "Hz", MetricKind::gauge, false, Presence::when_asked, {"cpu"}},
    {"system.cpu.logical.count", "Processors as the kernel sees them.", "{cpu}", MetricKind::sum, false, Presence::by_default},
    {"system.cpu.physical.count", "Cores, each of which may be several processors to the kernel.", "{cpu}", MetricKind::sum, false,
     Presence::when_asked},
    {"system.cpu.time", "Seconds spent in each state.", "s", MetricKind::sum, true, Presence::by_default, {"cpu", "state"}, "cpu"},
    {"system.cpu.utilization",
     "The share of the time since the last reading that was spent in each state, 0 to 1.",
     "1",
     MetricKind::gauge,
     false,
     Presence::when_asked,
     {"cpu", "state"},
     "cpu"},
}};

struct State {
  std::string_view name;
  uint64_t host::CpuTimes::*ticks;
};
constexpr std::array<State, 8> states = {{{"user", &host::CpuTimes::user},
                                          {"system", &host::CpuTimes::system},
                                          {"idle", &host::CpuTimes::idle},
                                          {"interrupt", &host::CpuTimes::irq},
                                          {"nice", &host::CpuTimes::nice},
                                          {"softirq", &host::CpuTimes::softirq},
                                          {"steal", &host::CpuTimes::steal},
                                          {"wait", &host::CpuTimes::iowait}}};

class CpuScraper final : public Scraper {
 public:
  CpuScraper(const ScraperEnvironment& environment, std::vector<MetricChoice> choices)
      : files_(environment.files),
        root_path_(environment.root_path),
        choices_(std::move(choices)),
        failures_(environment.log, environment.errored_points),
        stat_file_(files_, host::below_root(root_path_, "/proc/stat")),
        cpuinfo_file_(files_, host::below_root(root_path_, "/proc/cpuinfo")) {}

  bool scrape(Round& round) override {
    if (Status status = read_stat(); !status.is_ok()) {
      failures_.add("processor times", status, 2);
      return true;
    }
    name_processors();
    write_times(round);
    write_utilization(round);
    write_counts(round);
    if (choices_[frequency].is_wanted) write_frequencies(round);
    last_ = stat_.cpus;
    return true;
  }

 private:
  struct Names {
    uint32_t number = UINT32_MAX;
    std::array<std::string, states.size()> attributes;
  };

  Status read_stat() {
    Result<std::string_view> text = stat_file_.read();
    if (!text.is_ok()) return std::move(text).status();
    return host::parse_proc_stat(*text, stat_);
  }

  // Attributes are made anew only where another processor stands in the list than before.
  void name_processors() {
    names_.resize(stat_.cpus.size());
    for (size_t i = 0; i < names_.size(); i++) {
      uint32_t number = stat_.cpus[i].number;
      if (names_[i].number == number) continue;
      names_[i].number = number;
      for (size_t s = 0; s < states.size(); s++)
        names_[i].attributes[s] = make_attributes({{"cpu", "cpu" + std::to_string(number)}, {"state", states[s].name}});
      physical_cores_.reset();
    }
  }

  void write_times(Round& round) {
    MetricPoints points(round, facts[cpu_time], choices_[cpu_time]);
    for (size_t i = 0; i < stat_.cpus.size(); i++)
      for (size_t s = 0; s < states.size(); s++)
        points.add(static_cast<double>(stat_.cpus[i].times.*states[s].ticks) / host::ticks_per_second, names_[i].attributes[s]);
  }

  // A processor that was not there at the last reading has no share yet. The kernel's counters of waiting may go back: that is no share below 0.
  void write_utilization(Round& round) {
    MetricPoints points(round, facts[utilization], choices_[utilization]);
    for (size_t i = 0; i < stat_.cpus.size(); i++) {
      const host::NumberedCpu& now = stat_.cpus[i];
      auto before = std::find_if(last_.begin(), last_.end(), [&](const host::NumberedCpu& one) { return one.number == now.number; });
      if (before == last_.end()) continue;
      uint64_t from = before->times.total(), to = now.times.total();
      for (size_t s = 0; s < states.size(); s++) {
        uint64_t ticks_before = before->times.*states[s].ticks, ticks = now.times.*states[s].ticks;
        bool has_grown = to > from && ticks > ticks_before;
        points.add(has_grown ? static_cast<double>(ticks - ticks_before) / static_cast<double>(to - from) : 0.0, names_[i].attributes[s]);
      }
    }
  }

  void write_counts(Round& round) {
    MetricPoints(round, facts[logical_count], choices_[logical_count]).add(uint64_t{stat_.cpus.size()});
    if (!choices_[physical_count].is_wanted) return;
    if (!physical_cores_) physical_cores_ = host::count_physical_cores(files_, root_path_, stat_.cpus);
    if (*physical_cores_ > 0) MetricPoints(round, facts[physical_count], choices_[physical_count]).add(uint64_t{*physical_cores_});
  }

  void write_frequencies(Round& round) {
    Result<std::string_view> text = cpuinfo_file_.read();
    if (!text.is_ok()) {
      failures_.add("processor frequencies", text.status(), 1);
      return;
    }
    MetricPoints points(round, facts[frequency], choices_[frequency]);
    for (const host::CpuFrequency& one : host::parse_cpu_frequencies(*text))
      points.add(one.hertz, make_attributes({{"cpu", "cpu" + std::to_string(one.number)}}));
  }

  FileSystem& files_;
  const std::string root_path_;
  const std::vector<MetricChoice> choices_;
  Failures failures_;
  host::ProcFile stat_file_;
  host::ProcFile cpuinfo_file_;
  host::ProcStat stat_;
  std::vector<host::NumberedCpu> last_;
  std::vector<Names> names_;
  std::optional<size_t> physical_cores_;
};

}  // namespace

ScraperMaker decode_cpu_scraper(config::Section& in) {
  return [choices = decode_metric_choices(in, facts)](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<CpuScraper>(environment, choices);
  };
}

}  // namespace vigia::receivers
