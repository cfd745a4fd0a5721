// Scenario: receivers demand user and password against an Apache password file; exporters send theirs.
// Guarantee: the right password passes whatever its hash, nothing else does, and guessing costs the guesser more than us.

#include "extensions/basicauth/basicauth.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "extensions/basicauth/factory.h"
#include "extensions/test_environment.h"

namespace vigia::extensions {
namespace {

// "secret" in every notation, made by openssl passwd, crypt(3) and sha1sum.
constexpr const char* hashes_of_secret[] = {
    "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/",
    "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    "$5$salt$kpa26zwgX83BPSR8d7w93OIXbFt/d3UOTZaAu5vsTM6",
    "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    "secret",
};

TEST(PasswordFile, every_kind_of_hash) {
  for (const char* hash : hashes_of_secret) {
    EXPECT_TRUE(is_password(hash, "secret")) << hash;
    EXPECT_FALSE(is_password(hash, "Secret")) << hash;
    EXPECT_FALSE(is_password(hash, "")) << hash;
    EXPECT_FALSE(is_password(hash, std::string_view("secret\0x", 8))) << hash;
    EXPECT_FALSE(is_password(hash, std::string(5000, 's'))) << hash;
  }
  std::string y_variant = hashes_of_secret[1];
  y_variant[2] = 'y';
  EXPECT_TRUE(is_password(y_variant, "secret"));
  EXPECT_FALSE(is_password("$9$unknown$hash", "secret"));
  EXPECT_FALSE(is_password("{SSHA}short", "secret"));
  EXPECT_FALSE(is_password("$apr1$", "secret"));
}

TEST(PasswordFile, lines) {
  auto file = PasswordFile::parse("# people\nalice:one\r\n\nbob:two\nalice:three:x\n");
  ASSERT_TRUE(file.is_ok());
  EXPECT_EQ(file->user_count(), 2u);
  EXPECT_EQ(*file->hash_of("alice"), "three:x");
  EXPECT_EQ(file->hash_of("carol"), nullptr);
  for (const char* broken : {"alice", ":xyzzy", "alice:"}) {
    auto result = PasswordFile::parse(std::string("bob:two\n") + broken);
    ASSERT_FALSE(result.is_ok()) << broken;
    EXPECT_NE(result.status().message().find("line 2: expected user:hash"), std::string::npos);
    EXPECT_EQ(result.status().message().find(broken), std::string::npos) << "a password may stand there";
  }
}

class BasicAuth : public testing::Test {
 protected:
  std::unique_ptr<BasicAuthExtension> make(const std::string& passwords) {
    BasicAuthConfig config;
    config.htpasswd.emplace().text = passwords;
    pipeline::Context base = environment_.context("basicauth");
    pipeline::Context context{base.id,         base.log,      base.metrics,        clock_,           base.files,  base.ledger, base.loops,
                              base.background, base.resolver, base.find_extension, base.report_port, base.version};
    auto extension = std::make_unique<BasicAuthExtension>(context, config);
    EXPECT_TRUE(extension->start().is_ok());
    return extension;
  }
  static Status try_value(const BasicAuthExtension& extension, const std::string& value) {
    auto result = extension.authenticate([&](std::string_view) { return std::string_view(value); });
    return result.is_ok() ? Status() : result.status();
  }
  static Status try_password(const BasicAuthExtension& extension, const std::string& user, const std::string& password) {
    return try_value(extension, "Basic " + to_base64(user + ":" + password));
  }

  TestEnvironment environment_;
  ManualClock clock_;
};

TEST_F(BasicAuth, the_right_password_passes_and_nothing_else) {
  auto extension = make(std::string("alice:") + hashes_of_secret[1] + "\nbob:with:colon");
  EXPECT_TRUE(try_password(*extension, "alice", "secret").is_ok());
  EXPECT_TRUE(try_password(*extension, "alice", "secret").is_ok());
  EXPECT_TRUE(try_password(*extension, "bob", "with:colon").is_ok());
  EXPECT_TRUE(try_value(*extension, "basic " + to_base64("bob:with:colon")).is_ok());
  EXPECT_EQ(try_password(*extension, "alice", "wrong").code(), StatusCode::unauthenticated);
  EXPECT_EQ(try_password(*extension, "carol", "secret").code(), StatusCode::unauthenticated);
  EXPECT_EQ(try_password(*extension, "", "").code(), StatusCode::unauthenticated);
  for (const char* broken : {"", "Basic", "Basic ", "Bearer abc", "Basic !!!", "Basic YWxpY2U="})
    EXPECT_EQ(try_value(*extension, broken).code(), StatusCode::unauthenticated) << broken;
}

TEST_F(BasicAuth, slow_guesses_are_bounded_and_do_not_lock_out_who_is_known) {
  auto extension = make(std::string("alice:") + hashes_of_secret[1]);
  ASSERT_TRUE(try_password(*extension, "alice", "secret").is_ok());
  int refused = 0, postponed = 0;
  for (int guess = 0; guess < 50; guess++) {
    Status status = try_password(*extension, "alice", "guess" + std::to_string(guess));
    refused += status.code() == StatusCode::unauthenticated;
    postponed += status.is_retryable();
  }
  EXPECT_EQ(refused, BasicAuthExtension::max_slow_checks_per_s - 1);
  EXPECT_EQ(postponed, 50 - refused);
  EXPECT_TRUE(try_password(*extension, "alice", "secret").is_ok());
  clock_.advance_ms(1000);
  EXPECT_EQ(try_password(*extension, "alice", "guess").code(), StatusCode::unauthenticated);
}

TEST_F(BasicAuth, sends_credentials) {
  std::string errors;
  auto extension = environment_.create(basicauth_extension(), "client_auth: {username: alice, password: secret}", errors);
  ASSERT_NE(extension, nullptr) << errors;
  ASSERT_TRUE(extension->start().is_ok());
  auto [name, value] = dynamic_cast<pipeline::ClientAuthenticator&>(*extension).credentials();
  EXPECT_EQ(name, "authorization");
  EXPECT_EQ(value, "Basic " + to_base64("alice:secret"));
}

TEST_F(BasicAuth, forms_of_the_section) {
  std::string errors;
  EXPECT_EQ(environment_.create(basicauth_extension(), "", errors), nullptr);
  EXPECT_NE(errors.find("no credential source"), std::string::npos) << errors;
  errors.clear();
  EXPECT_EQ(environment_.create(basicauth_extension(), "htpasswd: {inline: \"a:b\"}\nclient_auth: {username: u}", errors), nullptr);
  EXPECT_NE(errors.find("cannot both be given"), std::string::npos) << errors;
  errors.clear();
  auto extension = environment_.create(basicauth_extension(), "htpasswd: {file: /nowhere/.htpasswd}", errors);
  ASSERT_NE(extension, nullptr) << errors;
  Status started = extension->start();
  ASSERT_FALSE(started.is_ok());
  EXPECT_NE(started.message().find("/nowhere/.htpasswd"), std::string::npos);
}

}  // namespace
}  // namespace vigia::extensions
