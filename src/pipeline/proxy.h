#pragma once

// Which proxy a connection to the outside takes, by the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY. The rules are those of the Collector,
// that is of Go's programs:
//
// - http:// goes by HTTP_PROXY, https:// by HTTPS_PROXY. A value without a scheme is an HTTP proxy.
// - localhost and loopback addresses are reached directly.
// - NO_PROXY is a list with commas. "*" is everything; "10.0.0.0/8" a network; "10.1.2.3" or "[::1]" an address; "example.com" the host
//   and all below it; ".example.com" and "*.example.com" only those below it. Addresses and hosts may end in ":port".
//
// Immutable; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::pipeline {

// The values of the variables; "" is unset.
struct ProxyVariables {
  std::string http_proxy;
  std::string https_proxy;
  std::string no_proxy;
};

class ProxyRules {
 public:
  explicit ProxyRules(const ProxyVariables& variables);

  // The proxy's URL, "" for a direct way, or an error when the proxy is of a kind we cannot speak to.
  Result<std::string> proxy_for(bool is_https, std::string_view host, int port) const;

 private:
  using Address = std::array<uint8_t, 16>;  // IPv4 in IPv6's notation
  struct Network {
    Address address;
    int prefix_bits = 128;
    std::string port;  // "" is any
  };
  struct Domain {
    std::string suffix;  // ".example.com"
    bool includes_itself = false;
    std::string port;
  };

  static std::optional<Address> parse_address(std::string_view text);
  static std::optional<Network> parse_network(std::string_view text);
  void add_exception(std::string_view text);
  bool is_direct(std::string_view host, int port) const;

  std::string http_proxy_;
  std::string https_proxy_;
  bool is_all_direct_ = false;
  std::vector<Network> networks_;
  std::vector<Domain> domains_;
};

}  // namespace vigia::pipeline
