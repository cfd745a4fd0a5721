#pragma once

// Which keys hold secrets, told by their names, for values whose decoder does not say so (or never saw them).

#include <string>
#include <string_view>

namespace vigia::config {

constexpr std::string_view redacted_text = "[REDACTED]";

// "password", "bearer_token", "x-api-key", "Authorization", "key_pem", …; not "token_url", "password_file", "max_tokens".
bool is_secret_name(std::string_view key);

// Whether a line of YAML has a value under such a key, or a URL with a secret in it.
bool mentions_secret(std::string_view line);

// The text without the secrets of the URLs in it: "http://user:[REDACTED]@host/path?token=[REDACTED]&color=red".
std::string redact_urls(std::string_view text);

}  // namespace vigia::config
