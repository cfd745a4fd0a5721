// Scenario: configurations that take values from variables, files and each other. Guarantee: the Collector's current rules hold,
// 0.88's `$NAME` still works with a warning, and values that grow without end are refused.

#include "config/substitute.h"

#include <gtest/gtest.h>

#include "config/render.h"
#include "config/section.h"
#include "config/test_config_internal.h"

namespace vigia::config {
namespace {

// What `v` of a configuration becomes.
Node value_of(Loading& loading, const std::string& text) {
  loading.files.texts["c.yaml"] = "v: " + text + "\n";
  loading.diagnostics = {};
  Node root = loading.load();
  const MapEntry* entry = root.find("v");
  return entry == nullptr ? Node() : entry->value;
}

std::string text_of(Loading& loading, const std::string& text) {
  Node node = value_of(loading, text);
  const std::string* value = node.string_value();
  return value == nullptr ? "(none)" : *value;
}

TEST(Substitute, VariablesWithAndWithoutScheme) {
  Loading loading;
  loading.variables["X"] = "abc";
  EXPECT_EQ(text_of(loading, "${X}"), "abc");
  EXPECT_EQ(text_of(loading, "${env:X}"), "abc");
  EXPECT_EQ(text_of(loading, "\"${env:X}\""), "abc");
  EXPECT_EQ(text_of(loading, "<${X}-${env:X}>"), "<abc-abc>");
  EXPECT_FALSE(loading.diagnostics.has_errors());
}

TEST(Substitute, DefaultsOnlyWhenUnset) {
  Loading loading;
  loading.variables["EMPTY"] = "";
  EXPECT_EQ(text_of(loading, "${env:UNSET:-localhost:4317}"), "localhost:4317");
  EXPECT_TRUE(loading.diagnostics.warnings().empty());
  EXPECT_TRUE(value_of(loading, "${env:EMPTY:-5}").is_null());
  EXPECT_EQ(text_of(loading, "${env:EMPTY:-5}"), "");
  EXPECT_TRUE(value_of(loading, "${env:UNSET:-}").is_scalar());
  EXPECT_EQ(value_of(loading, "${env:UNSET:-5}").type, ScalarType::integer);
}

TEST(Substitute, UnsetIsEmptyWithOneWarning) {
  Loading loading;
  EXPECT_EQ(text_of(loading, "[\"a${UNSET}b\", \"${UNSET}\"]"), "(none)");
  ASSERT_EQ(loading.diagnostics.warnings().size(), 1u);
  EXPECT_EQ(loading.first_warning(),
            "c.yaml:1:5: v[0]: the environment variable UNSET is not set and is read as empty; ${env:UNSET:-…} gives it a default");
  EXPECT_EQ(text_of(loading, "a${UNSET}b"), "ab");
}

TEST(Substitute, WholeScalarsTakeYamlTypesAndKeepTheText) {
  Loading loading;
  loading.variables = {{"INT", "0123"}, {"BOOL", "true"}, {"LIST", "[a, b]"}, {"MAP", "{k: 1}"}, {"BAD", "[a"}, {"QUOTED", "\"0123\""}};
  EXPECT_EQ(value_of(loading, "${INT}").type, ScalarType::integer);
  EXPECT_EQ(text_of(loading, "${INT}"), "0123");
  EXPECT_EQ(value_of(loading, "${BOOL}").type, ScalarType::boolean);
  EXPECT_EQ(value_of(loading, "${LIST}").items.size(), 2u);
  EXPECT_EQ(text_of(loading, "${LIST}"), "[a, b]");
  EXPECT_EQ(value_of(loading, "${MAP}").find("k")->value.type, ScalarType::integer);
  EXPECT_EQ(text_of(loading, "${MAP}"), "{k: 1}");
  EXPECT_EQ(text_of(loading, "${BAD}"), "[a");
  // A text is taken as it came, as the Collector does.
  EXPECT_EQ(text_of(loading, "${QUOTED}"), "\"0123\"");
  EXPECT_EQ(value_of(loading, "x${INT}").type, ScalarType::string);
}

TEST(Substitute, FilesAndYaml) {
  Loading loading;
  loading.files.texts["/etc/token"] = "secret\n";
  loading.files.texts["/etc/part.yaml"] = "a: 1\nb: ${env:X}\n";
  loading.variables["X"] = "2";
  EXPECT_EQ(text_of(loading, "${file:/etc/token}"), "secret\n");
  EXPECT_EQ(text_of(loading, "${yaml:7}"), "7");
  Node part = value_of(loading, "${file:/etc/part.yaml}");
  ASSERT_NE(part.find("b"), nullptr);
  EXPECT_EQ(part.find("b")->value.text, "2");
  EXPECT_EQ(part.find("b")->key_position.to_string(), "/etc/part.yaml:2:1");
  EXPECT_EQ(text_of(loading, "${file:/etc/part.yaml}"), "a: 1\nb: 2\n");
  value_of(loading, "${file:/missing}");
  EXPECT_EQ(loading.first_error(), "c.yaml:1:4: v: cannot open /missing: No such file or directory");
}

TEST(Substitute, ValuesMayHoldExpressions) {
  Loading loading;
  loading.variables = {{"A", "${B}"}, {"B", "${env:C:-9}"}, {"WHICH", "B"}, {"L", "[\"${B}\", \"x${B}\"]"}};
  EXPECT_EQ(value_of(loading, "${A}").type, ScalarType::integer);
  EXPECT_EQ(text_of(loading, "${A}"), "9");
  EXPECT_EQ(text_of(loading, "<${A}>"), "<9>");
  EXPECT_EQ(text_of(loading, "${env:${WHICH}}"), "9");
  EXPECT_EQ(text_of(loading, "<${${WHICH}}>"), "<9>");
  EXPECT_EQ(text_of(loading, "${env:UNSET:-${B}}"), "9");
  EXPECT_EQ(value_of(loading, "${L}").items[1].text, "x9");
}

TEST(Substitute, TwoDollarsAreOne) {
  Loading loading;
  loading.variables = {{"X", "1"}, {"PASS", "pa$$word"}};
  EXPECT_EQ(text_of(loading, "$$"), "$");
  EXPECT_EQ(text_of(loading, "$${X}"), "${X}");
  EXPECT_EQ(text_of(loading, "$$${X}"), "$1");
  EXPECT_EQ(text_of(loading, "$$$${X}"), "$${X}");
  EXPECT_EQ(text_of(loading, "$${X} ${X}"), "${X} 1");
  EXPECT_EQ(text_of(loading, "a$$1-$$X"), "a$1-$X");
  EXPECT_EQ(text_of(loading, "${PASS}"), "pa$word");
  EXPECT_TRUE(loading.diagnostics.warnings().empty());
}

TEST(Substitute, OtherDollarsStay) {
  Loading loading;
  EXPECT_EQ(text_of(loading, "^a$"), "^a$");
  EXPECT_EQ(text_of(loading, "$1 and $-"), "$1 and $-");
  EXPECT_EQ(text_of(loading, "'${open'"), "${open");
  EXPECT_TRUE(loading.diagnostics.warnings().empty());
  EXPECT_FALSE(loading.diagnostics.has_errors());
}

TEST(Substitute, NakedNamesWorkWithOneWarning) {
  Loading loading;
  loading.variables = {{"PORT", "4317"}, {"LOOP", "$LOOP"}};
  EXPECT_EQ(text_of(loading, "[\"h:$PORT\", \"$PORT\"]"), "(none)");
  ASSERT_EQ(loading.diagnostics.warnings().size(), 1u);
  EXPECT_EQ(loading.first_warning(),
            "c.yaml:1:5: v[0]: $PORT without braces is deprecated: write ${env:PORT}, or $$PORT for a dollar sign");
  EXPECT_EQ(text_of(loading, "h:$PORT/"), "h:4317/");
  EXPECT_EQ(value_of(loading, "$PORT").type, ScalarType::integer);
  EXPECT_EQ(text_of(loading, "pa$word"), "pa$word");
  value_of(loading, "$LOOP");
  EXPECT_TRUE(loading.diagnostics.has_errors());
}

TEST(Substitute, WrongExpressionsHaveAPlaceAndAFix) {
  Loading loading;
  loading.variables["D"] = "a$1";
  struct Case {
    std::string text;
    std::string error;
  };
  std::vector<Case> cases = {
      {"${1X}", "${1X}: expected the name of an environment variable (letters, digits and _), found \"1X\""},
      {"x${}", "${}: expected the name of an environment variable (letters, digits and _), found \"\""},
      {"${HOME:-x}", "a default needs the word env: write ${env:HOME:-x}"},
      {"${vault:x}", "${vault:x}: expected env, file or yaml before the colon, found \"vault\""},
      {"${https://h/c}", "${https://h/c}: reading configuration over HTTP is not in this build; expected env, file or yaml"},
      {"${env:${D}}", "a dollar sign cannot stand inside ${…}: \"env:a$1\""},
  };
  for (const Case& one : cases) {
    EXPECT_TRUE(value_of(loading, one.text).is_null());
    EXPECT_EQ(loading.first_error(), "c.yaml:1:4: v: " + one.error);
  }
}

TEST(Substitute, EndlessValuesAreRefused) {
  Loading loading;
  loading.variables = {
      {"A", "${B}"}, {"B", "${A}"}, {"C", "x${C}${C}"}, {"L", "[\"${L}\"]"}, {"T", "${U}${U}${U}${U}${U}${U}${U}${U}${U}${U}"}};
  loading.variables["U"] = "${V}${V}${V}${V}${V}${V}${V}${V}${V}${V}";
  loading.variables["V"] = "${W}${W}${W}${W}${W}${W}${W}${W}${W}${W}";
  loading.variables["W"] = "w";
  for (const char* text : {"${A}", "x${C}", "${L}", "${T}", "${${${A}}}"}) {
    EXPECT_TRUE(value_of(loading, text).is_null()) << text;
    EXPECT_TRUE(loading.diagnostics.has_errors()) << text;
  }
  EXPECT_EQ(text_of(loading, "${V}"), "wwwwwwwwww");
  std::string nested = "x";
  for (int i = 0; i < 5000; i++) nested += "${";
  value_of(loading, nested + "A" + std::string(5000, '}'));
  EXPECT_TRUE(loading.diagnostics.has_errors());
}

TEST(Substitute, HugeValuesAreRefused) {
  Loading loading;
  // The first character is none of YAML's, which spares the test from parsing the rest.
  loading.files.texts["big"] = "\x01" + std::string(8 << 20, 'x');
  std::string many;
  for (int i = 0; i < 20; i++) many += "${file:big}";
  EXPECT_TRUE(value_of(loading, many).is_null());
  EXPECT_TRUE(loading.first_error().ends_with("the value is too long once ${…} is replaced"));
  std::string list;
  for (int i = 0; i < 20; i++) list += "- ${file:big}\n";
  loading.files.texts["c.yaml"] = "v:\n" + list;
  loading.diagnostics = {};
  loading.load();
  EXPECT_TRUE(loading.diagnostics.has_errors());
}

TEST(Substitute, AllErrorsOfAFileAreTold) {
  Loading loading("a: ${1}\nb:\n  - ${2}\n  - ${vault:x}\n");
  Node root = loading.load();
  EXPECT_EQ(loading.diagnostics.errors().size(), 3u);
  EXPECT_EQ(loading.diagnostics.errors()[1].path, "b[0]");
  EXPECT_EQ(root.entries.size(), 2u);
}

}  // namespace
}  // namespace vigia::config
