// Scenario: YAML as people and attackers write it. Guarantee: every value keeps its text, type and position; what YAML does not
// allow, or what is too large, is an error with a place and never a crash.

#include "config/yaml_reader.h"

#include <gtest/gtest.h>

#include "config/render.h"
#include "config/scalar_text.h"
#include "config/test_config_internal.h"

namespace vigia::config {
namespace {

Node read(std::string text) {
  Diagnostics diagnostics;
  std::optional<Node> node = read_text(std::move(text), diagnostics);
  EXPECT_TRUE(node.has_value()) << diagnostics.render_errors();
  return node.value_or(Node());
}

std::string error_of(std::string text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(read_text(std::move(text), diagnostics).has_value());
  return diagnostics.errors().empty() ? "" : one_line(diagnostics.errors()[0]);
}

TEST(YamlReader, KeepsPositionsOfKeysAndValues) {
  Node root = read("receivers:\n  otlp:\n    protocols: {grpc: , http: \"x\"}\nlist:\n- a\n-   b\n");
  const MapEntry* otlp = root.find("receivers")->value.find("otlp");
  EXPECT_EQ(otlp->key_position.to_string(), "c.yaml:2:3");
  const MapEntry* http = otlp->value.find("protocols")->value.find("http");
  EXPECT_EQ(http->key_position.to_string(), "c.yaml:3:25");
  EXPECT_EQ(http->value.position.to_string(), "c.yaml:3:31");
  EXPECT_TRUE(http->value.is_quoted);
  EXPECT_TRUE(otlp->value.find("protocols")->value.find("grpc")->value.is_null());
  EXPECT_EQ(root.find("list")->value.items[1].position.to_string(), "c.yaml:6:5");
}

TEST(YamlReader, TellsTypesOfScalars) {
  EXPECT_EQ(scalar_type_of("true"), ScalarType::boolean);
  for (const char* text : {"0", "-12", "+3", "0x1F", "0o17", "0b11", "1_000", "0755"})
    EXPECT_EQ(scalar_type_of(text), ScalarType::integer) << text;
  for (const char* text : {"1.5", "-.5", "1e3", ".inf", "-.Inf", ".nan", "089"})
    EXPECT_EQ(scalar_type_of(text), ScalarType::floating) << text;
  for (const char* text : {"yes", "on", "1.2.3", "12ms", "-", ".", "+", "0x", "e3", "localhost:4317", "2024-01-01"})
    EXPECT_EQ(scalar_type_of(text), ScalarType::string) << text;
  Node root = read("[007, \"7\", '7', !!str 7, ~, null, 'null']");
  EXPECT_EQ(root.items[0].text, "007");
  EXPECT_EQ(root.items[0].type, ScalarType::integer);
  for (size_t i = 1; i <= 3; i++) EXPECT_EQ(root.items[i].type, ScalarType::string) << i;
  EXPECT_TRUE(root.items[4].is_null() && root.items[5].is_null());
  EXPECT_EQ(root.items[6].text, "null");
}

TEST(YamlReader, ReadsWholeNumbersOfEveryForm) {
  EXPECT_EQ(parse_whole_number("0x1F")->magnitude, 31u);
  EXPECT_EQ(parse_whole_number("0755")->magnitude, 493u);
  EXPECT_EQ(parse_whole_number("1_000")->magnitude, 1000u);
  EXPECT_EQ(parse_whole_number("1e3")->magnitude, 1000u);
  EXPECT_EQ(parse_whole_number("18446744073709551615")->magnitude, UINT64_MAX);
  EXPECT_TRUE(parse_whole_number("-9223372036854775808")->is_negative);
  for (const char* text : {"", "1.5", "18446744073709551616", "-9223372036854775809", "abc", "1e30", ".nan", ".inf", "--1", "_1"}) {
    EXPECT_FALSE(parse_whole_number(text)) << text;
  }
}

TEST(YamlReader, ReadsSizes) {
  EXPECT_EQ(parse_size_bytes("1024"), 1024u);
  EXPECT_EQ(parse_size_bytes("1MiB"), 1048576u);
  EXPECT_EQ(parse_size_bytes("1.5 kb"), 1500u);
  EXPECT_EQ(parse_size_bytes("2G"), 2000000000u);
  for (const char* text : {"", "-1", "1xb", "kb", "1kk", "9e30", "nan"}) EXPECT_FALSE(parse_size_bytes(text)) << text;
}

TEST(YamlReader, FollowsAnchorsAliasesAndMergeKeys) {
  Node root = read(
      "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\none: {<<: *base, b: 9}\nmany: {<<: [*base, *other]}\ncopy: *base\n'<<': "
      "text\n");
  EXPECT_EQ(canonical_text(root.find("one")->value), canonical_text(read("{a: 1, b: 9}")));
  EXPECT_EQ(canonical_text(root.find("many")->value), canonical_text(read("{a: 1, b: 2, c: 4}")));
  EXPECT_EQ(canonical_text(root.find("copy")->value), canonical_text(read("{a: 1, b: 2}")));
  EXPECT_EQ(root.find("<<")->value.text, "text");
  EXPECT_EQ(error_of("a: {<<: 5}"), "c.yaml:1:9: the merge key << expects a map or a list of maps, found the number 5");
}

TEST(YamlReader, RefusesTheSameKeyTwiceAndTellsAllOfThem) {
  Diagnostics diagnostics;
  EXPECT_FALSE(read_text("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n", diagnostics));
  ASSERT_EQ(diagnostics.errors().size(), 2u);
  EXPECT_EQ(one_line(diagnostics.errors()[0]), "c.yaml:4:3: the key \"c\" stands twice in this map, first in line 3");
  EXPECT_EQ(one_line(diagnostics.errors()[1]), "c.yaml:5:1: the key \"a\" stands twice in this map, first in line 1");
}

TEST(YamlReader, ErrorsHaveAPlace) {
  EXPECT_TRUE(error_of("a: b: c").starts_with("c.yaml:1:5: not valid YAML: ")) << error_of("a: b: c");
  EXPECT_TRUE(error_of("a: [1, 2").starts_with("c.yaml:1:")) << error_of("a: [1, 2");
  EXPECT_TRUE(error_of("a:\n\tb: 1").starts_with("c.yaml:2:")) << error_of("a:\n\tb: 1");
  EXPECT_TRUE(error_of("a: *nothing").starts_with("c.yaml:1:4: not valid YAML: "));
  EXPECT_EQ(error_of("? [a]\n: b"), "c.yaml:1:3: a key must be a text, found a list");
  EXPECT_EQ(error_of("~: b"), "c.yaml:1:1: a key must be a text, found nothing");
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n"), "c.yaml:3:1: a second YAML document begins here; a configuration is one document");
  EXPECT_EQ(error_of("a: &x [1, *x]"), "c.yaml:1:11: an alias cannot stand inside the value it names");
  EXPECT_EQ(error_of(", *b]"), "c.yaml:1:1: not valid YAML: this cannot stand here");
  EXPECT_EQ(error_of("[a] ]"), "c.yaml:1:5: not valid YAML: illegal flow end");
  EXPECT_EQ(error_of("a: \xff"), "c.yaml: the text is not UTF-8");
  EXPECT_EQ(error_of(std::string("a: b\nc: \x04 d\n")),
            "c.yaml:2:4: a control character (4) cannot stand in YAML; escape it in double quotes");
}

TEST(YamlReader, RefusesABillionLaughs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; i++) {
    std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; j++) text += ", " + before;
    text += "]\n";
  }
  EXPECT_TRUE(error_of(text).ends_with("the document is too large once its aliases are expanded"));
  std::string long_text = "a: &a " + std::string(1 << 20, 'x') + "\nb:\n";
  for (int i = 0; i < 100; i++) long_text += "- *a\n";
  EXPECT_TRUE(error_of(long_text).ends_with("the document is too large once its aliases are expanded"));
}

TEST(YamlReader, RefusesDeepAndLargeTexts) {
  read(std::string(100, '[') + std::string(100, ']'));
  EXPECT_EQ(error_of(std::string(101, '[') + std::string(101, ']')), "c.yaml:1:101: the document is nested more than 100 levels deep");
  error_of(std::string(100'000, '['));
  error_of(std::string(100'000, '{'));
  EXPECT_EQ(error_of(std::string((16 << 20) + 1, ' ')), "c.yaml: the text is larger than 16 MiB");
}

TEST(YamlReader, AcceptsOddButValidTexts) {
  EXPECT_TRUE(read("").is_null());
  EXPECT_TRUE(read("\n# only a comment\n").is_null());
  EXPECT_TRUE(read("---\n").is_null());
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "a: 1")
                .entries.size(),
            1u);
  EXPECT_EQ(read("a: 1\r\nb: 2\r\n").find("a")->value.text, "1");
  EXPECT_EQ(read("a: 1\n---\n").entries.size(), 1u);
  EXPECT_EQ(read("a: |\n  x\n  y\nb: >-\n  x\n  y\n").find("a")->value.text, "x\ny\n");
  EXPECT_EQ(read("otlp/2: {}\n\"quoted key\": 1\n1: one\n").find("1")->value.text, "one");
  EXPECT_EQ(read("%YAML 1.2\n---\na: 1\n").entries.size(), 1u);
  EXPECT_EQ(read("&k key: v\nother: *k\n").find("other")->value.text, "key");
}

TEST(YamlReader, CanonicalTextIgnoresOrderAndPlaceOnly) {
  EXPECT_EQ(canonical_text(read("{a: 1, b: [x, y]}")), canonical_text(read("# c\nb:\n- x\n- y\na: 1\n")));
  EXPECT_NE(canonical_text(read("a: 1")), canonical_text(read("a: '1'")));
  EXPECT_NE(canonical_text(read("a: [x, y]")), canonical_text(read("a: [y, x]")));
  EXPECT_NE(canonical_text(read("a: ")), canonical_text(read("a: {}")));
}

}  // namespace
}  // namespace vigia::config
