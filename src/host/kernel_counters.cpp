#include "host/kernel_counters.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "host/text_fields.h"

namespace vigia::host {

Result<LoadAverages> parse_loadavg(std::string_view text) {
  Words words(text);
  std::array<double, 3> values{};
  for (double& value : values) {
    std::string_view word;
    std::optional<double> number = words.next(word) ? parse_double(word) : std::nullopt;
    if (!number) return internal_error("cannot read the load: /proc/loadavg: unexpected content");
    value = *number;
  }
  return LoadAverages{values[0], values[1], values[2]};
}

Result<double> parse_uptime(std::string_view text) {
  std::string_view word;
  std::optional<double> seconds = Words(text).next(word) ? parse_double(word) : std::nullopt;
  if (!seconds) return internal_error("cannot read how long the machine has been running: /proc/uptime: unexpected content");
  return *seconds;
}

Status parse_vmstat(std::string_view text, Vmstat& out) {
  static constexpr std::array<std::pair<std::string_view, uint64_t Vmstat::*>, 6> known = {{{"pswpin", &Vmstat::pages_swapped_in},
                                                                                            {"pswpout", &Vmstat::pages_swapped_out},
                                                                                            {"pgpgin", &Vmstat::paged_in_kibibytes},
                                                                                            {"pgpgout", &Vmstat::paged_out_kibibytes},
                                                                                            {"pgfault", &Vmstat::faults},
                                                                                            {"pgmajfault", &Vmstat::major_faults}}};
  out = Vmstat();
  bool has_any = false;
  std::string_view line;
  while (next_line(text, line)) {
    Words words(line);
    std::string_view name;
    if (!line.starts_with('p') || !words.next(name)) continue;
    for (const auto& [known_name, value] : known)
      if (known_name == name) has_any |= words.next(out.*value);
  }
  if (!has_any) return internal_error("cannot read the paging counters: /proc/vmstat: unexpected content");
  return {};
}

Status parse_swaps(std::string_view text, std::vector<SwapDevice>& out) {
  out.clear();
  std::string_view line;
  if (!next_line(text, line) || !line.starts_with("Filename"))
    return internal_error("cannot read the swap devices: /proc/swaps: no headings");
  while (next_line(text, line)) {
    Words words(line);
    SwapDevice device;
    uint64_t total = 0, used = 0;
    bool is_whole = words.next(device.name) && words.skip(1) && words.next_all(total, used);
    if (!is_whole || total > UINT64_MAX / 1024 || used > total) continue;
    device.total_bytes = total * 1024;
    device.used_bytes = used * 1024;
    out.push_back(device);
  }
  return {};
}

}  // namespace vigia::host
