// Guarantee: groups have names in both spellings that Go's patterns have, and nothing else of a pattern is taken for one.

#include "base/regex.h"

#include <gtest/gtest.h>

namespace vigia {
namespace {

std::vector<std::string> names_in(std::string_view pattern) {
  Result<Regex> regex = Regex::compile(pattern);
  EXPECT_TRUE(regex.is_ok()) << pattern << ": " << regex.status().message();
  return regex.is_ok() ? regex->group_names() : std::vector<std::string>{"not compiled"};
}

TEST(Regex, GroupsAreNamedInEitherSpelling) {
  EXPECT_EQ(names_in("(?P<a>x)(?<b>y)(z)"), (std::vector<std::string>{"a", "b", ""}));
  std::vector<std::string_view> groups;
  ASSERT_TRUE(Regex::compile(R"(^(?<day>\d+)-(?<name>\w+))").value().find_groups("12-abc!", groups));
  EXPECT_EQ(groups, (std::vector<std::string_view>{"12", "abc"}));
}

TEST(Regex, WhatOnlyLooksLikeANamedGroupIsNone) {
  EXPECT_EQ(names_in(R"(\(?<a>)"), std::vector<std::string>{});
  EXPECT_EQ(names_in("[(?<a>]+(?<b>y)"), std::vector<std::string>{"b"});
  EXPECT_EQ(names_in("[](?<a>](?<b>y)"), std::vector<std::string>{"b"});
  EXPECT_EQ(names_in("[^](?<a>](?<b>y)"), std::vector<std::string>{"b"});
  EXPECT_TRUE(Regex::compile("[(?<a>]").value().is_found_in("<"));
  for (const char* looking_behind : {"(?<=a)b", "(?<!a)b"}) EXPECT_FALSE(Regex::compile(looking_behind).is_ok());
}

}  // namespace
}  // namespace vigia
