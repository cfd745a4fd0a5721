#pragma once

// What a scraper is: the part of the receiver that reads one kind of thing.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/section.h"
#include "receivers/hostmetrics/round.h"

namespace vigia::receivers {

// Counts what could not be read, and says each kind of it in the log once: the next rounds would only say it again.
class Failures {
 public:
  Failures(Logger log, Counter& errored_points) : log_(std::move(log)), errored_points_(errored_points) {}

  // `what` could not be read, which costs about so many points.
  void add(std::string_view what, const Status& why, size_t points);
  // Counted without a word in the log.
  void add_silently(size_t points) { errored_points_.add(points); }

 private:
  Logger log_;
  Counter& errored_points_;
  std::set<std::string, std::less<>> told_;
};

// What every scraper gets. The references outlive it.
struct ScraperEnvironment {
  FileSystem& files;
  const Clock& clock;
  std::string root_path;
  Logger log;
  Counter& errored_points;
};

class Scraper {
 public:
  virtual ~Scraper() = default;
  // Writes its points into the round. Returns false when it has more to do and the slice of time is over: it is then called
  // again, to go on. A failure is told to Failures, and ends its part of the round.
  virtual bool scrape(Round& round) = 0;
  // The round ends here, whatever it was in the middle of.
  virtual void give_up() {}
};

using ScraperMaker = std::function<std::unique_ptr<Scraper>(const ScraperEnvironment&)>;

// Each decodes its scraper's section and says how to make the scraper.
ScraperMaker decode_cpu_scraper(config::Section& in);
ScraperMaker decode_disk_scraper(config::Section& in);
ScraperMaker decode_filesystem_scraper(config::Section& in);
ScraperMaker decode_load_scraper(config::Section& in);
ScraperMaker decode_memory_scraper(config::Section& in);
ScraperMaker decode_network_scraper(config::Section& in);
ScraperMaker decode_paging_scraper(config::Section& in);
ScraperMaker decode_process_scraper(config::Section& in);
ScraperMaker decode_processes_scraper(config::Section& in);
ScraperMaker decode_system_scraper(config::Section& in);

}  // namespace vigia::receivers
