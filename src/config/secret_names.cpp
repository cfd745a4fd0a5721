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

// Short names that say little in a file and enough in the query of a URL.
constexpr std::array<std::string_view, 9> secret_query_words = {"key", "sig", "signature", "auth", "pass", "pwd", "code", "jwt", "sas"};

// Copies text and leaves secrets out.
class UrlRedactor {
 public:
  explicit UrlRedactor(std::string_view text) : text_(text) {}

  std::string run() {
    for (size_t scheme = text_.find("://"); scheme != std::string_view::npos; scheme = text_.find("://", at_)) {
      copy_to(scheme + 3);
      std::string_view rest = text_.substr(at_);
      size_t end = at_ + std::min(rest.find_first_of(" \t\n\"'"), rest.size());
      redact_user(at_ + std::min(rest.find_first_of("/?# \t\n\"'"), rest.size()));
      redact_query(end);
      copy_to(end);
    }
    copy_to(text_.size());
    return std::move(out_);
  }

 private:
  void copy_to(size_t end) {
    out_ += text_.substr(at_, end - at_);
    at_ = end;
  }
  void leave_out(size_t end) {
    if (end > at_) out_ += redacted_text;
    at_ = end;
  }

  // "user:password@" keeps the user; without a colon it may be a token.
  void redact_user(size_t authority_end) {
    size_t user_end = text_.substr(at_, authority_end - at_).rfind('@');
    if (user_end == std::string_view::npos) return;
    user_end += at_;
    if (size_t colon = text_.find(':', at_); colon < user_end) copy_to(colon + 1);
    leave_out(user_end);
  }

  void redact_query(size_t url_end) {
    size_t start = text_.find('?', at_);
    while (start < url_end) {
      copy_to(start + 1);
      size_t end = std::min(text_.find_first_of("&;#", at_), url_end);
      size_t equal = text_.find('=', at_);
      if (equal < end && is_secret_parameter(text_.substr(at_, equal - at_))) {
        copy_to(equal + 1);
        leave_out(end);
      }
      start = end < url_end && text_[end] != '#' ? end : url_end;
    }
  }

  static bool is_secret_parameter(std::string_view name) { return is_secret_name(name) || contains(secret_query_words, to_lower(name)); }

  std::string_view text_;
  size_t at_ = 0;
  std::string out_;
};

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
  if (redact_urls(line) != line) return true;
  for (size_t colon = line.find(':'); colon != std::string_view::npos; colon = line.find(':', colon + 1)) {
    size_t stop = colon;
    while (stop > 0 && (line[stop - 1] == '"' || line[stop - 1] == '\'' || line[stop - 1] == ' ')) stop--;
    size_t start = line.find_last_of(" \t{,\"'", stop == 0 ? 0 : stop - 1);
    start = start == std::string_view::npos ? 0 : start + 1;
    if (start < stop && is_secret_name(line.substr(start, stop - start))) return true;
  }
  return false;
}

std::string redact_urls(std::string_view text) { return UrlRedactor(text).run(); }

}  // namespace vigia::config
