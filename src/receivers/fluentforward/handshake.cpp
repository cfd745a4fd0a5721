#include "receivers/fluentforward/handshake.h"

#include <array>

#include "base/msgpack.h"
#include "base/utf8.h"
#include "receivers/fluentforward/digest.h"

namespace vigia::receivers {

using msgpack::Kind;
using msgpack::Reader;
using msgpack::Value;

struct Handshake::Ping {
  std::string_view hostname, key_salt, key_digest, username, password_digest;

  bool read(std::string_view bytes) {
    Reader reader(bytes);
    Value array, word;
    if (!reader.next(array) || array.kind != Kind::array || array.count != 6) return false;
    if (!reader.next(word) || word.bytes != "PING") return false;
    for (std::string_view* field : {&hostname, &key_salt, &key_digest, &username, &password_digest}) {
      if (!reader.next(word) || !word.is_text()) return false;
      *field = word.bytes;
    }
    return true;
  }
};

std::string Handshake::helo() const {
  std::string out;
  msgpack::append_array(out, 2);
  msgpack::append_string(out, "HELO");
  msgpack::append_map(out, 3);
  msgpack::append_string(out, "nonce");
  msgpack::append_binary(out, nonce_);
  msgpack::append_string(out, "auth");
  // Without users it is an empty text; some clients take an empty binary for a demand.
  if (salt_.empty())
    msgpack::append_string(out, "");
  else
    msgpack::append_binary(out, salt_);
  msgpack::append_string(out, "keepalive");
  msgpack::append_boolean(out, true);
  return out;
}

const ForwardUser* Handshake::user_of(const Ping& ping) const {
  for (const ForwardUser& user : security_.users) {
    if (user.username != ping.username) continue;
    return is_same_secret(sha512_hex({salt_, user.username, user.password}), ping.password_digest) ? &user : nullptr;
  }
  return nullptr;
}

Handshake::Verdict Handshake::judge(std::string_view bytes) const {
  Verdict verdict;
  Ping ping;
  if (!ping.read(bytes)) {
    verdict.reason = "what came was no PING of the handshake; the sender has no shared_key, or does not speak this protocol";
    return verdict;
  }
  verdict.hostname = repair_utf8(ping.hostname.substr(0, 256));
  const ForwardUser* user = user_of(ping);
  if (!is_same_secret(sha512_hex({ping.key_salt, ping.hostname, nonce_, security_.shared_key}), ping.key_digest))
    verdict.reason = "shared_key mismatch";
  else if (!security_.users.empty() && !user)
    verdict.reason = "username/password mismatch";
  verdict.is_welcome = verdict.reason.empty();
  if (verdict.is_welcome && user) verdict.customer = user->customer;
  verdict.answer = pong(verdict, ping.key_salt);
  return verdict;
}

std::string Handshake::pong(const Verdict& verdict, std::string_view key_salt) const {
  std::string out;
  msgpack::append_array(out, 5);
  msgpack::append_string(out, "PONG");
  msgpack::append_boolean(out, verdict.is_welcome);
  msgpack::append_string(out, verdict.reason);
  // Nobody who does not know the key learns anything that he could try keys against.
  msgpack::append_string(out, verdict.is_welcome ? security_.self_hostname : "");
  msgpack::append_string(out, verdict.is_welcome ? sha512_hex({key_salt, security_.self_hostname, nonce_, security_.shared_key}) : "");
  return out;
}

}  // namespace vigia::receivers
