#include "host/node_meters.h"

#include <algorithm>

namespace vigia::host {

CpuMeter::CpuMeter(FileSystem& files, const Clock& clock, const std::string& root_path)
    : clock_(clock), stat_file_(files, below_root(root_path, "/proc/stat")), cgroup_(files, root_path) {}

Result<std::optional<double>> CpuMeter::read_percent() {
  if (std::optional<double> cores = cgroup_.cpu_limit_cores()) {
    last_times_.reset();
    return percent_of_limit(*cores);
  }
  last_usage_ns_.reset();
  ASSIGN_OR_RETURN(std::string_view text, stat_file_.read());
  RETURN_IF_ERROR(parse_proc_stat(text, stat_));
  std::optional<double> percent = last_times_ ? busy_percent(*last_times_, stat_.all) : std::nullopt;
  last_times_ = stat_.all;
  return percent;
}

// The quota holds over its period only, so a short burst may look like more than all of it.
std::optional<double> CpuMeter::percent_of_limit(double cores) {
  std::optional<uint64_t> usage_ns = cgroup_.cpu_usage_ns();
  int64_t now_ns = clock_.steady_ns();
  std::optional<double> percent;
  if (usage_ns && last_usage_ns_ && *usage_ns >= *last_usage_ns_ && now_ns > last_read_ns_) {
    double share = static_cast<double>(*usage_ns - *last_usage_ns_) / static_cast<double>(now_ns - last_read_ns_) / cores;
    percent = std::clamp(100 * share, 0.0, 100.0);
  }
  last_usage_ns_ = usage_ns;
  last_read_ns_ = now_ns;
  return percent;
}

MemoryMeter::MemoryMeter(FileSystem& files, const std::string& root_path)
    : meminfo_file_(files, below_root(root_path, "/proc/meminfo")), cgroup_(files, root_path) {}

Result<MemoryUse> MemoryMeter::read() {
  ASSIGN_OR_RETURN(std::string_view text, meminfo_file_.read());
  Meminfo info;
  RETURN_IF_ERROR(parse_meminfo(text, info));
  if (std::optional<CgroupMemory> limited = cgroup_.memory(info.total))
    return MemoryUse{std::min(limited->working_set_bytes(), limited->limit_bytes), limited->limit_bytes};
  return MemoryUse{info.total > info.available ? info.total - info.available : 0, info.total};
}

DiskMeter::DiskMeter(FileSystem& files, const std::string& root_path) : files_(files), table_(files, root_path) {}

void DiskMeter::list_mounts() {
  uses_.clear();
  std::vector<std::string_view> seen;
  for (const Mount& mount : table_.mounts()) {
    if (!table_.is_on_disk(mount) || std::find(seen.begin(), seen.end(), mount.device_number) != seen.end()) continue;
    seen.push_back(mount.device_number);
    uses_.push_back({mount.mount_point, table_.local_path(mount), {}, false});
  }
}

Result<const std::vector<MountUse>*> DiskMeter::read() {
  ASSIGN_OR_RETURN(bool is_changed, table_.refresh());
  if (is_changed) list_mounts();
  for (MountUse& use : uses_) {
    Result<DiskSpace> space = files_.disk_space(use.local_path);
    use.is_known = space.is_ok() && space->total_bytes >= space->free_bytes;
    if (use.is_known) use.space = *space;
  }
  return &uses_;
}

NetworkMeter::NetworkMeter(FileSystem& files, const std::string& root_path)
    : is_elsewhere_(below_root(root_path, "") != ""),
      first_process_(files, below_root(root_path, "/proc/1/net/dev")),
      own_(files, below_root(root_path, "/proc/net/dev")) {}

// /proc/net is the network of whoever looks, wherever it is mounted.
Result<std::string_view> NetworkMeter::read_text() {
  if (is_elsewhere_)
    if (Result<std::string_view> text = first_process_.read(); text.is_ok()) return text;
  return own_.read();
}

Result<const std::vector<NetworkInterface>*> NetworkMeter::read_interfaces() {
  ASSIGN_OR_RETURN(std::string_view text, read_text());
  RETURN_IF_ERROR(parse_net_dev(text, interfaces_));
  return &interfaces_;
}

Result<NetworkUse> NetworkMeter::read_sum() {
  ASSIGN_OR_RETURN(const std::vector<NetworkInterface>* interfaces, read_interfaces());
  NetworkUse use;
  for (const NetworkInterface& one : *interfaces) {
    if (one.name == "lo") continue;
    use.received_bytes += one.received.bytes;
    use.sent_bytes += one.sent.bytes;
  }
  return use;
}

}  // namespace vigia::host
