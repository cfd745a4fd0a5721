#pragma once

// The targets of one job: made from what its discoveries say, kept while they say it.

#include <map>
#include <memory>
#include <vector>

#include "receivers/prometheus/discovery.h"
#include "receivers/prometheus/scraper.h"
#include "receivers/prometheus/services.h"

namespace vigia::receivers {

// On the receiver's loop.
class ScrapePool : public std::enable_shared_from_this<ScrapePool> {
 public:
  ScrapePool(std::shared_ptr<ScrapeServices> services, std::shared_ptr<const ScrapeJob> job)
      : services_(std::move(services)), job_(std::move(job)) {}

  void start();
  void stop();

 private:
  void on_found(size_t discovery, std::vector<prometheus::TargetGroup> groups);
  // Makes the scrapers what the groups say.
  void update();
  std::map<uint64_t, Target> wanted_targets() const;
  void add_targets(const std::vector<prometheus::TargetGroup>& groups, std::map<uint64_t, Target>& targets) const;
  void retire(uint64_t key, Scraper& scraper);

  std::shared_ptr<ScrapeServices> services_;
  std::shared_ptr<const ScrapeJob> job_;
  std::vector<std::shared_ptr<Discovery>> discoveries_;
  std::vector<std::vector<prometheus::TargetGroup>> found_;  // by discovery
  std::map<uint64_t, std::shared_ptr<Scraper>> scrapers_;
};

}  // namespace vigia::receivers
