#pragma once

// The handshake of the forward protocol, as the server sees it: HELO, then the client's PING, then PONG. Both sides show that they know the
// shared key, and the client may show a user's password; neither goes over the wire.

#include <string>
#include <string_view>

#include "receivers/fluentforward/config.h"

namespace vigia::receivers {

class Handshake {
 public:
  // `security` outlives it and names this host. `nonce` and `salt` are fresh secret bytes.
  Handshake(const ForwardSecurity& security, std::string nonce, std::string salt)
      : security_(security), nonce_(std::move(nonce)), salt_(security.users.empty() ? std::string() : std::move(salt)) {}

  // What the server says first.
  std::string helo() const;

  struct Verdict {
    bool is_welcome = false;
    std::string reason;    // Why not, as the client is told.
    std::string answer;    // The PONG; empty when what came was no PING.
    std::string hostname;  // What the client calls itself.
    std::string customer;  // The user's.
  };
  Verdict judge(std::string_view ping) const;

 private:
  struct Ping;
  const ForwardUser* user_of(const Ping& ping) const;
  std::string pong(const Verdict& verdict, std::string_view key_salt) const;

  const ForwardSecurity& security_;
  std::string nonce_;
  std::string salt_;
};

}  // namespace vigia::receivers
