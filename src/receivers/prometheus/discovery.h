#pragma once

// Discovery that runs: it looks for target groups again and again and tells when they changed.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "prometheus/discovery.h"
#include "receivers/prometheus/services.h"

namespace vigia::receivers {

class Discovery {
 public:
  // All groups there are now. Called on the receiver's loop.
  using Found = Function<void(std::vector<prometheus::TargetGroup> groups)>;

  virtual ~Discovery() = default;
  // Both on the receiver's loop. After stop() nothing is told any more.
  virtual void start() = 0;
  virtual void stop() = 0;
};

// Files that are looked at every few seconds and read when they changed, all of them once in the refresh interval. A file that cannot be read
// keeps the groups that it had; one that vanished has none.
std::shared_ptr<Discovery> file_discovery(std::shared_ptr<ScrapeServices> services, FileDiscoverySettings settings, Discovery::Found found);

// A URL that is asked once in the refresh interval. While it gives no list, the last one stays.
std::shared_ptr<Discovery> http_discovery(std::shared_ptr<ScrapeServices> services, HttpDiscoverySettings settings, Discovery::Found found);

// Whether `name` is what `pattern` describes, in which "*" stands for any characters.
bool matches_wildcard(std::string_view pattern, std::string_view name);

}  // namespace vigia::receivers
