#include "net/proxy_url.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "base/text.h"
#include "net/socket.h"

namespace vigia::net {

namespace {

Status not_a_proxy() { return invalid_argument("expected a proxy such as http://host:3128"); }

// Removes the scheme.
Status take_scheme(std::string_view& url) {
  size_t end = url.find("://");
  if (end == std::string_view::npos) return {};
  std::string_view scheme = url.substr(0, end);
  bool is_scheme = std::all_of(scheme.begin(), scheme.end(),
                               [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
  if (!is_scheme) return not_a_proxy();
  if (!equals_ignoring_case(scheme, "http"))
    return invalid_argument(fmt::format("expected a proxy such as http://host:3128; {}:// proxies are not in this build", scheme));
  url.remove_prefix(end + 3);
  return {};
}

// "user:password" to what the proxy is told; a user without a password has an empty one.
std::optional<std::string> basic_authorization(std::string_view text) {
  size_t colon = std::min(text.find(':'), text.size());
  auto user = percent_decoded(text.substr(0, colon));
  auto password = percent_decoded(colon == text.size() ? std::string_view() : text.substr(colon + 1));
  if (!user || !password) return std::nullopt;
  return "Basic " + to_base64(*user + ":" + *password);
}

}  // namespace

Result<ProxyAddress> parse_proxy_url(std::string_view url) {
  RETURN_IF_ERROR(take_scheme(url));
  url = url.substr(0, url.find_first_of("/?#"));
  ProxyAddress proxy;
  if (size_t at = url.rfind('@'); at != std::string_view::npos) {
    auto authorization = basic_authorization(url.substr(0, at));
    if (!authorization) return not_a_proxy();
    proxy.authorization = std::move(*authorization);
    url.remove_prefix(at + 1);
  }
  bool has_port = !url.ends_with(']') && url.find(':') != std::string_view::npos;
  Result<HostPort> where = parse_host_port(has_port ? std::string(url) : std::string(url) + ":80");
  if (!where.is_ok() || where->host.empty() || where->port == 0 || url.find(' ') != std::string_view::npos) return not_a_proxy();
  proxy.host = std::move(where->host);
  proxy.port = where->port;
  return proxy;
}

}  // namespace vigia::net
