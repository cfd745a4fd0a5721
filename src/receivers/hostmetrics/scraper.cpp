#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

// Mount points and the like come and go; whoever fails in more ways than this is only counted.
constexpr size_t most_told = 100;

}  // namespace

void Failures::add(std::string_view what, const Status& why, size_t points) {
  errored_points_.add(points);
  if (told_.size() >= most_told || told_.contains(what)) return;
  told_.emplace(what);
  log_.warn("Cannot scrape; later failures of the same kind are only counted", {{"what", what}, {"error", why}});
}

}  // namespace vigia::receivers
