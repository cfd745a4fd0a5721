// Every parser of /proc's and /sys's text takes any bytes: nothing is read outside of them, and what comes out keeps the promises of its header.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "host/cgroup.h"
#include "host/cpu_facts.h"
#include "host/diskstats.h"
#include "host/kernel_counters.h"
#include "host/meminfo.h"
#include "host/mounts.h"
#include "host/net_dev.h"
#include "host/proc_stat.h"
#include "host/process_text.h"
#include "host/tcp_connections.h"
#include "host/user_names.h"

namespace vigia::host {
namespace {

bool is_within(std::string_view part, std::string_view text) {
  return part.empty() || (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

void parse_counters(std::string_view text) {
  ProcStat stat;
  if (parse_proc_stat(text, stat).is_ok()) CHECK(!stat.cpus.empty());
  Meminfo info;
  if (parse_meminfo(text, info).is_ok()) CHECK(info.total > 0 && info.used() <= info.total);
  Vmstat vmstat;
  (void)parse_vmstat(text, vmstat).is_ok();
  (void)parse_loadavg(text).is_ok();
  (void)parse_uptime(text).is_ok();
  CgroupMemory group;
  parse_memory_stat(text, group);
  if (auto cores = parse_cpu_max(text)) CHECK(*cores > 0);
}

void parse_lists(std::string_view text) {
  std::vector<NetworkInterface> interfaces;
  if (parse_net_dev(text, interfaces).is_ok())
    for (const NetworkInterface& one : interfaces) CHECK(!one.name.empty() && is_within(one.name, text));
  std::vector<Disk> disks;
  parse_diskstats(text, disks);
  for (const Disk& one : disks) CHECK(is_within(one.name, text));
  std::vector<SwapDevice> swaps;
  if (parse_swaps(text, swaps).is_ok())
    for (const SwapDevice& one : swaps) CHECK(one.used_bytes <= one.total_bytes);
  for (const Mount& one : parse_mountinfo(text)) CHECK(!one.mount_point.empty() && !one.type.empty());
  (void)parse_disk_filesystems(text);
  (void)parse_passwd(text);
  (void)parse_cpu_frequencies(text);
}

void parse_process(std::string_view text) {
  if (auto stat = parse_process_stat(text)) CHECK(is_within(stat->name, text));
  CHECK(parse_process_status(text).pending_signals <= 64);
  (void)parse_process_io(text);
  std::string joined;
  join_arguments(text, joined);
  CHECK(joined.size() <= text.size() && joined.find('\0') == std::string::npos);
  CHECK(is_within(whole_process_name(first_argument(text), text), text));
}

// Counting does not depend on where the pieces end.
void count_connections(std::string_view text) {
  TcpStateCounter whole, in_pieces;
  whole.begin_file();
  in_pieces.begin_file();
  whole.take(text);
  size_t size = 1 + (text.empty() ? 0 : static_cast<unsigned char>(text[0]) % 50);
  // Lines that are too long to be lines are cut off in pieces only.
  bool has_long_line = text.size() > 1000;
  for (size_t at = 0; at < text.size(); at += size) in_pieces.take(text.substr(at, size));
  CHECK(has_long_line || whole.counts() == in_pieces.counts());
}

}  // namespace
}  // namespace vigia::host

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  vigia::host::parse_counters(text);
  vigia::host::parse_lists(text);
  vigia::host::parse_process(text);
  vigia::host::count_connections(text);
  return 0;
}
