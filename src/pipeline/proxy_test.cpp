// Scenario: exporters find HTTP_PROXY, HTTPS_PROXY and NO_PROXY in the environment, written in all the ways that Go's programs take.
// Guarantee: the same destinations go through the proxy as with the Collector.

#include "pipeline/proxy.h"

#include <gtest/gtest.h>

namespace vigia::pipeline {
namespace {

std::string way_to(const std::string& host, const std::string& exceptions, int port = 4317) {
  ProxyRules rules({"http://plain:1", "http://secure:2", exceptions});
  auto proxy = rules.proxy_for(true, host, port);
  return proxy.is_ok() ? *proxy : proxy.status().message();
}

TEST(ProxyRules, the_scheme_chooses_the_variable) {
  ProxyRules rules({"http://plain:1", "secure:2", ""});
  EXPECT_EQ(*rules.proxy_for(false, "collector", 80), "http://plain:1");
  EXPECT_EQ(*rules.proxy_for(true, "collector", 443), "secure:2");
  EXPECT_EQ(*ProxyRules({"", "", ""}).proxy_for(true, "collector", 443), "");
  EXPECT_EQ(*ProxyRules({"http://plain:1", "", ""}).proxy_for(true, "collector", 443), "");
}

TEST(ProxyRules, loopback_is_always_direct) {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_EQ(way_to(host, ""), "") << host;
  for (const char* host : {"localhost.example.com", "128.0.0.1", "::2", "0.0.0.0"}) EXPECT_EQ(way_to(host, ""), "http://secure:2") << host;
}

struct Case {
  const char* exceptions;
  const char* host;
  bool is_direct;
};

TEST(ProxyRules, exceptions) {
  for (const Case& c : std::initializer_list<Case>{
           {"*", "collector", true},
           {"other, *", "10.1.2.3", true},
           {"example.com", "example.com", true},
           {"example.com", "Telemetry.EXAMPLE.com", true},
           {" Example.COM ,x", "a.b.example.com", true},
           {"example.com", "badexample.com", false},
           {".example.com", "example.com", false},
           {".example.com", "a.example.com", true},
           {"*.example.com", "a.example.com", true},
           {"*.example.com", "example.com", false},
           {"example.com:4317", "example.com", true},
           {"example.com:443", "example.com", false},
           {"10.0.0.0/8", "10.200.0.1", true},
           {"10.0.0.0/8", "11.0.0.1", false},
           {"10.0.0.0/9", "10.128.0.1", false},
           {"0.0.0.0/0", "8.8.8.8", true},
           {"0.0.0.0/0", "2001:db8::1", false},
           {"fd00::/8", "fd12::1", true},
           {"fd00::/8", "fe12::1", false},
           {"10.1.2.3", "10.1.2.3", true},
           {"10.1.2.3:4317", "10.1.2.3", true},
           {"10.1.2.3:80", "10.1.2.3", false},
           {"[2001:db8::1]:4317", "2001:db8::1", true},
           {"2001:db8::1", "2001:db8::1", true},
           {"10.0.0.0/33", "10.0.0.1", false},
           {":4317", "collector", false},
           {",, ,", "collector", false},
           {"collector", "collector", true},
       })
    EXPECT_EQ(way_to(c.host, c.exceptions).empty(), c.is_direct) << c.exceptions << " " << c.host;
}

TEST(ProxyRules, a_proxy_of_another_kind_is_refused_where_it_would_be_used) {
  ProxyRules rules({"", "socks5://user:s3cret@proxy:1080", "inside"});
  EXPECT_EQ(*rules.proxy_for(true, "inside", 1), "");
  std::string message = rules.proxy_for(true, "outside", 1).status().message();
  EXPECT_EQ(message,
            "cannot use the proxy of HTTPS_PROXY: expected a proxy such as http://host:3128; socks5:// proxies are not in this build");
}

}  // namespace
}  // namespace vigia::pipeline
