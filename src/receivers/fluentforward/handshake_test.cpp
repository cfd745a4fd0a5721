// Scenario: clients that know the shared key and their password, and clients that do not, with digests computed apart from our code.
// Guarantee: nobody without both gets in, and only who is let in learns what proves that we know the key.

#include "receivers/fluentforward/handshake.h"

#include <gtest/gtest.h>

#include "receivers/fluentforward/digest.h"
#include "receivers/fluentforward/test_forward.h"

namespace vigia::receivers {
namespace {

using namespace test;
using namespace std::string_literals;

const ForwardSecurity with_key{"top secret", "server.example", {}};
const ForwardSecurity with_users{"top secret", "server.example", {{"alice", "wonder", "acme"}, {"bob", "builder", ""}}};

std::string ping(const std::string& key, const std::string& user = "", const std::string& password = "") {
  std::string digest =
      sha512_hex({"salt"
                  "client"
                  "NONCE",
                  key});
  return list({text("PING"), text("client"), text("salt"), text(digest), text(user),
               text(user.empty() ? "" : sha512_hex({"SALT", user, password}))});
}

TEST(ForwardHandshake, DigestsAreWhatOthersCompute) {
  // printf 'saltclientNONCEtop secret' | sha512sum
  EXPECT_EQ(
      sha512_hex({"abc"}),
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(sha512_hex({"a", "", "bc"}), sha512_hex({"abc"}));
  EXPECT_NE(secret_bytes(16), secret_bytes(16));
}

TEST(ForwardHandshake, SaysHelloWithItsNonce) {
  std::string options = "\x83"s + text("nonce") + binary("NONCE") + text("auth") + text("") + text("keepalive") + "\xc3";
  EXPECT_EQ(Handshake(with_key, "NONCE", "SALT").helo(), list({text("HELO"), options}));
  options = "\x83"s + text("nonce") + binary("NONCE") + text("auth") + binary("SALT") + text("keepalive") + "\xc3";
  EXPECT_EQ(Handshake(with_users, "NONCE", "SALT").helo(), list({text("HELO"), options}));
}

TEST(ForwardHandshake, LetsInWhoKnowsTheKey) {
  Handshake::Verdict verdict = Handshake(with_key, "NONCE", "SALT").judge(ping("top secret"));
  EXPECT_TRUE(verdict.is_welcome);
  EXPECT_EQ(verdict.hostname, "client");
  EXPECT_EQ(verdict.answer,
            list({text("PONG"), "\xc3"s, text(""), text("server.example"), text(sha512_hex({"saltserver.exampleNONCEtop secret"}))}));
}

TEST(ForwardHandshake, TurnsAwayWhoDoesNot) {
  Handshake handshake(with_key, "NONCE", "SALT");
  Handshake::Verdict verdict = handshake.judge(ping("guess"));
  EXPECT_FALSE(verdict.is_welcome);
  EXPECT_EQ(verdict.answer, list({text("PONG"), "\xc2"s, text("shared_key mismatch"), text(""), text("")}));
  EXPECT_FALSE(Handshake(with_key, "OTHER", "SALT").judge(ping("top secret")).is_welcome) << "an old answer does not fit a new nonce";
  for (const std::string& other : {""s, text("PING"), list({text("PING")}), forward_mode("t", {}), "\xc0"s,
                                   list({text("PONG"), text(""), text(""), text(""), text(""), text("")}),
                                   list({text("PING"), text(""), text(""), list({}), text(""), text("")})}) {
    EXPECT_FALSE(handshake.judge(other).is_welcome);
    EXPECT_EQ(handshake.judge(other).answer, "");
    EXPECT_NE(handshake.judge(other).reason.find("no PING"), std::string::npos);
  }
}

TEST(ForwardHandshake, UsersNeedTheirPasswordsAndBelongToCustomers) {
  Handshake handshake(with_users, "NONCE", "SALT");
  EXPECT_EQ(handshake.judge(ping("top secret", "alice", "wonder")).customer, "acme");
  EXPECT_TRUE(handshake.judge(ping("top secret", "bob", "builder")).is_welcome);
  EXPECT_EQ(handshake.judge(ping("top secret", "bob", "builder")).customer, "");
  EXPECT_EQ(handshake.judge(ping("top secret", "bob", "wonder")).reason, "username/password mismatch");
  EXPECT_EQ(handshake.judge(ping("top secret", "eve", "wonder")).reason, "username/password mismatch");
  EXPECT_FALSE(handshake.judge(ping("top secret")).is_welcome);
  EXPECT_EQ(handshake.judge(ping("guess", "alice", "wonder")).reason, "shared_key mismatch");
}

}  // namespace
}  // namespace vigia::receivers
