#include "net/interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>

#include <algorithm>
#include <array>
#include <memory>

namespace vigia::net {

namespace {

NetworkInterface& interface_of(std::vector<NetworkInterface>& all, const ifaddrs& entry) {
  auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == entry.ifa_name; });
  if (found != all.end()) return *found;
  return all.emplace_back(NetworkInterface{entry.ifa_name, (entry.ifa_flags & IFF_UP) != 0, (entry.ifa_flags & IFF_LOOPBACK) != 0, {}, {}});
}

void add_address(NetworkInterface& to, const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(), text.size());
    to.addresses.emplace_back(text.data());
  } else if (address.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text.data(), text.size());
    to.addresses.emplace_back(text.data());
  } else if (address.sa_family == AF_PACKET) {
    const auto& link = reinterpret_cast<const sockaddr_ll&>(address);
    if (link.sll_halen == 6) to.mac.assign(reinterpret_cast<const char*>(link.sll_addr), 6);
  }
}

}  // namespace

Result<std::vector<NetworkInterface>> network_interfaces() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return system_error("cannot list the network interfaces", errno);
  std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, ::freeifaddrs);
  std::vector<NetworkInterface> all;
  for (const ifaddrs* entry = list; entry; entry = entry->ifa_next) {
    NetworkInterface& one = interface_of(all, *entry);
    if (entry->ifa_addr) add_address(one, *entry->ifa_addr);
  }
  return all;
}

}  // namespace vigia::net
