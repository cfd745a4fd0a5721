#include "extensions/basicauth/htpasswd.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace vigia::extensions {

namespace {

std::string digest(const EVP_MD* algorithm, std::initializer_list<std::string_view> parts) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), algorithm, nullptr);
  for (std::string_view part : parts) EVP_DigestUpdate(context.get(), part.data(), part.size());
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), bytes, &size);
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string md5(std::initializer_list<std::string_view> parts) { return digest(EVP_md5(), parts); }

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// The first sum of apr1: password, magic and salt, stirred with the password's length.
std::string apr1_start(std::string_view password, std::string_view salt) {
  std::string inner = md5({password, salt, password});
  std::string mixed;
  for (size_t left = password.size(); left > 0; left -= std::min<size_t>(left, 16)) mixed.append(inner, 0, std::min<size_t>(left, 16));
  for (size_t bits = password.size(); bits > 0; bits >>= 1) mixed += (bits & 1) ? '\0' : password[0];
  return md5({password, "$apr1$", salt, mixed});
}

// Six bits a character, in the order that Apache chose for the sixteen bytes.
std::string apr1_text(std::string_view sum) {
  constexpr std::string_view alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr int order[5][3] = {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}};
  auto byte = [&](int index) { return static_cast<uint32_t>(static_cast<unsigned char>(sum[static_cast<size_t>(index)])); };
  std::string text;
  auto append = [&](uint32_t value, int characters) {
    for (; characters > 0; characters--, value >>= 6) text += alphabet[value & 63];
  };
  for (const auto& three : order) append(byte(three[0]) << 16 | byte(three[1]) << 8 | byte(three[2]), 4);
  append(byte(11), 2);
  return text;
}

// Apache's own variant of MD5-crypt; libcrypt does not know it.
std::string apr1_hash(std::string_view password, std::string_view salt) {
  std::string sum = apr1_start(password, salt);
  for (int round = 0; round < 1000; round++) {
    std::string_view first = round & 1 ? password : std::string_view(sum);
    std::string_view last = round & 1 ? std::string_view(sum) : password;
    sum = md5({first, round % 3 ? salt : "", round % 7 ? password : "", last});
  }
  return "$apr1$" + std::string(salt) + "$" + apr1_text(sum);
}

bool is_crypt_password(std::string_view hash, std::string_view password) {
  if (password.find('\0') != std::string_view::npos) return false;
  auto data = std::make_unique<crypt_data>();
  std::string setting(hash), key(password);
  const char* result = crypt_rn(key.c_str(), setting.c_str(), data.get(), sizeof(crypt_data));
  return result != nullptr && equals_in_constant_time(result, hash);
}

bool is_salted_sha_password(std::string_view encoded, std::string_view password) {
  constexpr size_t sha1_bytes = 20;
  std::optional<std::string> bytes = from_base64(encoded);
  if (!bytes || bytes->size() < sha1_bytes) return false;
  std::string_view salt = std::string_view(*bytes).substr(sha1_bytes);
  return equals_in_constant_time(digest(EVP_sha1(), {password, salt}), std::string_view(*bytes).substr(0, sha1_bytes));
}

}  // namespace

std::string fingerprint_of(std::string_view salt, std::string_view password) { return digest(EVP_sha256(), {salt, password}); }

Result<PasswordFile> PasswordFile::parse(std::string_view text) {
  PasswordFile file;
  size_t line_number = 0;
  for (std::string_view line : split(text, '\n')) {
    line_number++;
    line = trim(line);
    if (line.empty() || line[0] == '#') continue;
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == line.size())
      return invalid_argument("cannot read the passwords: line " + std::to_string(line_number) + ": expected user:hash");
    if (file.hashes_.size() >= max_users) return invalid_argument("cannot read the passwords: there are too many users");
    file.hashes_[std::string(line.substr(0, colon))] = line.substr(colon + 1);
  }
  return file;
}

const std::string* PasswordFile::hash_of(std::string_view user) const {
  auto found = hashes_.find(user);
  return found == hashes_.end() ? nullptr : &found->second;
}

bool is_slow_hash(std::string_view hash) { return starts_with(hash, "$"); }

bool is_password(std::string_view hash, std::string_view password) {
  if (starts_with(hash, "$apr1$")) {
    std::string_view salt = hash.substr(6);
    salt = salt.substr(0, std::min<size_t>(salt.find('$'), 8));
    return equals_in_constant_time(apr1_hash(password, salt), hash);
  }
  if (starts_with(hash, "$")) return is_crypt_password(hash, password);
  if (starts_with(hash, "{SHA}")) return equals_in_constant_time(to_base64(digest(EVP_sha1(), {password})), hash.substr(5));
  if (starts_with(hash, "{SSHA}")) return is_salted_sha_password(hash.substr(6), password);
  return equals_in_constant_time(hash, password);
}

}  // namespace vigia::extensions
