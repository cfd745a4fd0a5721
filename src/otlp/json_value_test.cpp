// Scenario: requests to the API carry JSON of any shape, some of it hostile.
// Guarantee: what is JSON is read as it is, and everything else is refused with a reason, whatever its depth.

#include "otlp/json_value.h"

#include <gtest/gtest.h>

namespace vigia::otlp {
namespace {

using Kind = JsonValue::Kind;

TEST(JsonValueTest, all_kinds_are_read) {
  Result<JsonValue> read = parse_json(R"({"text":"a\u00e9\n","whole":-3,"large":18446744073709551615,"real":2.5,"yes":true,"none":null,
                                          "list":[1,"x",{}],"again":1,"again":2})");
  ASSERT_TRUE(read.is_ok()) << read.status().to_string();
  EXPECT_EQ(read->find("text")->string, "aé\n");
  EXPECT_EQ(read->find("whole")->integer, -3);
  EXPECT_TRUE(read->find("large")->is(Kind::real));
  EXPECT_EQ(read->find("large")->real, 18446744073709551615.0);
  EXPECT_EQ(read->find("real")->real, 2.5);
  EXPECT_TRUE(read->find("yes")->boolean);
  EXPECT_EQ(read->find("none"), nullptr);
  EXPECT_EQ(read->find("absent"), nullptr);
  ASSERT_EQ(read->find("list")->items.size(), 3u);
  EXPECT_TRUE(read->find("list")->items[2].is(Kind::object));
  EXPECT_EQ(read->find("again")->integer, 2);
}

TEST(JsonValueTest, what_is_no_json_is_refused_with_a_reason) {
  for (std::string_view bad : {"", " ", "{", "{]", "nul", "{\"a\":1}x", "\"\xff\"", "{a:1}", "[1,]", "01", "\"\\ud800\"", "1e999999"}) {
    Result<JsonValue> read = parse_json(bad);
    ASSERT_FALSE(read.is_ok()) << bad;
    EXPECT_EQ(read.status().code(), StatusCode::invalid_argument);
    EXPECT_NE(read.status().message().find("malformed JSON: "), std::string::npos);
  }
}

TEST(JsonValueTest, depth_is_bounded) {
  auto nested = [](size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_TRUE(parse_json(nested(10)).is_ok());
  EXPECT_FALSE(parse_json(nested(20)).is_ok());
  EXPECT_FALSE(parse_json(nested(100'000)).is_ok());
}

}  // namespace
}  // namespace vigia::otlp
