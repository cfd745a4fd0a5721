#pragma once

// The hostmetrics receiver's section.

#include <cstdint>
#include <string>
#include <vector>

#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

struct NamedScraper {
  std::string name;
  ScraperMaker make;
};

struct HostMetricsConfig {
  int64_t collection_interval_ms = 60'000;
  int64_t initial_delay_ms = 1000;
  // A round that takes longer is cut off; 0 is no limit.
  int64_t timeout_ms = 0;
  std::string root_path;
  std::string customer;
  std::vector<NamedScraper> scrapers;
};

void decode(config::Section& in, HostMetricsConfig& out);

}  // namespace vigia::receivers
