// The scraper `memory`. In a container with a limit the shares are of the limit; bytes are always those of the machine.

#include <unistd.h>

#include "host/cgroup.h"
#include "host/meminfo.h"
#include "host/proc_file.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;
constexpr Presence when_asked = Presence::when_asked;

enum Metric : size_t {
  available,
  dirty,
  limit,
  huge_limit,
  huge_page_size,
  huge_reserved,
  huge_surplus,
  huge_usage,
  huge_utilization,
  shared,
  page_size,
  usage,
  utilization
};
constexpr std::string_view huge_state = "system.memory.linux.hugepages.state";
constexpr std::array<MetricFact, 13> facts = {{
    {"system.linux.memory.available", "What new programs can have without swapping, as the kernel estimates.", "By", MetricKind::sum, false,
     when_asked},
    {"system.linux.memory.dirty", "What waits to be written to a disk.", "By", MetricKind::sum, false, when_asked},
    {"system.memory.limit", "All memory.", "By", MetricKind::sum, false, when_asked},
    {"system.memory.linux.hugepages.limit", "Huge pages in the pool.", "{page}", MetricKind::sum, false, when_asked},
    {"system.memory.linux.hugepages.page_size", "Size of a huge page.", "By", MetricKind::sum, false, when_asked},
    {"system.memory.linux.hugepages.reserved", "Free huge pages that are promised to somebody.", "{page}", MetricKind::sum, false,
     when_asked},
    {"system.memory.linux.hugepages.surplus", "Huge pages beyond the size of the pool.", "{page}", MetricKind::sum, false, when_asked},
    {"system.memory.linux.hugepages.usage", "Huge pages by their state.", "{page}", MetricKind::sum, false, when_asked, {huge_state}},
    {"system.memory.linux.hugepages.utilization",
     "Share of the huge pages in each state, 0 to 1.",
     "1",
     MetricKind::gauge,
     false,
     when_asked,
     {huge_state}},
    {"system.memory.linux.shared", "Memory that processes share, that of tmpfs included.", "By", MetricKind::sum, false, when_asked},
    {"system.memory.page_size", "Size of a page.", "By", MetricKind::gauge, false, when_asked},
    {"system.memory.usage", "Memory by what it is used for.", "By", MetricKind::sum, false, Presence::by_default, {"state"}},
    {"system.memory.utilization",
     "Share of the memory by what it is used for, 0 to 1.",
     "1",
     MetricKind::gauge,
     false,
     when_asked,
     {"state"}},
}};

constexpr std::array<std::string_view, 6> states = {"used", "free", "buffered", "cached", "slab_reclaimable", "slab_unreclaimable"};
using Shares = std::array<uint64_t, states.size()>;

Shares shares_of(const host::Meminfo& info) {
  return {info.used(), info.free, info.buffers, info.cached, info.slab_reclaimable, info.slab_unreclaimable};
}

// Of a group: its caches are in `cached`, and what it holds besides is used.
Shares shares_of(const host::CgroupMemory& group) {
  uint64_t caches = group.cached_bytes + group.slab_reclaimable_bytes;
  return {group.used_bytes > caches ? group.used_bytes - caches : 0,
          group.limit_bytes > group.used_bytes ? group.limit_bytes - group.used_bytes : 0,
          0,
          caches,
          group.slab_reclaimable_bytes,
          group.slab_unreclaimable_bytes};
}

class MemoryScraper final : public Scraper {
 public:
  MemoryScraper(const ScraperEnvironment& environment, std::vector<MetricChoice> choices)
      : choices_(std::move(choices)),
        failures_(environment.log, environment.errored_points),
        meminfo_file_(environment.files, host::below_root(environment.root_path, "/proc/meminfo")),
        cgroup_(environment.files, environment.root_path) {
    for (size_t i = 0; i < states.size(); i++) attributes_[i] = make_attributes({{"state", states[i]}});
  }

  bool scrape(Round& round) override {
    Result<std::string_view> text = meminfo_file_.read();
    host::Meminfo info;
    Status status = text.is_ok() ? host::parse_meminfo(*text, info) : text.status();
    if (!status.is_ok()) {
      failures_.add("memory", status, 2);
      return true;
    }
    Shares bytes = shares_of(info);
    {
      MetricPoints points(round, facts[usage], choices_[usage]);
      for (size_t i = 0; i < states.size(); i++) points.add(bytes[i], attributes_[i]);
    }
    if (choices_[utilization].is_wanted) write_shares(round, info);
    write_one(round, limit, info.total);
    write_one(round, available, info.available);
    write_one(round, dirty, info.dirty);
    write_one(round, shared, info.shared);
    write_one(round, page_size, static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
    write_huge_pages(round, info);
    return true;
  }

 private:
  void write_one(Round& round, Metric metric, uint64_t value) { MetricPoints(round, facts[metric], choices_[metric]).add(value); }

  void write_shares(Round& round, const host::Meminfo& info) {
    std::optional<host::CgroupMemory> group = cgroup_.memory(info.total);
    Shares bytes = group ? shares_of(*group) : shares_of(info);
    auto total = static_cast<double>(group ? group->limit_bytes : info.total);
    MetricPoints points(round, facts[utilization], choices_[utilization]);
    for (size_t i = 0; i < states.size(); i++) points.add(static_cast<double>(bytes[i]) / total, attributes_[i]);
  }

  void write_huge_pages(Round& round, const host::Meminfo& info) {
    write_one(round, huge_page_size, info.huge_page_bytes);
    write_one(round, huge_limit, info.huge_pages_total);
    write_one(round, huge_reserved, info.huge_pages_reserved);
    write_one(round, huge_surplus, info.huge_pages_surplus);
    uint64_t free = std::min(info.huge_pages_free, info.huge_pages_total);
    uint64_t used = info.huge_pages_total - free;
    {
      MetricPoints points(round, facts[huge_usage], choices_[huge_usage]);
      points.add(free, huge_free_);
      points.add(used, huge_used_);
    }
    if (info.huge_pages_total == 0) return;
    auto total = static_cast<double>(info.huge_pages_total);
    MetricPoints points(round, facts[huge_utilization], choices_[huge_utilization]);
    points.add(static_cast<double>(free) / total, huge_free_);
    points.add(static_cast<double>(used) / total, huge_used_);
  }

  const std::vector<MetricChoice> choices_;
  Failures failures_;
  host::ProcFile meminfo_file_;
  host::Cgroup cgroup_;
  std::array<std::string, states.size()> attributes_;
  const std::string huge_free_ = make_attributes({{huge_state, "free"}});
  const std::string huge_used_ = make_attributes({{huge_state, "used"}});
};

}  // namespace

ScraperMaker decode_memory_scraper(config::Section& in) {
  return [choices = decode_metric_choices(in, facts)](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<MemoryScraper>(environment, choices);
  };
}

}  // namespace vigia::receivers
