#include "host/meminfo.h"

#include <array>
#include <utility>

#include "host/text_fields.h"

namespace vigia::host {

namespace {

struct Line {
  std::string_view name;
  uint64_t Meminfo::*value;
  uint64_t unit;
};

constexpr uint64_t kibibyte = 1024;
constexpr std::array<Line, 14> lines = {{{"MemTotal", &Meminfo::total, kibibyte},
                                         {"MemFree", &Meminfo::free, kibibyte},
                                         {"MemAvailable", &Meminfo::available, kibibyte},
                                         {"Buffers", &Meminfo::buffers, kibibyte},
                                         {"Cached", &Meminfo::cached, kibibyte},
                                         {"SReclaimable", &Meminfo::slab_reclaimable, kibibyte},
                                         {"SUnreclaim", &Meminfo::slab_unreclaimable, kibibyte},
                                         {"Dirty", &Meminfo::dirty, kibibyte},
                                         {"Shmem", &Meminfo::shared, kibibyte},
                                         {"Hugepagesize", &Meminfo::huge_page_bytes, kibibyte},
                                         {"HugePages_Total", &Meminfo::huge_pages_total, 1},
                                         {"HugePages_Free", &Meminfo::huge_pages_free, 1},
                                         {"HugePages_Rsvd", &Meminfo::huge_pages_reserved, 1},
                                         {"HugePages_Surp", &Meminfo::huge_pages_surplus, 1}}};

}  // namespace

Status parse_meminfo(std::string_view text, Meminfo& out) {
  out = Meminfo();
  bool says_available = false;
  std::string_view line;
  while (next_line(text, line)) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view name = line.substr(0, colon);
    for (const Line& known : lines) {
      if (known.name != name) continue;
      uint64_t number = 0;
      if (!Words(line.substr(colon + 1)).next(number) || number > UINT64_MAX / known.unit) break;
      out.*known.value = number * known.unit;
      says_available |= known.value == &Meminfo::available;
      break;
    }
  }
  out.cached += out.slab_reclaimable;
  if (!says_available) out.available = out.free + out.cached;
  if (out.total == 0) return internal_error("cannot read the machine's memory: /proc/meminfo: no MemTotal");
  return {};
}

}  // namespace vigia::host
