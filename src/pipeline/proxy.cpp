#include "pipeline/proxy.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"
#include "net/proxy_url.h"

namespace vigia::pipeline {

namespace {

constexpr int ipv4_offset_bits = 96;

// "host:port" in two, the brackets of IPv6 removed; a text that is no such pair is a host.
std::pair<std::string_view, std::string_view> split_port(std::string_view text) {
  size_t colon = text.rfind(':');
  bool is_bare_ipv6 = text.find(':') != colon && !text.starts_with('[');
  bool has_port = colon != std::string_view::npos && !is_bare_ipv6 && text.find(']', colon) == std::string_view::npos;
  std::string_view host = has_port ? text.substr(0, colon) : text;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, has_port ? text.substr(colon + 1) : std::string_view()};
}

bool is_same_prefix(const std::array<uint8_t, 16>& a, const std::array<uint8_t, 16>& b, int bits) {
  auto whole = static_cast<size_t>(bits / 8);
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  int rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

// What cannot be used is refused where it would be.
Result<std::string> usable(const std::string& proxy, std::string_view variable) {
  Result<net::ProxyAddress> address = net::parse_proxy_url(proxy);
  if (address.is_ok()) return proxy;
  return std::move(address).status().with_context("cannot use the proxy of " + std::string(variable));
}

}  // namespace

ProxyRules::ProxyRules(const ProxyVariables& variables)
    : http_proxy_(trim(variables.http_proxy)), https_proxy_(trim(variables.https_proxy)) {
  for (std::string_view part : split(variables.no_proxy, ',')) add_exception(trim(part));
}

std::optional<ProxyRules::Address> ProxyRules::parse_address(std::string_view text) {
  std::string number(text);
  Address address{};
  if (inet_pton(AF_INET6, number.c_str(), address.data()) == 1) return address;
  address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (inet_pton(AF_INET, number.c_str(), address.data() + ipv4_offset_bits / 8) == 1) return address;
  return std::nullopt;
}

// "10.0.0.0/8", "fd00::/8".
std::optional<ProxyRules::Network> ProxyRules::parse_network(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::optional<Address> address = parse_address(text.substr(0, slash));
  std::optional<int64_t> bits = parse_int(text.substr(slash + 1));
  bool is_ipv6 = text.find(':') != std::string_view::npos;
  if (!address || !bits || *bits < 0 || *bits > (is_ipv6 ? 128 : 32)) return std::nullopt;
  return Network{*address, static_cast<int>(*bits) + (is_ipv6 ? 0 : ipv4_offset_bits), ""};
}

void ProxyRules::add_exception(std::string_view text) {
  if (text.empty()) return;
  if (text == "*") {
    is_all_direct_ = true;
    return;
  }
  if (std::optional<Network> network = parse_network(text)) {
    networks_.push_back(std::move(*network));
    return;
  }
  auto [host, port] = split_port(text);
  if (host.empty()) return;
  if (std::optional<Address> address = parse_address(host)) {
    networks_.push_back({*address, 128, std::string(port)});
    return;
  }
  if (host.starts_with("*.")) host.remove_prefix(1);
  bool is_below_only = host.starts_with('.');
  domains_.push_back({(is_below_only ? "" : ".") + to_lower(host), !is_below_only, std::string(port)});
}

bool ProxyRules::is_direct(std::string_view host, int port) const {
  std::string name = to_lower(host);
  std::string port_text = std::to_string(port);
  if (is_all_direct_ || name == "localhost") return true;
  std::optional<Address> address = parse_address(name);
  if (!address) {
    return std::any_of(domains_.begin(), domains_.end(), [&](const Domain& domain) {
      bool is_inside = name.ends_with(domain.suffix) || (domain.includes_itself && name == domain.suffix.substr(1));
      return is_inside && (domain.port.empty() || domain.port == port_text);
    });
  }
  static const Network loopback = *parse_network("127.0.0.0/8");
  if (is_same_prefix(*address, loopback.address, loopback.prefix_bits) || *address == *parse_address("::1")) return true;
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return is_same_prefix(*address, network.address, network.prefix_bits) && (network.port.empty() || network.port == port_text);
  });
}

Result<std::string> ProxyRules::proxy_for(bool is_https, std::string_view host, int port) const {
  const std::string& proxy = is_https ? https_proxy_ : http_proxy_;
  if (proxy.empty() || is_direct(host, port)) return std::string();
  return usable(proxy, is_https ? "HTTPS_PROXY" : "HTTP_PROXY");
}

}  // namespace vigia::pipeline
