#pragma once

// A proxy, as people write it into variables and configurations.

#include <string>
#include <string_view>

#include "base/status.h"

namespace vigia::net {

struct ProxyAddress {
  std::string host;
  int port = 0;
  std::string authorization;  // the value of Proxy-Authorization, or ""
};

// "http://user:password@host:port"; scheme, user, password and port may be missing. User and password are percent-encoded. No message
// repeats more of the text than its scheme, since it may hold a password.
Result<ProxyAddress> parse_proxy_url(std::string_view url);

}  // namespace vigia::net
