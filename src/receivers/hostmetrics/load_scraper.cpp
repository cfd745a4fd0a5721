// The scraper `load`: how many threads want to run, on average.

#include <algorithm>

#include "host/kernel_counters.h"
#include "host/proc_file.h"
#include "host/proc_stat.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;

constexpr std::array<MetricFact, 3> facts = {{
    {"system.cpu.load_average.15m", "Average load of the last 15 minutes.", "{thread}", MetricKind::gauge},
    {"system.cpu.load_average.1m", "Average load of the last minute.", "{thread}", MetricKind::gauge},
    {"system.cpu.load_average.5m", "Average load of the last 5 minutes.", "{thread}", MetricKind::gauge},
}};

struct LoadConfig {
  std::vector<MetricChoice> choices;
  bool is_per_cpu = false;
};

class LoadScraper final : public Scraper {
 public:
  LoadScraper(const ScraperEnvironment& environment, LoadConfig config)
      : config_(std::move(config)),
        failures_(environment.log, environment.errored_points),
        load_file_(environment.files, host::below_root(environment.root_path, "/proc/loadavg")),
        stat_file_(environment.files, host::below_root(environment.root_path, "/proc/stat")) {}

  bool scrape(Round& round) override {
    Result<host::LoadAverages> load = read_load();
    if (!load.is_ok()) {
      failures_.add("load", load.status(), facts.size());
      return true;
    }
    MetricPoints(round, facts[1], config_.choices[1]).add(load->one_minute);
    MetricPoints(round, facts[2], config_.choices[2]).add(load->five_minutes);
    MetricPoints(round, facts[0], config_.choices[0]).add(load->fifteen_minutes);
    return true;
  }

 private:
  Result<host::LoadAverages> read_load() {
    ASSIGN_OR_RETURN(std::string_view text, load_file_.read());
    ASSIGN_OR_RETURN(host::LoadAverages load, host::parse_loadavg(text));
    if (!config_.is_per_cpu) return load;
    ASSIGN_OR_RETURN(std::string_view stat_text, stat_file_.read());
    RETURN_IF_ERROR(host::parse_proc_stat(stat_text, stat_));
    auto cpus = static_cast<double>(stat_.cpus.size());
    return host::LoadAverages{load.one_minute / cpus, load.five_minutes / cpus, load.fifteen_minutes / cpus};
  }

  const LoadConfig config_;
  Failures failures_;
  host::ProcFile load_file_;
  host::ProcFile stat_file_;
  host::ProcStat stat_;
};

}  // namespace

ScraperMaker decode_load_scraper(config::Section& in) {
  LoadConfig config;
  in.field("cpu_average", config.is_per_cpu);
  config.choices = decode_metric_choices(in, facts);
  return [config](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<LoadScraper>(environment, config);
  };
}

}  // namespace vigia::receivers
