#include "receivers/hostmetrics/config.h"

#include <array>

#include "pipeline/customer.h"

namespace vigia::receivers {

namespace {

struct KnownScraper {
  std::string_view name;
  ScraperMaker (*decode)(config::Section&);
};
// In the order in which they read. Processes, each of which is a resource, come last.
constexpr std::array<KnownScraper, 10> known_scrapers = {{{"cpu", decode_cpu_scraper},
                                                          {"disk", decode_disk_scraper},
                                                          {"filesystem", decode_filesystem_scraper},
                                                          {"load", decode_load_scraper},
                                                          {"memory", decode_memory_scraper},
                                                          {"network", decode_network_scraper},
                                                          {"paging", decode_paging_scraper},
                                                          {"processes", decode_processes_scraper},
                                                          {"system", decode_system_scraper},
                                                          {"process", decode_process_scraper}}};

void check_root_path(config::Section& in, const std::string& root_path) {
  if (root_path.empty()) return;
  in.require(root_path.starts_with('/'), "root_path", "must be an absolute path: where the host's \"/\" is mounted, such as /hostfs");
  in.check_when_used("root_path", [root_path](FileSystem& files) -> Status {
    if (files.exists(root_path + "/proc/stat")) return {};
    return not_found("cannot find " + root_path + "/proc/stat: mount the host's \"/\" there, or at least its /proc and /sys");
  });
}

}  // namespace

void decode(config::Section& in, HostMetricsConfig& out) {
  in.duration_ms("collection_interval", out.collection_interval_ms);
  in.require(out.collection_interval_ms > 0, "collection_interval", "must be positive");
  in.duration_ms("initial_delay", out.initial_delay_ms);
  in.require(out.initial_delay_ms >= 0, "initial_delay", "must not be negative");
  in.duration_ms("timeout", out.timeout_ms);
  in.require(out.timeout_ms >= 0, "timeout", "must not be negative");
  in.field("root_path", out.root_path);
  check_root_path(in, out.root_path);
  pipeline::decode_customer(in, out.customer);
  // Of the events about entities, which the Collector's receiver gives as logs.
  in.accept_ignored("metadata_collection_interval");
  in.section("scrapers", [&](config::Section& scrapers) {
    for (const KnownScraper& known : known_scrapers)
      scrapers.section(known.name, [&](config::Section& one) { out.scrapers.push_back({std::string(known.name), known.decode(one)}); });
    scrapers.refuse("nfs", "not in this build");
  });
  in.require(!out.scrapers.empty(), "scrapers", "at least one scraper is needed, such as \"cpu:\" or \"memory:\"");
}

}  // namespace vigia::receivers
