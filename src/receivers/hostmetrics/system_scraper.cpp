// The scraper `system`: how long the machine has been running.

#include "host/kernel_counters.h"
#include "host/proc_file.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

constexpr std::array<MetricFact, 1> facts = {{{"system.uptime", "Seconds since the machine was started.", "s", otlp::MetricKind::gauge}}};

class SystemScraper final : public Scraper {
 public:
  SystemScraper(const ScraperEnvironment& environment, std::vector<MetricChoice> choices)
      : choices_(std::move(choices)),
        failures_(environment.log, environment.errored_points),
        uptime_file_(environment.files, host::below_root(environment.root_path, "/proc/uptime")) {}

  bool scrape(Round& round) override {
    Result<std::string_view> text = uptime_file_.read();
    Result<double> uptime_s = text.is_ok() ? host::parse_uptime(*text) : Result<double>(text.status());
    if (uptime_s.is_ok())
      MetricPoints(round, facts[0], choices_[0]).add(*uptime_s);
    else
      failures_.add("uptime", uptime_s.status(), 1);
    return true;
  }

 private:
  const std::vector<MetricChoice> choices_;
  Failures failures_;
  host::ProcFile uptime_file_;
};

}  // namespace

ScraperMaker decode_system_scraper(config::Section& in) {
  return [choices = decode_metric_choices(in, facts)](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<SystemScraper>(environment, choices);
  };
}

}  // namespace vigia::receivers
