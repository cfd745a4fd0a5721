#pragma once

// One endpoint to scrape: what discovery said about it, after relabelling.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "prometheus/labels.h"
#include "receivers/prometheus/config.h"

namespace vigia::receivers {

struct Target {
  prometheus::LabelList labels;  // all but those that begin with "__", sorted
  std::string scheme;
  std::string host;
  int port = 0;
  std::string path;  // with the query
  int64_t interval_ms = 0;
  int64_t timeout_ms = 0;

  std::string url() const;
  // The same labels at the same URL are the same target.
  uint64_t key() const;
};

// Nothing when relabelling drops it; an error when no request can be made of what came out.
Result<std::optional<Target>> make_target(const ScrapeJob& job, const std::string& address, const prometheus::LabelList& group_labels);

}  // namespace vigia::receivers
