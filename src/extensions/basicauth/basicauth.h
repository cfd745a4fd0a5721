#pragma once

// What the basicauth extension is configured with, and the extension.

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/guarded.h"
#include "extensions/basicauth/htpasswd.h"
#include "pipeline/component.h"

namespace vigia::extensions {

struct BasicAuthConfig {
  struct Passwords {
    std::string file;
    std::string text;  // `inline`; its users go before those of the file
  };
  struct Client {
    std::string username, password;
    std::string username_file, password_file;
  };
  // One of the two.
  std::optional<Passwords> htpasswd;
  std::optional<Client> client_auth;
};

BasicAuthConfig decode_basic_auth(config::Section& section);

// A verified password is remembered (hashed) for its user, so that its slow hash is computed once. Slow hashes are computed at most
// max_slow_checks_per_s times a second, whatever strangers send: further requests are told to come again.
class BasicAuthExtension final : public pipeline::Extension, public pipeline::ServerAuthenticator, public pipeline::ClientAuthenticator {
 public:
  static constexpr int max_slow_checks_per_s = 8;

  BasicAuthExtension(const pipeline::Context& context, BasicAuthConfig config);

  Status start() override;
  Result<std::string> authenticate(const std::function<std::string_view(std::string_view)>& header) const override;
  std::pair<std::string, std::string> credentials() const override { return {"authorization", client_value_}; }

 private:
  struct State {
    std::map<std::string, std::string, std::less<>> verified;  // fingerprints by user, at most one for each
    int64_t second = 0;
    int slow_checks = 0;  // in that second
  };

  Status load_passwords();
  Status load_client();
  Status check(std::string_view user, std::string_view password) const;
  bool is_remembered(std::string_view user, std::string_view fingerprint) const;
  bool may_check_slowly() const;

  pipeline::Context context_;
  BasicAuthConfig config_;
  PasswordFile passwords_;
  std::string client_value_;
  std::string salt_;
  // Mutable: what is remembered between requests.
  mutable Guarded<State> state_;
};

}  // namespace vigia::extensions
