// The scraper `paging`: swap devices, faults, and what was moved between memory and disks.

#include "host/kernel_counters.h"
#include "host/proc_file.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;

enum Metric : size_t { faults, operations, usage, utilization };
constexpr std::array<MetricFact, 4> facts = {{
    {"system.paging.faults",
     "Page faults: those that had to wait for a disk are major.",
     "{faults}",
     MetricKind::sum,
     true,
     Presence::by_default,
     {"type"}},
    {"system.paging.operations",
     "Pages swapped in and out (major); kibibytes read from and written to disks through memory (minor).",
     "{operations}",
     MetricKind::sum,
     true,
     Presence::by_default,
     {"direction", "type"}},
    {"system.paging.usage", "Swap space by its state.", "By", MetricKind::sum, false, Presence::by_default, {"device", "state"}},
    {"system.paging.utilization",
     "Share of the swap space by its state, 0 to 1.",
     "1",
     MetricKind::gauge,
     false,
     Presence::when_asked,
     {"device", "state"}},
}};

class PagingScraper final : public Scraper {
 public:
  PagingScraper(const ScraperEnvironment& environment, std::vector<MetricChoice> choices)
      : choices_(std::move(choices)),
        failures_(environment.log, environment.errored_points),
        swaps_file_(environment.files, host::below_root(environment.root_path, "/proc/swaps")),
        vmstat_file_(environment.files, host::below_root(environment.root_path, "/proc/vmstat")) {}

  bool scrape(Round& round) override {
    if (Status status = write_devices(round); !status.is_ok()) failures_.add("swap devices", status, 2);
    if (Status status = write_counters(round); !status.is_ok()) failures_.add("paging counters", status, 2);
    return true;
  }

 private:
  struct Names {
    std::string device;
    std::string used;
    std::string free;
  };

  // Attributes are made anew only where another device stands in the list than before.
  void name_devices() {
    names_.resize(devices_.size());
    for (size_t i = 0; i < names_.size(); i++) {
      std::string_view device = devices_[i].name;
      if (names_[i].device == device) continue;
      names_[i] = {std::string(device), make_attributes({{"device", device}, {"state", "used"}}),
                   make_attributes({{"device", device}, {"state", "free"}})};
    }
  }

  Status write_devices(Round& round) {
    ASSIGN_OR_RETURN(std::string_view text, swaps_file_.read());
    RETURN_IF_ERROR(host::parse_swaps(text, devices_));
    name_devices();
    {
      MetricPoints points(round, facts[usage], choices_[usage]);
      for (size_t i = 0; i < devices_.size(); i++) {
        points.add(devices_[i].used_bytes, names_[i].used);
        points.add(devices_[i].total_bytes - devices_[i].used_bytes, names_[i].free);
      }
    }
    MetricPoints points(round, facts[utilization], choices_[utilization]);
    for (size_t i = 0; i < devices_.size(); i++) {
      if (devices_[i].total_bytes == 0) continue;
      double used = static_cast<double>(devices_[i].used_bytes) / static_cast<double>(devices_[i].total_bytes);
      points.add(used, names_[i].used);
      points.add(1 - used, names_[i].free);
    }
    return {};
  }

  Status write_counters(Round& round) {
    ASSIGN_OR_RETURN(std::string_view text, vmstat_file_.read());
    host::Vmstat counters;
    RETURN_IF_ERROR(host::parse_vmstat(text, counters));
    {
      MetricPoints points(round, facts[operations], choices_[operations]);
      points.add(counters.pages_swapped_in, swapped_in_);
      points.add(counters.pages_swapped_out, swapped_out_);
      points.add(counters.paged_in_kibibytes, paged_in_);
      points.add(counters.paged_out_kibibytes, paged_out_);
    }
    MetricPoints points(round, facts[faults], choices_[faults]);
    points.add(counters.major_faults, major_);
    points.add(counters.faults > counters.major_faults ? counters.faults - counters.major_faults : 0, minor_);
    return {};
  }

  const std::vector<MetricChoice> choices_;
  Failures failures_;
  host::ProcFile swaps_file_;
  host::ProcFile vmstat_file_;
  std::vector<host::SwapDevice> devices_;
  std::vector<Names> names_;
  const std::string major_ = make_attributes({{"type", "major"}});
  const std::string minor_ = make_attributes({{"type", "minor"}});
  const std::string swapped_in_ = make_attributes({{"direction", "page_in"}, {"type", "major"}});
  const std::string swapped_out_ = make_attributes({{"direction", "page_out"}, {"type", "major"}});
  const std::string paged_in_ = make_attributes({{"direction", "page_in"}, {"type", "minor"}});
  const std::string paged_out_ = make_attributes({{"direction", "page_out"}, {"type", "minor"}});
};

}  // namespace

ScraperMaker decode_paging_scraper(config::Section& in) {
  return [choices = decode_metric_choices(in, facts)](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<PagingScraper>(environment, choices);
  };
}

}  // namespace vigia::receivers
