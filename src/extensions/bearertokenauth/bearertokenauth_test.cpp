// Scenario: receivers demand a token that clients send, the token's file changes, and people write the section in its several forms.
// Guarantee: exactly the configured tokens pass, a changed file is followed, a broken one leaves the old tokens in force.

#include "extensions/bearertokenauth/bearertokenauth.h"

#include <gtest/gtest.h>

#include "extensions/bearertokenauth/factory.h"
#include "extensions/test_environment.h"

namespace vigia::extensions {
namespace {

// A file in memory whose content and time the test sets.
class OneFile final : public FileSystem {
 public:
  Result<std::string> read_file(const std::string& path) override {
    if (content) return *content;
    return not_found("cannot open " + path);
  }
  Result<std::unique_ptr<AppendFile>> open_append(const std::string&, bool) override { return unimplemented("not here"); }
  Status write_file_atomically(const std::string&, std::string_view) override { return unimplemented("not here"); }
  Status rename(const std::string&, const std::string&) override { return unimplemented("not here"); }
  Status remove(const std::string&) override { return unimplemented("not here"); }
  Status create_directories(const std::string&) override { return unimplemented("not here"); }
  Result<std::vector<std::string>> list(const std::string&) override { return unimplemented("not here"); }
  bool exists(const std::string&) override { return content.has_value(); }
  Result<int64_t> modified_ns(const std::string& path) override {
    if (content) return modified;
    return not_found("cannot stat " + path);
  }

  std::optional<std::string> content;
  int64_t modified = 1;
};

class BearerToken : public testing::Test {
 protected:
  std::unique_ptr<BearerTokenExtension> make(BearerTokenConfig config) {
    pipeline::Context base = environment_.context("bearertokenauth");
    pipeline::Context context{base.id,         base.log,      base.metrics,        clock_,           files_,      base.ledger, base.loops,
                              base.background, base.resolver, base.find_extension, base.report_port, base.version};
    return std::make_unique<BearerTokenExtension>(context, std::move(config));
  }
  static Status try_header(const BearerTokenExtension& extension, const std::string& name, const std::string& value) {
    auto result =
        extension.authenticate([&](std::string_view wanted) { return wanted == name ? std::string_view(value) : std::string_view(); });
    return result.is_ok() ? Status() : result.status();
  }

  TestEnvironment environment_;
  ManualClock clock_;
  OneFile files_;
};

TEST_F(BearerToken, only_the_configured_token_passes) {
  BearerTokenConfig config;
  config.tokens = {"secret-1", "secret-2"};
  auto extension = make(config);
  ASSERT_TRUE(extension->start().is_ok());
  EXPECT_TRUE(try_header(*extension, "authorization", "Bearer secret-1").is_ok());
  EXPECT_TRUE(try_header(*extension, "authorization", "Bearer secret-2").is_ok());
  for (const char* wrong :
       {"", "secret-1", "Bearer", "Bearer ", "Bearer secret-", "Bearer secret-11", "Basic secret-1", "Bearer  secret-1"}) {
    Status status = try_header(*extension, "authorization", wrong);
    EXPECT_EQ(status.code(), StatusCode::unauthenticated) << wrong;
  }
  EXPECT_FALSE(try_header(*extension, "x-token", "Bearer secret-1").is_ok());
  EXPECT_EQ(extension->credentials(), (std::pair<std::string, std::string>("authorization", "Bearer secret-1")));
}

TEST_F(BearerToken, own_header_and_no_scheme) {
  BearerTokenConfig config;
  config.header = "X-Api-Key";
  config.scheme = "";
  config.tokens = {"k"};
  auto extension = make(config);
  ASSERT_TRUE(extension->start().is_ok());
  EXPECT_TRUE(try_header(*extension, "x-api-key", "k").is_ok());
  EXPECT_EQ(extension->credentials(), (std::pair<std::string, std::string>("x-api-key", "k")));
}

TEST_F(BearerToken, follows_its_file) {
  BearerTokenConfig config;
  config.filename = "/run/token";
  auto extension = make(config);
  Status missing = extension->start();
  ASSERT_FALSE(missing.is_ok());
  EXPECT_NE(missing.message().find("/run/token"), std::string::npos);

  files_.content = "one\n\n two \n";
  ASSERT_TRUE(extension->start().is_ok());
  EXPECT_TRUE(try_header(*extension, "authorization", "Bearer two").is_ok());

  files_.content = "three";
  files_.modified = 2;
  EXPECT_TRUE(try_header(*extension, "authorization", "Bearer one").is_ok()) << "looked at again too early";
  clock_.advance_ms(BearerTokenExtension::file_check_interval_ms);
  EXPECT_FALSE(try_header(*extension, "authorization", "Bearer one").is_ok());
  EXPECT_TRUE(try_header(*extension, "authorization", "Bearer three").is_ok());
  EXPECT_EQ(extension->credentials().second, "Bearer three");

  files_.content = "\n";
  files_.modified = 3;
  clock_.advance_ms(BearerTokenExtension::file_check_interval_ms);
  EXPECT_TRUE(try_header(*extension, "authorization", "Bearer three").is_ok()) << "an empty file locks nobody out";
  files_.content.reset();
  clock_.advance_ms(BearerTokenExtension::file_check_interval_ms);
  EXPECT_TRUE(try_header(*extension, "authorization", "Bearer three").is_ok());
  files_.content = "four";
  clock_.advance_ms(BearerTokenExtension::file_check_interval_ms);
  EXPECT_TRUE(try_header(*extension, "authorization", "Bearer four").is_ok())
      << "a repaired file is read though its time is the failed one's";
}

TEST_F(BearerToken, forms_of_the_section) {
  pipeline::ExtensionFactory factory = bearertokenauth_extension();
  EXPECT_EQ(factory.aliases, std::vector<std::string>{"bearertoken"});
  std::string errors;
  EXPECT_NE(environment_.create(factory, "token: t", errors), nullptr) << errors;
  EXPECT_NE(environment_.create(factory, "tokens: [a, b]\nscheme: Token\nheader: X-A", errors), nullptr) << errors;
  EXPECT_EQ(environment_.create(factory, "", errors), nullptr);
  EXPECT_NE(errors.find("no token is given"), std::string::npos) << errors;
  errors.clear();
  EXPECT_EQ(environment_.create(factory, "token: seven-secrets\ntokens: [other-secret]", errors), nullptr);
  EXPECT_NE(errors.find("cannot both be given"), std::string::npos) << errors;
  EXPECT_EQ(errors.find("seven-secrets"), std::string::npos) << errors;
}

}  // namespace
}  // namespace vigia::extensions
