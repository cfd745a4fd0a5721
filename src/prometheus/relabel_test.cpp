// Relabelling rules do what Prometheus' do, and mistakes in them are found where they stand.

#include "prometheus/relabel.h"

#include <gtest/gtest.h>

#include "config/yaml_reader.h"

namespace vigia::prometheus {

namespace {

struct Rules {
  RelabelRules rules;
  std::string errors;
};

Rules decode(const std::string& yaml) {
  Rules decoded;
  config::Diagnostics diagnostics;
  auto node = config::read_yaml(std::make_shared<config::Source>(config::Source{"test.yaml", "rules:\n" + yaml}), diagnostics);
  if (node) {
    config::Section section(*node, "", diagnostics);
    decode_relabel_rules(section, "rules", decoded.rules);
  }
  decoded.errors = diagnostics.render_errors();
  return decoded;
}

// The labels after the rules, sorted; "dropped" when there are none.
std::string after(const std::string& yaml, LabelList labels) {
  Rules decoded = decode(yaml);
  EXPECT_EQ(decoded.errors, "") << yaml;
  if (!apply_rules(decoded.rules, labels)) return "dropped";
  labels.sort();
  return labels.to_string();
}

const LabelList sample = {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};

TEST(Relabel, EveryAction) {
  struct Case {
    std::string yaml;
    std::string expected;
  };
  const Case cases[] = {
      {"- {source_labels: [a], regex: f(.*), target_label: d, replacement: 'ch${1}-ch${1}'}",
       R"({a="foo", b="bar", c="baz", d="choo-choo"})"},
      {"- {source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b$1$2m'}", R"({a="boo", b="bar", c="baz"})"},
      {"- {source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b${1}${2}m'}", R"({a="boobam", b="bar", c="baz"})"},
      {"- {source_labels: [a], target_label: d}", R"({a="foo", b="bar", c="baz", d="foo"})"},
      {"- {target_label: d, replacement: fixed}", R"({a="foo", b="bar", c="baz", d="fixed"})"},
      {"- {source_labels: [a], regex: oo, target_label: d}", R"({a="foo", b="bar", c="baz"})"},
      {"- {source_labels: [a], regex: foo, target_label: b, replacement: ''}", R"({a="foo", c="baz"})"},
      {"- {source_labels: [a], regex: '(?P<first>.).*', target_label: d, replacement: '${first}$$${none}$'}",
       R"({a="foo", b="bar", c="baz", d="f$$"})"},
      {"- {source_labels: [a], regex: '(.).*', target_label: 'x_${1}', replacement: y}", R"({a="foo", b="bar", c="baz", x_f="y"})"},
      {"- {source_labels: [a], regex: '(.).*', target_label: '${2}', replacement: y}", R"({a="foo", b="bar", c="baz"})"},
      {"- {source_labels: [a, none, b], separator: '|', target_label: d}", R"({a="foo", b="bar", c="baz", d="foo||bar"})"},
      {"- {source_labels: [a], regex: foo, action: keep}", R"({a="foo", b="bar", c="baz"})"},
      {"- {source_labels: [a], regex: fo, action: keep}", "dropped"},
      {"- {source_labels: [a], regex: fo.*, action: drop}", "dropped"},
      {"- {source_labels: [a], regex: fo, action: drop}", R"({a="foo", b="bar", c="baz"})"},
      {"- {source_labels: [none], regex: '', action: drop}", "dropped"},
      {"- {source_labels: [a], target_label: b, action: keepequal}", "dropped"},
      {"- {source_labels: [a], target_label: a, action: keepequal}", R"({a="foo", b="bar", c="baz"})"},
      {"- {source_labels: [a], target_label: a, action: dropequal}", "dropped"},
      {"- {source_labels: [a], target_label: b, action: dropequal}", R"({a="foo", b="bar", c="baz"})"},
      // The numbers are Prometheus' own for these labels.
      {"- {source_labels: [c], modulus: 1000, target_label: d, action: hashmod}", R"({a="foo", b="bar", c="baz", d="976"})"},
      {"- {regex: '(b.*|c)', replacement: 'meta_$1', action: labelmap}", R"({a="foo", b="bar", c="baz", meta_b="bar", meta_c="baz"})"},
      {"- {regex: '(.)', replacement: 'x${1}y', action: labelmap}", R"({a="foo", b="bar", c="baz", xay="foo", xby="bar", xcy="baz"})"},
      {"- {regex: '[ab]', action: labeldrop}", R"({c="baz"})"},
      {"- {regex: '[ab]', action: labelkeep}", R"({a="foo", b="bar"})"},
      {"- {source_labels: [a], target_label: d, action: Uppercase}", R"({a="foo", b="bar", c="baz", d="FOO"})"},
      {"- {target_label: a, replacement: FOO}\n- {source_labels: [a], target_label: d, action: lowercase}",
       R"({a="FOO", b="bar", c="baz", d="foo"})"},
      {"- {source_labels: [a], regex: foo, action: drop}\n- {target_label: d, replacement: x}", "dropped"},
  };
  for (const Case& one : cases) EXPECT_EQ(after(one.yaml, sample), one.expected) << one.yaml;
}

TEST(Relabel, APatternMatchesTheWholeTextAcrossLines) {
  EXPECT_EQ(after("- {source_labels: [a], regex: 'x.*y', target_label: b, replacement: z}", {{"a", "x\ny"}}), "{a=\"x\ny\", b=\"z\"}");
  EXPECT_EQ(after("- {source_labels: [a], regex: 'x|y', target_label: b, replacement: z}", {{"a", "xx"}}), "{a=\"xx\"}");
}

TEST(Relabel, MistakesAreFoundWhereTheyStand) {
  struct Case {
    std::string yaml;
    std::string_view error;
  };
  const Case cases[] = {
      {"- {action: nonsense}", "expected one of"},
      {"- {source_labels: [a]}", "needs a target_label"},
      {"- {source_labels: [a], target_label: b, action: hashmod}", "needs a modulus"},
      {"- {source_labels: [a], target_label: b, regex: '('}", "cannot use pattern"},
      {"- {source_labels: [a], regex: b, action: labeldrop}", "take only a regex"},
      {"- {source_labels: [a], target_label: b, replacement: x, action: lowercase}", "takes no replacement"},
      {"- {source_labels: [a], target_label: b, regex: x, action: keepequal}", "take only source_labels and target_label"},
      {"- {source_label: [a], target_label: b}", "did you mean \"source_labels\"?"},
  };
  for (const Case& one : cases)
    EXPECT_NE(decode(one.yaml).errors.find(one.error), std::string::npos) << one.yaml << "\n" << decode(one.yaml).errors;
}

}  // namespace

}  // namespace vigia::prometheus
