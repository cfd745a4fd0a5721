#include "receivers/prometheus/scrape_pool.h"

#include <fmt/core.h>

namespace vigia::receivers {

void ScrapePool::start() {
  for (const FileDiscoverySettings& settings : job_->file_discoveries) {
    size_t index = discoveries_.size();
    discoveries_.push_back(
        file_discovery(services_, settings, [weak = weak_from_this(), index](std::vector<prometheus::TargetGroup> groups) {
          if (auto self = weak.lock()) self->on_found(index, std::move(groups));
        }));
  }
  for (const HttpDiscoverySettings& settings : job_->http_discoveries) {
    size_t index = discoveries_.size();
    discoveries_.push_back(
        http_discovery(services_, settings, [weak = weak_from_this(), index](std::vector<prometheus::TargetGroup> groups) {
          if (auto self = weak.lock()) self->on_found(index, std::move(groups));
        }));
  }
  found_.resize(discoveries_.size());
  update();
  for (const auto& discovery : discoveries_) discovery->start();
}

void ScrapePool::stop() {
  for (const auto& discovery : discoveries_) discovery->stop();
  discoveries_.clear();
  for (const auto& [key, scraper] : scrapers_) scraper->stop();
  scrapers_.clear();
}

void ScrapePool::on_found(size_t discovery, std::vector<prometheus::TargetGroup> groups) {
  if (discovery >= found_.size() || discoveries_.empty()) return;
  found_[discovery] = std::move(groups);
  update();
}

void ScrapePool::add_targets(const std::vector<prometheus::TargetGroup>& groups, std::map<uint64_t, Target>& targets) const {
  for (const prometheus::TargetGroup& group : groups)
    for (const std::string& address : group.targets) {
      if (targets.size() > default_target_limit) return;
      Result<std::optional<Target>> target = make_target(*job_, address, group.labels);
      if (!target.is_ok())
        services_->context.log.error("cannot scrape a target", {{"job", job_->name}, {"address", address}, {"error", target.status()}});
      else if (*target)
        targets.emplace((*target)->key(), std::move(**target));
    }
}

std::map<uint64_t, Target> ScrapePool::wanted_targets() const {
  std::map<uint64_t, Target> targets;
  add_targets(job_->static_groups, targets);
  for (const auto& groups : found_) add_targets(groups, targets);
  if (targets.size() <= default_target_limit) return targets;
  services_->context.log.error(fmt::format("a job has more than {} targets; the others are not scraped", default_target_limit),
                               {{"job", job_->name}});
  targets.erase(std::prev(targets.end()));
  return targets;
}

void ScrapePool::update() {
  std::map<uint64_t, Target> wanted = wanted_targets();
  for (const auto& [key, scraper] : scrapers_) {
    if (wanted.count(key) == 0)
      retire(key, *scraper);
    else
      scraper->revive();
  }
  Status refusal;
  if (job_->limits.targets > 0 && wanted.size() > job_->limits.targets)
    refusal =
        resource_exhausted(fmt::format("the job has {} targets, more than its target_limit of {}", wanted.size(), job_->limits.targets));
  for (auto& [key, target] : wanted) {
    std::shared_ptr<Scraper>& scraper = scrapers_[key];
    bool is_new = !scraper;
    if (is_new) scraper = std::make_shared<Scraper>(services_, job_, std::move(target));
    scraper->set_refusal(refusal);
    if (is_new) scraper->start();
  }
}

void ScrapePool::retire(uint64_t key, Scraper& scraper) {
  if (scraper.is_retired()) return;
  scraper.retire([weak = weak_from_this(), key] {
    if (auto self = weak.lock()) self->scrapers_.erase(key);
  });
}

}  // namespace vigia::receivers
