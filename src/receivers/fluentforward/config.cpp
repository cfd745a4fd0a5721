#include "receivers/fluentforward/config.h"

#include <algorithm>

#include "net/socket.h"
#include "pipeline/customer.h"
#include "pipeline/net_config.h"

namespace vigia::receivers {

namespace {

void decode_endpoint(config::Section& section, std::string& endpoint) {
  section.field("endpoint", endpoint);
  if (endpoint.starts_with('/')) endpoint.insert(0, "unix://");
  bool is_address = endpoint.starts_with("unix://") || net::parse_host_port(endpoint).is_ok();
  section.require(is_address, "endpoint", "expected host:port or unix:///path, found \"" + endpoint + "\"");
  section.claim(pipeline::listener_topic, "endpoint", endpoint);
}

void decode_user(config::Section& section, ForwardUser& user) {
  section.field("username", user.username);
  section.secret("password", user.password);
  pipeline::decode_customer(section, user.customer);
  section.require(!user.username.empty(), "username", "a user needs a name");
  section.require(!user.password.empty(), "password", "a user needs a password");
}

void decode_security(config::Section& section, ForwardSecurity& security) {
  section.secret("shared_key", security.shared_key);
  section.field("self_hostname", security.self_hostname);
  section.list("users", [&](config::Section& item) { decode_user(item, security.users.emplace_back()); });
  section.require(!security.shared_key.empty(), "shared_key", "security needs the key that senders and this receiver share");
  auto is_twice = [&](const ForwardUser& user) {
    return std::count_if(security.users.begin(), security.users.end(), [&](const auto& one) { return one.username == user.username; }) > 1;
  };
  section.require(std::none_of(security.users.begin(), security.users.end(), is_twice), "users", "a user stands here twice");
}

void decode_positive_ms(config::Section& section, std::string_view key, int64_t& out) {
  section.duration_ms(key, out);
  section.require(out > 0, key, "must be positive");
}

}  // namespace

void decode(config::Section& section, FluentForwardConfig& out) {
  decode_endpoint(section, out.endpoint);
  section.section("tls", [&](config::Section& tls) {
    if (!tls.is_null()) pipeline::decode_tls_server(tls, out.tls.emplace());
  });
  section.section("security", [&](config::Section& security) { decode_security(security, out.security); });
  pipeline::decode_customer(section, out.customer);
  uint64_t message_bytes = out.max_message_bytes;
  section.size_bytes("max_message_size", message_bytes);
  out.max_message_bytes = message_bytes;
  section.require(message_bytes >= 1024 && message_bytes <= (uint64_t{1} << 30), "max_message_size", "must be from 1KiB to 1GiB");
  section.field("max_connections", out.max_connections);
  section.require(out.max_connections > 0, "max_connections", "must be positive");
  decode_positive_ms(section, "message_timeout", out.message_timeout_ms);
  section.duration_ms("idle_timeout", out.idle_timeout_ms);
  section.require(out.idle_timeout_ms >= 0, "idle_timeout", "must not be negative; 0 is never");
  decode_positive_ms(section, "max_retry_time", out.max_retry_time_ms);
}

}  // namespace vigia::receivers
