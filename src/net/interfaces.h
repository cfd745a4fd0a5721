#pragma once

// The network interfaces of this machine and their addresses.

#include <string>
#include <vector>

#include "base/status.h"
#include "net/socket.h"

namespace vigia::net {

struct NetworkInterface {
  std::string name;
  bool is_up = false;
  bool is_loopback = false;
  std::string mac;                     // Six bytes, or none.
  std::vector<std::string> addresses;  // "192.0.2.1", "fe80::1"; in the kernel's order.
};

// In the kernel's order. Asks the kernel and waits for it, which takes some 100 µs.
Result<std::vector<NetworkInterface>> network_interfaces();

}  // namespace vigia::net
