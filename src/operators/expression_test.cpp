// Expressions on one entry, with what they give. The results are those of expr-lang, where README.md does not say otherwise.

#include "operators/expression.h"

#include "operators/test_chain.h"

#include "operators/json_tree.h"
#include "operators/time_zone.h"

namespace vigia::operators {
namespace {

class Expressions : public testing::Test {
 protected:
  Expressions() {
    origin_.set_attribute("log.file.name", "a.log");
    origin_.set_attribute("level", "error");
    origin_.set_attribute("code", 503);
    entry_.origin = &origin_;
    JsonReader reader;
    EXPECT_EQ(reader.read(R"({"msg":"Hello, world","n":5,"f":1.5,"t":true,"list":[3,1,2],"words":["b","a"],"map":{"x":{"y":"deep"}},
                              "people":[{"name":"ann","age":30},{"name":"bob","age":20}],"nothing":null})",
                          {}, arena_, entry_.body),
              "");
  }
  Tools tools() { return {arena_, clock_, random_, zones_, environment_, groups_}; }

  // The result as JSON, or "error: …" when it cannot be compiled, or "problem: …" when not evaluated.
  std::string of(std::string_view text) {
    Result<Expression> expression = Expression::compile(text);
    if (!expression) return "error: " + expression.status().message();
    Problem problem;
    Tools with = tools();
    std::optional<Value> value = expression->evaluate(entry_, with, problem);
    if (!value) return "problem: " + std::string(problem.what) + (problem.detail.empty() ? "" : " " + std::string(problem.detail));
    std::string result;
    append_json(result, *value);
    return result;
  }

  Arena arena_;
  ManualClock clock_;
  Random random_{1};
  ZoneSet zones_;
  std::function<std::optional<std::string>(const std::string&)> environment_ = [](const std::string& name) {
    return name == "NODE" ? std::optional<std::string>("n1") : std::nullopt;
  };
  std::vector<std::string_view> groups_;
  Origin origin_{"a"};
  Entry entry_;
};

struct ExpressionCase {
  std::string_view text;
  std::string_view result;
};

constexpr ExpressionCase language_cases[] = {
    // Literals
    {"1", "1"},
    {"0x1F + 0b11 + 0o17 + 1_000", "1049"},
    {"1.5e3", "1500"},
    {".5", "0.5"},
    {R"("a\n\x41\u00e9\u{1f600}'")", R"("a\nAé😀'")"},
    {R"('it"s')", R"("it\"s")"},
    {R"(`a\d`)", R"("a\\d")"},
    {"nil", "null"},
    {"[1, 'a', nil,]", R"([1,"a",null])"},
    {"{a: 1, 'b c': 2, (\"d\"): 3}", R"({"a":1,"b c":2,"d":3})"},
    {"1 // a comment", "1"},
    {"/* a comment */ 1", "1"},
    // Places
    {"body.msg", R"("Hello, world")"},
    {"$.msg", R"("Hello, world")"},
    {"body[\"map\"].x.y", R"("deep")"},
    {"attributes[\"log.file.name\"]", R"("a.log")"},
    {"attributes.missing", "null"},
    {"resource.missing", "null"},
    {"body.missing.x", "problem: cannot take a part of nil"},
    {"body.missing?.x.y", "null"},
    {"body?.map?.x?.y", R"("deep")"},
    {"body.map?.[\"x\"].y", R"("deep")"},
    {"(body.missing?.x).y", "problem: cannot take a part of nil"},
    {"body.list[0]", "3"},
    {"body.list[-1]", "2"},
    {"body.list[3]", "problem: an index lies beyond the end"},
    {"body.list[1:]", "[1,2]"},
    {"body.list[:-1]", "[3,1]"},
    {"body.msg[0:5]", R"("Hello")"},
    {"body.msg[7:99]", R"("world")"},
    {"timestamp", "null"},
    // Arithmetic
    {"1 + 2 * 3", "7"},
    {"(1 + 2) * 3", "9"},
    {"7 / 2", "3.5"},
    {"7 % 3", "1"},
    {"2 ** 3 ** 2", "512"},
    {"2 ^ 10", "1024"},
    {"-body.n + 1", "-4"},
    {"- 2 ** 2", "-4"},
    {"body.n + 1", "6"},
    {"\"a\" + body.words[0]", R"("ab")"},
    {"7 % 0", "problem: division by 0"},
    {"body.msg + 1", "problem: arithmetic does not go with a text"},
    // Comparisons and logic
    {"body.n == 5", "true"},
    {"body.n == \"5\"", "false"},
    {"attributes.code >= 500 and attributes.code < 600", "true"},
    {"500 <= attributes.code < 600", "true"},
    {"1 < 2 < 3 < 3", "false"},
    {"\"a\" < \"b\"", "true"},
    {"body.n < \"x\"", "problem: < and > do not go with a text"},
    {"attributes.level == \"error\" && !(body.t == false)", "true"},
    {"not body.t", "false"},
    {"not (1 == 2) and true", "true"},
    {"true or body.missing.x", "true"},
    {"false and body.missing.x", "false"},
    {"nil or true", "problem: and, or need true or false, not nil"},
    {"[1, 2] == [1, 2.0]", "true"},
    {"{a: 1} == {a: 2}", "false"},
    {"body.nothing == nil", "true"},
    {"body.nothing ?? \"x\"", R"("x")"},
    {"body.n ?? 1", "5"},
    {"body.t ? 1 : 2", "1"},
    {"false ? 1 : true ? 2 : 3", "2"},
    {"if body.n > 3 { \"many\" } else if body.n > 1 { \"some\" } else { \"few\" }", R"("many")"},
    {"let x = body.n; let y = x * 2; x + y", "15"},
    {"5 in body.list", "false"},
    {"3 in body.list", "true"},
    {"\"msg\" in body", "true"},
    {"\"x\" not in body", "true"},
    {"1 in nil", "false"},
    {"\"n\" in body.msg", "problem: in needs a list or a map, not a text"},
    {"body.msg matches \"^H.*d$\"", "true"},
    {"body.msg matches `\\w+, \\w+`", "true"},
    {"body.msg not matches \"^x\"", "true"},
    {"body.nothing matches \"x\"", "false"},
    {"body.n matches \"5\"", "problem: matches needs a text, not a float"},
    {"body.msg matches body.words[0]", "false"},
    {"body.msg contains \"world\"", "true"},
    {"body.msg startsWith \"Hello\"", "true"},
    {"body.msg not endsWith \"d\"", "false"},
    {"1..3", "[1,2,3]"},
    {"3..1", "[]"},
    // Functions
    {"len(body.msg) + len(body.list) + len(body.map)", "16"},
    {"len(\"é\")", "1"},
    {"lower(body.msg) + upper(\"x\")", R"("hello, worldX")"},
    {"trim(\"  a \") + trim(\"xxax\", \"x\")", R"("aa")"},
    {"split(\"a,b,c\", \",\")", R"(["a","b","c"])"},
    {"split(\"a,b,c\", \",\", 2)", R"(["a","b,c"])"},
    {"split(\"aé\", \"\")", R"(["a","é"])"},
    {"splitAfter(\"a,b\", \",\")", R"(["a,","b"])"},
    {"join([\"a\", \"b\"], \"-\")", R"("a-b")"},
    {"replace(\"a.b.c\", \".\", \"/\")", R"("a/b/c")"},
    {"replace(\"a.b.c\", \".\", \"/\", 1)", R"("a/b.c")"},
    {"repeat(\"ab\", 3)", R"("ababab")"},
    {"indexOf(\"abc\", \"c\") + lastIndexOf(\"abca\", \"a\")", "5"},
    {"hasPrefix(\"abc\", \"ab\") and hasSuffix(\"abc\", \"bc\")", "true"},
    {"trimPrefix(\"v1\", \"v\") + trimSuffix(\"1s\", \"s\")", R"("11")"},
    {"int(\"42\") + int(3.9)", "45"},
    {"int(\"x\")", "problem: no integer x"},
    {"float(\"1.5\")", "1.5"},
    {"string(5) + string(1.5) + string(true) + string(nil) + string([1, \"a\"]) + string({b: 1, a: 2})",
     R"("51.5true<nil>[1 a]map[a:2 b:1]")"},
    {"type(1) + type(\"\") + type(nil) + type([]) + type({})", R"("intstringnilarraymap")"},
    {"abs(-5) + ceil(1.2) + floor(1.8) + round(2.5)", "11"},
    {"max(1, [5, 2]) + min([3, 1])", "6"},
    {"sum([1, 2, 3]) + mean([2, 4]) + median([1, 9, 5])", "14"},
    {"toJSON({a: [1]})", R"("{\n  \"a\": [\n    1\n  ]\n}")"},
    {"fromJSON(`{\"a\": [1, 2]}`).a[1]", "2"},
    {"toBase64(\"abc\") + fromBase64(\"YWJj\")", R"("YWJjabc")"},
    {"env(\"NODE\") + env(\"NONE\")", R"("n1")"},
    {"first([1, 2]) + last([1, 2])", "3"},
    {"first([])", "null"},
    {"get(body, \"n\") + get([1], 0)", "6"},
    {"get([1], 9)", "null"},
    {"take([1, 2, 3], 2)", "[1,2]"},
    {"keys({a: 1, b: 2})", R"(["a","b"])"},
    {"values({a: 1, b: 2})", "[1,2]"},
    {"fromPairs(toPairs({a: 1}))", R"({"a":1})"},
    {"reverse([1, 2])", "[2,1]"},
    {"uniq([1, 2, 1])", "[1,2]"},
    {"concat([1], [2, 3])", "[1,2,3]"},
    {"flatten([1, [2, [3]]])", "[1,2,3]"},
    {"sort(body.list)", "[1,2,3]"},
    {"sort(nil)", "[]"},
    {"max(nil)", "null"},
    {"sort(body.words, \"desc\")", R"(["b","a"])"},
    {"bitand(6, 3) + bitor(4, 1) + bitxor(5, 1) + bitshl(1, 4) + bitshr(16, 2) + bitnot(0)", "30"},
    // Predicates and pipes
    {"all(body.list, # > 0)", "true"},
    {"any(body.list, {# > 2})", "true"},
    {"none(body.list, # > 3)", "true"},
    {"one(body.list, # == 1)", "true"},
    {"filter(body.list, # > 1)", "[3,2]"},
    {"map(body.list, # * 10 + #index)", "[30,11,22]"},
    {"map(filter(body.people, .age > 25), .name)", R"(["ann"])"},
    {"body.people | filter(.age < 25) | map(upper(.name)) | first()", R"("BOB")"},
    {"count(body.list, # > 1)", "2"},
    {"find(body.people, .name == \"bob\").age", "20"},
    {"findIndex(body.list, # == 1)", "1"},
    {"findLast(body.list, # < 3)", "2"},
    {"findLastIndex(body.list, # > 9)", "null"},
    {"sum(body.people, .age)", "50"},
    {"groupBy(body.people, .name).ann[0].age", "30"},
    {"sortBy(body.people, .age)[0].name", R"("bob")"},
    {"reduce(1..4, #acc + #)", "10"},
    {"reduce(1..4, #acc * #, 1)", "24"},
    {"any(body.people, any(body.list, # == 3) and .age == 20)", "true"},
    {"map([[1, 2], [3]], len(#) + sum(map(#, # * 2)))", "[8,7]"},
};

TEST_F(Expressions, GiveWhatTheLanguageSays) {
  for (const ExpressionCase& one : language_cases) EXPECT_EQ(of(one.text), one.result) << one.text;
}

// Guarantee: a mistake is told with its column before any entry comes.
TEST_F(Expressions, MistakesHaveColumns) {
  constexpr ExpressionCase cases[] = {
      {"", "error: column 1: the expression is empty"},
      {"body.", "error: column 6: expected a name behind the dot"},
      {"1 +", "error: column 4: the expression ends too early"},
      {"(1", "error: column 3: ) is missing at the end"},
      {"1 2", "error: column 3: unexpected 2"},
      {"body == 'x", "error: column 9: the text has no end"},
      {R"(body matches "\d")",
       R"(error: column 14: the text has an escape that is none; write \\ for a backslash, as in "\\d+", or use `\d+`)"},
      {"body @ 1", "error: column 6: unexpected character \"@\""},
      {"1 + \"a\"", "error: column 3: + does not go with an integer and a text"},
      {"\"a\" == 1", "error: column 5: == does not go with a text and an integer"},
      {"true and 1", "error: column 6: and does not go with a boolean and an integer"},
      {"not \"a\"", "error: column 1: not needs true or false, not a text"},
      {"lenn(body)", "error: column 1: there is no function lenn; did you mean len?"},
      {"len()", "error: column 1: len takes 1 arguments, not 0"},
      {"upper(5)", "error: column 1: upper does not take a value of this type"},
      {"filter(body)", "error: column 1: filter takes a list and a predicate such as # > 3"},
      {"# > 1", "error: column 1: unexpected #"},
      {"map(body, #x)", "error: column 12: there is no #x; there are #, #index and #acc"},
      {"a ?? b + 1", "error: column 8: + and ?? need parentheses to tell which comes first"},
      {"timestamp.Unix()", "error: column 11: methods such as Unix are not in this build"},
      {"1x", "error: column 1: this is no number"},
      {"99999999999999999999", "error: column 1: this number is none, or too large"},
      {"/* open", "error: column 1: the comment has no end"},
  };
  for (const ExpressionCase& one : cases) EXPECT_EQ(of(one.text), one.result) << one.text;
  EXPECT_EQ(of("body matches \"(\"").substr(0, 16), "error: column 6:");
}

// Guarantee: neither nesting nor size nor repetition takes the program down or holds it up.
TEST_F(Expressions, HaveBounds) {
  EXPECT_EQ(of(std::string(1000, '(') + "1" + std::string(1000, ')')).substr(0, 6), "error:");
  EXPECT_EQ(of(std::string(17'000, ' ')), "error: the expression is longer than 16 KiB");
  std::string sum = "1";
  for (int i = 0; i < 3000; i++) sum += "+1";
  EXPECT_NE(of(sum).find("the expression is too large"), std::string::npos);
  std::string comparisons = "1";
  for (int i = 0; i < 40; i++) comparisons = "(" + comparisons + " < 1 < 2)";
  EXPECT_EQ(of(comparisons).substr(0, 6), "error:");
  EXPECT_EQ(of("1..2000000"), "problem: a range is too long");
  EXPECT_EQ(of("map(1..10000, map(1..10000, #))"), "problem: the expression takes too long on this entry");
  EXPECT_EQ(of("reduce(1..100, #acc + #acc, \"xxxxxxxx\")"), "problem: the expression needs too much memory on this entry");
  EXPECT_EQ(of("repeat(repeat(\"x\", 1000000), 1000000)"), "problem: the expression needs too much memory on this entry");
  EXPECT_EQ(of("any(1..1000, \"x\" matches string(#))"), "problem: the expression takes too long on this entry");
}

TEST_F(Expressions, ConditionsAreTrueOrFalse) {
  auto test = [&](std::string_view text) {
    Problem problem;
    Tools with = tools();
    return Expression::compile(text)->test(entry_, with, problem);
  };
  EXPECT_EQ(test("body.t"), true);
  EXPECT_EQ(test("body.missing"), false);
  EXPECT_EQ(test("body.n"), std::nullopt);
  EXPECT_FALSE(Expression::compile("\"x\"")->may_be_boolean());
  EXPECT_EQ(Expression::compile("severity_text == \"x\"")->unknown_names(), std::vector<std::string>{"severity_text"});
}

}  // namespace
}  // namespace vigia::operators
