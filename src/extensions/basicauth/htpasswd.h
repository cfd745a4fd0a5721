#pragma once

// Apache's password files: "user:hash" in each line. Hashes may be bcrypt ($2y$, $2a$, $2b$), sha-crypt ($5$, $6$), apr1, {SHA}, {SSHA} or the
// plain password.
//
// Immutable once parsed; any thread may ask.

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace vigia::extensions {

class PasswordFile {
 public:
  static constexpr size_t max_users = 100'000;

  // The last line of a user counts. Empty lines and lines that begin with # are left out.
  static Result<PasswordFile> parse(std::string_view text);

  // The hash of the user, or nullptr.
  const std::string* hash_of(std::string_view user) const;
  size_t user_count() const { return hashes_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> hashes_;
};

// Whether the password is the one that was hashed. May take tens of milliseconds when is_slow_hash().
bool is_password(std::string_view hash, std::string_view password);
bool is_slow_hash(std::string_view hash);

// What a verified password is remembered as: SHA-256, so that the password itself is not kept.
std::string fingerprint_of(std::string_view salt, std::string_view password);

}  // namespace vigia::extensions
