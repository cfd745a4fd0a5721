// The scraper `disk`: what disks and partitions have read and written.

#include "host/diskstats.h"
#include "host/proc_file.h"
#include "receivers/hostmetrics/name_filter.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;
constexpr Presence by_default = Presence::by_default;

enum Metric : size_t { io, io_time, merged, operation_time, operations, pending_operations, weighted_io_time };
constexpr std::array<MetricFact, 7> facts = {{
    {"system.disk.io", "Bytes read and written.", "By", MetricKind::sum, true, by_default, {"device", "direction"}},
    {"system.disk.io_time", "Time in which the disk had something to do.", "s", MetricKind::sum, true, by_default, {"device"}},
    {"system.disk.merged",
     "Operations that were joined with another before they went to the disk.",
     "{operations}",
     MetricKind::sum,
     true,
     by_default,
     {"device", "direction"}},
    {"system.disk.operation_time", "Time that operations took, added up.", "s", MetricKind::sum, true, by_default, {"device", "direction"}},
    {"system.disk.operations", "Operations done.", "{operations}", MetricKind::sum, true, by_default, {"device", "direction"}},
    {"system.disk.pending_operations", "Operations that are under way.", "{operations}", MetricKind::sum, false, by_default, {"device"}},
    {"system.disk.weighted_io_time",
     "Time in which the disk had something to do, times how many operations waited.",
     "s",
     MetricKind::sum,
     true,
     by_default,
     {"device"}},
}};

struct DiskConfig {
  std::vector<MetricChoice> choices;
  NameFilter devices;
};

double seconds(uint64_t ms) { return static_cast<double>(ms) / 1000; }

class DiskScraper final : public Scraper {
 public:
  DiskScraper(const ScraperEnvironment& environment, DiskConfig config)
      : config_(std::move(config)),
        failures_(environment.log, environment.errored_points),
        file_(environment.files, host::below_root(environment.root_path, "/proc/diskstats")) {}

  bool scrape(Round& round) override {
    Result<std::string_view> text = file_.read();
    if (!text.is_ok()) {
      failures_.add("disks", text.status(), facts.size());
      return true;
    }
    host::parse_diskstats(*text, disks_);
    std::erase_if(disks_, [this](const host::Disk& disk) { return !config_.devices.lets_pass(disk.name); });
    name_disks();
    write_both(round, io, [](const host::DiskTraffic& traffic) { return traffic.bytes; });
    write_both(round, operations, [](const host::DiskTraffic& traffic) { return traffic.operations; });
    write_one(round, io_time, [](const host::Disk& disk) { return seconds(disk.io_time_ms); });
    write_both(round, operation_time, [](const host::DiskTraffic& traffic) { return seconds(traffic.time_ms); });
    write_one(round, pending_operations, [](const host::Disk& disk) { return disk.operations_in_progress; });
    write_one(round, weighted_io_time, [](const host::Disk& disk) { return seconds(disk.weighted_io_time_ms); });
    write_both(round, merged, [](const host::DiskTraffic& traffic) { return traffic.merged; });
    return true;
  }

 private:
  struct Names {
    std::string disk;
    std::string whole;
    std::string reads;
    std::string writes;
  };

  // Attributes are made anew only where another disk stands in the list than before.
  void name_disks() {
    names_.resize(disks_.size());
    for (size_t i = 0; i < names_.size(); i++) {
      if (names_[i].disk == disks_[i].name) continue;
      std::string_view disk = disks_[i].name;
      names_[i] = {std::string(disk), make_attributes({{"device", disk}}), make_attributes({{"device", disk}, {"direction", "read"}}),
                   make_attributes({{"device", disk}, {"direction", "write"}})};
    }
  }

  template <typename Read>
  void write_both(Round& round, Metric metric, const Read& read) {
    MetricPoints points(round, facts[metric], config_.choices[metric]);
    for (size_t i = 0; i < disks_.size(); i++) {
      points.add(read(disks_[i].reads), names_[i].reads);
      points.add(read(disks_[i].writes), names_[i].writes);
    }
  }
  template <typename Read>
  void write_one(Round& round, Metric metric, const Read& read) {
    MetricPoints points(round, facts[metric], config_.choices[metric]);
    for (size_t i = 0; i < disks_.size(); i++) points.add(read(disks_[i]), names_[i].whole);
  }

  const DiskConfig config_;
  Failures failures_;
  host::ProcFile file_;
  std::vector<host::Disk> disks_;
  std::vector<Names> names_;
};

}  // namespace

ScraperMaker decode_disk_scraper(config::Section& in) {
  DiskConfig config;
  config.devices.decode(in, "include", "exclude", "devices");
  config.choices = decode_metric_choices(in, facts);
  return [config](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<DiskScraper>(environment, config);
  };
}

}  // namespace vigia::receivers
