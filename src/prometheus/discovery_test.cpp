// Lists of targets in JSON and YAML, good ones and hostile ones.

#include "prometheus/discovery.h"

#include <gtest/gtest.h>

namespace vigia::prometheus {

namespace {

TEST(TargetGroups, JsonAndYamlAreTheSame) {
  std::string json = R"([{"targets": ["a:1", "[::1]:2"], "labels": {"env": "prod", "n": "5", "path": "a\/b \u00e9"}}, {"targets": []}])";
  std::string yaml = "- targets: ['a:1', '[::1]:2']\n  labels: {env: prod, n: 5, path: 'a/b é'}\n- targets: []\n";
  for (const std::string& text : {json, yaml}) {
    auto groups = parse_target_groups(text, "list");
    ASSERT_TRUE(groups.is_ok()) << groups.status().to_string();
    ASSERT_EQ(groups->size(), 2U);
    EXPECT_EQ((*groups)[0].targets, (std::vector<std::string>{"a:1", "[::1]:2"}));
    EXPECT_EQ((*groups)[0].labels.to_string(), R"({env="prod", n="5", path="a/b é"})");
    EXPECT_TRUE((*groups)[1].targets.empty());
  }
  EXPECT_EQ(parse_target_groups("[]", "list")->size(), 0U);
  EXPECT_EQ(parse_target_groups("", "list")->size(), 0U);
}

TEST(TargetGroups, WhatIsNoListIsRefusedWithItsPlace) {
  struct Case {
    std::string text;
    std::string_view error;
  };
  const Case cases[] = {{"{\"targets\": []}", "expected a list of target groups"},
                        {"[{\"target\": [\"a:1\"]}]", "list:1:3"},
                        {"[null]", "expected a target group, found nothing"},
                        {"[{\"targets\": [{\"x\": 1}]}]", "list:1"},
                        {"[{\"targets\": [\"a:1\"]", "list:1"},
                        {"<html>", "expected a list of target groups"}};
  for (const Case& one : cases) {
    auto groups = parse_target_groups(one.text, "list");
    ASSERT_FALSE(groups.is_ok()) << one.text;
    EXPECT_NE(groups.status().message().find(one.error), std::string::npos) << one.text << ": " << groups.status().message();
  }
}

}  // namespace

}  // namespace vigia::prometheus
