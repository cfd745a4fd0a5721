// The scraper `filesystem`: how full the file systems are.

#include <algorithm>

#include "host/mount_table.h"
#include "receivers/hostmetrics/name_filter.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;

enum Metric : size_t { inodes, usage, utilization };
constexpr std::array<MetricFact, 3> facts = {{
    {"system.filesystem.inodes.usage",
     "Inodes by their state.",
     "{inodes}",
     MetricKind::sum,
     false,
     Presence::by_default,
     {"device", "mode", "mountpoint", "type", "state"}},
    {"system.filesystem.usage",
     "Space by its state.",
     "By",
     MetricKind::sum,
     false,
     Presence::by_default,
     {"device", "mode", "mountpoint", "type", "state"}},
    {"system.filesystem.utilization",
     "Share of the space that is used, of what ordinary users can have, 0 to 1.",
     "1",
     MetricKind::gauge,
     false,
     Presence::when_asked,
     {"device", "mode", "mountpoint", "type"}},
}};

struct FilesystemConfig {
  std::vector<MetricChoice> choices;
  NameFilter devices;
  NameFilter types;
  NameFilter mount_points;
  bool takes_virtual = false;
};

class FilesystemScraper final : public Scraper {
 public:
  FilesystemScraper(const ScraperEnvironment& environment, FilesystemConfig config)
      : config_(std::move(config)),
        files_(environment.files),
        failures_(environment.log, environment.errored_points),
        table_(environment.files, environment.root_path) {}

  // Asking a file system for its space may take long, so there may be breaks.
  bool scrape(Round& round) override {
    if (next_ == 0 && !begin()) return true;
    while (next_ < mounts_.size()) {
      read_space(mounts_[next_++]);
      if (next_ < mounts_.size() && round.is_slice_over()) return false;
    }
    next_ = 0;
    write_bytes(round);
    write_shares(round);
    write_inodes(round);
    return true;
  }
  void give_up() override { next_ = 0; }

 private:
  struct Mount {
    std::string path;
    std::string what;                         // For the log.
    std::string plain, used, free, reserved;  // Attributes.
    DiskSpace space;
    bool is_known = false;
  };

  bool begin() {
    Result<bool> is_changed = table_.refresh();
    if (!is_changed.is_ok()) {
      failures_.add("mounts", is_changed.status(), facts.size());
      return false;
    }
    if (*is_changed) list_mounts();
    return true;
  }

  bool is_wanted(const host::Mount& mount) const {
    return (config_.takes_virtual || table_.is_on_disk(mount)) && config_.devices.lets_pass(mount.device) &&
           config_.types.lets_pass(mount.type) && config_.mount_points.lets_pass(mount.mount_point);
  }

  // A place may be mounted over by the same device again.
  void list_mounts() {
    mounts_.clear();
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const host::Mount& mount : table_.mounts()) {
      if (!seen.emplace(mount.mount_point, mount.device).second || !is_wanted(mount)) continue;
      auto with_state = [&](std::string_view state) {
        return make_attributes({{"device", mount.device},
                                {"mode", mount.is_read_only ? "ro" : "rw"},
                                {"mountpoint", mount.mount_point},
                                {"type", mount.type},
                                {"state", state}});
      };
      Mount one;
      one.path = table_.local_path(mount);
      one.what = "file system at " + one.path;
      one.plain = make_attributes(
          {{"device", mount.device}, {"mode", mount.is_read_only ? "ro" : "rw"}, {"mountpoint", mount.mount_point}, {"type", mount.type}});
      one.used = with_state("used");
      one.free = with_state("free");
      one.reserved = with_state("reserved");
      mounts_.push_back(std::move(one));
    }
  }

  void read_space(Mount& mount) {
    Result<DiskSpace> space = files_.disk_space(mount.path);
    mount.is_known = space.is_ok();
    if (!space.is_ok()) {
      failures_.add(mount.what, space.status(), 2);
      return;
    }
    mount.space = *space;
    mount.space.free_bytes = std::min(space->free_bytes, space->total_bytes);
    mount.space.available_bytes = std::min(space->available_bytes, mount.space.free_bytes);
  }

  void write_bytes(Round& round) {
    MetricPoints points(round, facts[usage], config_.choices[usage]);
    for (const Mount& mount : mounts_) {
      if (!mount.is_known) continue;
      points.add(mount.space.total_bytes - mount.space.free_bytes, mount.used);
      points.add(mount.space.available_bytes, mount.free);
      points.add(mount.space.free_bytes - mount.space.available_bytes, mount.reserved);
    }
  }

  void write_shares(Round& round) {
    MetricPoints points(round, facts[utilization], config_.choices[utilization]);
    for (const Mount& mount : mounts_) {
      if (!mount.is_known) continue;
      auto used = static_cast<double>(mount.space.total_bytes - mount.space.free_bytes);
      double all = used + static_cast<double>(mount.space.available_bytes);
      points.add(all > 0 ? used / all : 0.0, mount.plain);
    }
  }

  void write_inodes(Round& round) {
    MetricPoints points(round, facts[inodes], config_.choices[inodes]);
    for (const Mount& mount : mounts_) {
      if (!mount.is_known) continue;
      uint64_t total = mount.space.total_inodes, free = mount.space.free_inodes;
      points.add(total > free ? total - free : 0, mount.used);
      points.add(free, mount.free);
    }
  }

  const FilesystemConfig config_;
  FileSystem& files_;
  Failures failures_;
  host::MountTable table_;
  std::vector<Mount> mounts_;
  size_t next_ = 0;
};

}  // namespace

ScraperMaker decode_filesystem_scraper(config::Section& in) {
  FilesystemConfig config;
  in.field("include_virtual_filesystems", config.takes_virtual);
  config.devices.decode(in, "include_devices", "exclude_devices", "devices");
  config.types.decode(in, "include_fs_types", "exclude_fs_types", "fs_types");
  config.mount_points.decode(in, "include_mount_points", "exclude_mount_points", "mount_points");
  config.choices = decode_metric_choices(in, facts);
  return [config](const ScraperEnvironment& environment) -> std::unique_ptr<Scraper> {
    return std::make_unique<FilesystemScraper>(environment, config);
  };
}

}  // namespace vigia::receivers
