// The scraper `processes`: how many processes are in which state, and how many there have been.

#include "host/proc_stat.h"
#include "host/process_list.h"
#include "host/process_text.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;

enum Metric : size_t { count, created };
constexpr std::array<MetricFact, 2> facts = {{
    {"system.processes.count", "Processes by their state.", "{processes}", MetricKind::sum, false, Presence::by_default, {"status"}},
    {"system.processes.created", "Processes and threads that have been started.", "{processes}", MetricKind::sum, true,
     Presence::by_default},
}};

enum ProcessState : size_t {
  blocked,
  daemon,
  detached,
  idle,
  locked,
  orphan,
  paging,
  running,
  sleeping,
  stopped,
  system,
  zombies,
  unknown
};
constexpr std::array<std::string_view, 13> state_names = {"blocked", "daemon",   "detached", "idle",   "locked",  "orphan", "paging",
                                                          "running", "sleeping", "stopped",  "system", "zombies", "unknown"};

ProcessState state_of(char letter) {
  switch (letter) {
    case 'D':
      return blocked;
    case 'I':
      return idle;
    case 'R':
      return running;
    case 'S':
      return sleeping;
    case 'T':
    case 't':  // Stopped by a debugger.
      return stopped;
    case 'W':
      return paging;
    case 'Z':
      return zombies;
    default:
      return unknown;
  }
}

class ProcessesScraper final : public Scraper {
 public:
  ProcessesScraper(const ScraperEnvironment& environment, std::vector<MetricChoice> choices)
      : choices_(std::move(choices)),
        failures_(environment.log, environment.errored_points),
        processes_(environment.files, environment.root_path),
        stat_file_(environment.files, host::below_root(environment.root_path, "/proc/stat")) {
    for (size_t i = 0; i < state_names.size(); i++) attributes_[i] = make_attributes({{"status", state_names[i]}});
  }

  bool scrape(Round& round) override {
    Result<bool> is_done = count_states(round);
    if (is_done.is_ok() && !*is_done) return false;
    is_under_way_ = false;
    Status status = is_done.is_ok() ? write(round) : is_done.status();
    if (!status.is_ok()) failures_.add("processes", status, facts.size());
    return true;
  }
  void give_up() override { is_under_way_ = false; }

 private:
  // False when the slice of time was over before the end.
  Result<bool> count_states(Round& round) {
    if (!choices_[count].is_wanted) return true;
    if (!std::exchange(is_under_way_, true)) {
      counts_ = {};
      RETURN_IF_ERROR(processes_.begin());
    }
    for (size_t looked_at = 1;; looked_at++) {
      ASSIGN_OR_RETURN(bool has_more, processes_.next());
      if (!has_more) return true;
      Result<std::string_view> text = processes_.read("stat", buffer_);
      // One that ended meanwhile is none.
      std::optional<host::ProcessStat> stat = text.is_ok() ? host::parse_process_stat(*text) : std::nullopt;
      if (stat) counts_[state_of(stat->state)]++;
      if (looked_at % 16 == 0 && round.is_slice_over()) return false;
    }
  }

  // How many run and how many are blocked the kernel tells for one moment, so its numbers are better than the count.
  Status write(Round& round) {
    ASSIGN_OR_RETURN(std::string_view text, stat_file_.read());
    RETURN_IF_ERROR(host::parse_proc_stat(text, stat_));
    if (choices_[count].is_wanted) {
      counts_[blocked] = stat_.processes_blocked;
      counts_[running] = stat_.processes_running;
      MetricPoints points(round, facts[count], choices_[count]);
      for (size_t i = 0; i < counts_.size(); i++)
        if (counts_[i] > 0 || i == blocked || i == running) points.add(counts_[i], attributes_[i]);
    }
    MetricPoints(round, facts[created], choices_[created]).add(stat_.processes_created);
    return {};
  }

  const std::vector<MetricChoice> choices_;
  Failures failures_;
  host::ProcessList processes_;
  host::ProcFile stat_file_;
  host::ProcStat stat_;
  std::string buffer_;
  std::array<std::string, state_names.size()> attributes_;
  std::array<uint64_t, state_names.size()> counts_{};
  bool is_under_way_ = false;
};

}  // namespace

ScraperMaker decode_processes_scraper(config::Section& in) {
  return [choices = decode_metric_choices(in, facts)](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<ProcessesScraper>(environment, choices);
  };
}

}  // namespace vigia::receivers
