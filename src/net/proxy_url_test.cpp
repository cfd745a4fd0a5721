// Scenario: people write proxies in all the ways that Go's programs take, and in some that nobody does.
// Guarantee: host, port and credentials are those that were meant, and what cannot be meant is refused without repeating a password.

#include "net/proxy_url.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace vigia::net {
namespace {

struct Case {
  const char* url;
  const char* host;
  int port;
  const char* credentials;
};

TEST(ProxyUrl, HostPortAndCredentials) {
  for (const Case& c : std::initializer_list<Case>{
           {"http://proxy:3128", "proxy", 3128, ""},
           {"proxy", "proxy", 80, ""},
           {"HTTP://proxy:3128/", "proxy", 3128, ""},
           {"http://[2001:db8::1]:3128", "2001:db8::1", 3128, ""},
           {"http://[2001:db8::1]", "2001:db8::1", 80, ""},
           {"http://user:word@proxy:1", "proxy", 1, "user:word"},
           {"user:word@proxy:1", "proxy", 1, "user:word"},
           {"http://user@proxy:1", "proxy", 1, "user:"},
           {"http://us%65r:p%40ss%3Aw%2Ford@proxy:1", "proxy", 1, "user:p@ss:w/ord"},
           {"http://user:p@ss@proxy:1", "proxy", 1, "user:p@ss"},
       }) {
    auto proxy = parse_proxy_url(c.url);
    ASSERT_TRUE(proxy.is_ok()) << c.url << ": " << proxy.status().to_string();
    EXPECT_EQ(proxy->host, c.host) << c.url;
    EXPECT_EQ(proxy->port, c.port) << c.url;
    std::string credentials = c.credentials;
    EXPECT_EQ(proxy->authorization, credentials.empty() ? "" : "Basic " + to_base64(credentials)) << c.url;
  }
}

TEST(ProxyUrl, NoMessageRepeatsAPassword) {
  for (const char* url :
       {"socks5://user:s3cret@proxy:1", "http://user:s3cret%zz@proxy:1", "http://user:s3cret%4", "http://user:s3cret@proxy:no",
        "http://user:s3cret@", "user:s3cret://x@proxy:1", "http://user:s3cret@a:1:2", "http://user:s3cret@proxy:0"}) {
    auto proxy = parse_proxy_url(url);
    ASSERT_FALSE(proxy.is_ok()) << url;
    EXPECT_EQ(proxy.status().message().find("s3cret"), std::string::npos) << proxy.status().message();
  }
}

}  // namespace
}  // namespace vigia::net
