#pragma once

// /proc/net/dev: what went through each network interface.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::host {

struct InterfaceTraffic {
  uint64_t bytes = 0;
  uint64_t packets = 0;
  uint64_t errors = 0;
  uint64_t dropped = 0;
};

struct NetworkInterface {
  std::string_view name;  // Within the text it was read from.
  InterfaceTraffic received;
  InterfaceTraffic sent;
};

// Lines that are broken are passed over; INTERNAL when there are no headings.
Status parse_net_dev(std::string_view text, std::vector<NetworkInterface>& out);

}  // namespace vigia::host
