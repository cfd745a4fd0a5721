// Scenario: patterns as people write them for log files. Guarantee: they match what doublestar's patterns match; mistakes are told.

#include "receivers/filelog/glob.h"

#include <gtest/gtest.h>

namespace vigia::receivers {
namespace {

bool matches(const std::string& pattern, const std::string& path) {
  Result<Glob> glob = Glob::parse(pattern);
  EXPECT_TRUE(glob.is_ok()) << pattern;
  return glob.is_ok() && glob->matches(path);
}

TEST(GlobTest, Names) {
  EXPECT_TRUE(matches("/var/log/app.log", "/var/log/app.log"));
  EXPECT_TRUE(matches("/var/log/*.log", "/var/log/app.log"));
  EXPECT_TRUE(matches("/var/log/*.log", "/var/log/.log"));
  EXPECT_FALSE(matches("/var/log/*.log", "/var/log/a/app.log"));
  EXPECT_FALSE(matches("/var/log/*.log", "/var/log/app.log.1"));
  EXPECT_TRUE(matches("*.log", "app.log"));
  EXPECT_FALSE(matches("*.log", "/app.log"));
  EXPECT_TRUE(matches("a*b*c", "aXbbYc"));
  EXPECT_FALSE(matches("a*b*c", "aXbbYcd"));
  EXPECT_TRUE(matches("app-?.log", "app-1.log"));
  EXPECT_FALSE(matches("app-?.log", "app-12.log"));
  EXPECT_TRUE(matches("app-[0-9a].log", "app-a.log"));
  EXPECT_FALSE(matches("app-[!0-9].log", "app-1.log"));
  EXPECT_TRUE(matches("app-[^0-9].log", "app-x.log"));
  EXPECT_TRUE(matches("[]].log", "].log"));
  EXPECT_TRUE(matches("\\*.log", "*.log"));
  EXPECT_FALSE(matches("\\*.log", "a.log"));
}

TEST(GlobTest, DirectoriesOfAnyDepth) {
  EXPECT_TRUE(matches("/var/log/**/*.log", "/var/log/a.log"));
  EXPECT_TRUE(matches("/var/log/**/*.log", "/var/log/x/y/z/a.log"));
  EXPECT_FALSE(matches("/var/log/**/*.log", "/var/lo/a.log"));
  EXPECT_TRUE(matches("/var/**", "/var/log/x/a"));
  EXPECT_TRUE(matches("**/0.log", "/var/log/pods/x/0.log"));
  EXPECT_TRUE(matches("/a/**/b/**/c", "/a/x/b/y/z/c"));
  EXPECT_FALSE(matches("/a/**/b/**/c", "/a/x/y/z/c"));
  // Within a name two stars are one.
  EXPECT_TRUE(matches("/a/b**c", "/a/bxc"));
  EXPECT_FALSE(matches("/a/b**c", "/a/bx/c"));
}

TEST(GlobTest, Choices) {
  EXPECT_TRUE(matches("/{a,b}/*.{log,txt}", "/b/x.txt"));
  EXPECT_FALSE(matches("/{a,b}/*.{log,txt}", "/c/x.txt"));
  EXPECT_TRUE(matches("x{,.1}.log", "x.log"));
  EXPECT_TRUE(matches("x{a{1,2},b}", "xa2"));
  EXPECT_TRUE(matches("/{a/b,c}/d", "/a/b/d"));
}

TEST(GlobTest, Mistakes) {
  for (const char* pattern : {"", "/a/[b", "/a/{b", "a\\"}) EXPECT_FALSE(Glob::parse(pattern).is_ok()) << pattern;
  std::string many;
  for (int i = 0; i < 20; i++) many += "{a,b}";
  EXPECT_FALSE(Glob::parse(many).is_ok());
}

TEST(GlobTest, TimeIsBounded) {
  std::string pattern;
  for (int i = 0; i < 50; i++) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", std::string(5'000, 'a')));
}

}  // namespace
}  // namespace vigia::receivers
