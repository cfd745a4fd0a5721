#pragma once

// The fluentforward receiver's section.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/section.h"
#include "net/tls.h"

namespace vigia::receivers {

struct ForwardUser {
  std::string username;
  std::string password;
  std::string customer;  // Whose data it sends; "" does not say.
};

// Who may send. Without a shared key everybody who can connect.
struct ForwardSecurity {
  std::string shared_key;
  std::string self_hostname;  // What we call ourselves in the handshake; "" is the machine's name.
  std::vector<ForwardUser> users;
};

struct FluentForwardConfig {
  std::string endpoint = "localhost:24224";
  std::optional<net::TlsSettings> tls;
  ForwardSecurity security;
  std::string customer;
  size_t max_message_bytes = 32 << 20;  // As it comes, and decompressed.
  size_t max_connections = 2'000;
  int64_t message_timeout_ms = 30'000;
  int64_t idle_timeout_ms = 0;  // 0: never.
  int64_t max_retry_time_ms = 300'000;
};

void decode(config::Section& section, FluentForwardConfig& out);

}  // namespace vigia::receivers
