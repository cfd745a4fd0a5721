#include "config/secret_names.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace vigia::config {
namespace {

constexpr std::array<std::string_view, 16> secret_words = {
    "password", "passwd",    "passphrase",    "secret",     "secrets",     "token",  "bearertoken", "apikey",
    "apitoken", "authtoken", "authorization", "credential", "credentials", "cookie", "htpasswd",    "keypem"};
// Pairs of neighbouring words.
constexpr std::array<std::array<std::string_view, 2>, 7> secret_pairs = {
    {{"api", "key"}, {"access", "key"}, {"private", "key"}, {"key", "pem"}, {"signing", "key"}, {"encryption", "key"}, {"auth", "key"}}};
// A last word that tells that the value speaks about a secret and is none.
constexpr std::array<std::string_view, 18> harmless_endings = {"file",   "path",   "url",      "uri",    "name",     "type",
                                                               "id",     "ttl",    "endpoint", "env",    "timeout",  "expiry",
                                                               "header", "source", "prefix",   "suffix", "interval", "length"};

template <typename List>
bool contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// "x-Api_keyPem" → x, api, key, pem.
std::vector<std::string> words_of(std::string_view key) {
  std::vector<std::string> words(1);
  char before = 0;
  for (char c : key) {
    bool starts_word = !is_letter_or_digit(c) || (is_upper(c) && before != 0 && !is_upper(before));
    if (starts_word && !words.back().empty()) words.emplace_back();
    if (is_letter_or_digit(c)) words.back() += to_lower({&c, 1});
    before = c;
  }
  if (words.back().empty() && words.size() > 1) words.pop_back();
  return words;
}

size_t password_at(std::string_view text, size_t& end) {
  size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::string_view::npos;
  size_t start = scheme + 3;
  size_t stop = std::min(text.find_first_of("/?# \t\"'", start), text.size());
  size_t at = text.substr(start, stop - start).rfind('@');
  if (at == std::string_view::npos) return std::string_view::npos;
  size_t colon = text.find(':', start);
  if (colon >= start + at) return std::string_view::npos;
  end = start + at;
  return colon + 1;
}

}  // namespace

bool is_secret_name(std::string_view key) {
  if (key.size() > 100) return false;
  std::vector<std::string> words = words_of(key);
  if (contains(harmless_endings, words.back())) return false;
  for (size_t i = 0; i < words.size(); i++) {
    if (contains(secret_words, words[i])) return true;
    if (i == 0) continue;
    for (const auto& pair : secret_pairs)
      if (words[i - 1] == pair[0] && words[i] == pair[1]) return true;
  }
  return false;
}

bool mentions_secret(std::string_view line) {
  size_t end = 0;
  if (password_at(line, end) != std::string_view::npos) return true;
  for (size_t colon = line.find(':'); colon != std::string_view::npos; colon = line.find(':', colon + 1)) {
    size_t stop = colon;
    while (stop > 0 && (line[stop - 1] == '"' || line[stop - 1] == '\'' || line[stop - 1] == ' ')) stop--;
    size_t start = line.find_last_of(" \t{,\"'", stop == 0 ? 0 : stop - 1);
    start = start == std::string_view::npos ? 0 : start + 1;
    if (start < stop && is_secret_name(line.substr(start, stop - start))) return true;
  }
  return false;
}

std::string redact_url_password(std::string_view text) {
  size_t end = 0;
  size_t start = password_at(text, end);
  if (start == std::string_view::npos) return std::string(text);
  return std::string(text.substr(0, start)) + std::string(redacted_text) + std::string(text.substr(end));
}

}  // namespace vigia::config
