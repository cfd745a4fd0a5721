// Scenario: thousands of random lists of actions on random attributes of messages that carry other, also unknown, fields.
// Guarantee: the editor that works on wire bytes gives what an obvious implementation on decoded attributes gives: the same keys
// and values in the same order, and every other field byte for byte as it was. Hash, extract and convert give the Collector's
// results, and incomplete actions are refused.

#include "ottl/attribute_actions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "ottl/test_telemetry.h"
#include "ottl/value.h"

namespace vigia::ottl {

namespace {

using namespace test;

using Decoded = std::vector<std::pair<std::string, std::string>>;  // key, AnyValue message

Decoded decode(std::string_view message, uint32_t number) {
  Decoded decoded;
  for (const otlp::AttributeView& attribute : otlp::Attributes(message, number))
    decoded.emplace_back(attribute.key, attribute.value_message);
  return decoded;
}

std::string other_fields(std::string_view message, uint32_t number) {
  std::string rest;
  otlp::Cursor cursor(message);
  otlp::Field field;
  while (cursor.next(field)) {
    if (field.tag != otlp::bytes_tag(number)) rest += field.whole;
  }
  return rest;
}

std::string edited(const AttributeEditor& editor, std::string_view message, uint32_t number, const EditContext& context = {}) {
  MemoryLedger ledger;
  Appender out(ledger);
  editor.apply(message, number, context, out);
  return std::string(out.view());
}

// --- The obvious implementation ---

Decoded::iterator find(Decoded& attributes, const std::string& key) {
  return std::find_if(attributes.begin(), attributes.end(), [&](const auto& attribute) { return attribute.first == key; });
}

void apply_plainly(const AttributeAction& action, Decoded& attributes) {
  auto target = find(attributes, action.key);
  if (action.kind == ActionKind::erase) {
    std::erase_if(attributes, [&](const auto& attribute) { return attribute.first == action.key; });
    return;
  }
  std::optional<std::string> value = action.value;
  if (!action.from_attribute.empty()) {
    auto source = find(attributes, action.from_attribute);
    if (source != attributes.end()) value = source->second;
  }
  if (!value) value = action.default_value;
  if (!value) return;
  bool is_there = target != attributes.end();
  if (is_there && action.kind != ActionKind::insert) target->second = *value;
  if (!is_there && action.kind != ActionKind::update) attributes.emplace_back(action.key, *value);
}

// --- Random cases ---

const std::vector<std::string> keys = {"a", "bb", "cc", "ddd", "http.route", "eeeeeeee", std::string(70, 'k')};

std::string random_value(Random& random) {
  switch (random.below(4)) {
    case 0:
      return integer_value(static_cast<int64_t>(random.below(1000)));
    case 1:
      return text_value(std::string(random.below(200), 'v'));
    case 2:
      return map_value({{"inner", boolean_value(true)}});
    default:
      return floating_value(random.fraction());
  }
}

std::string random_message(Random& random, uint32_t number) {
  std::string message;
  std::vector<std::string> unused = keys;
  for (size_t fields = random.below(10); fields > 0; fields--) {
    if (random.below(3) == 0) message += text_field(20 + static_cast<uint32_t>(random.below(500)), "other");
    if (random.below(3) == 0) message += varint_field(30, random.next());
    if (unused.empty()) continue;
    size_t pick = random.below(unused.size());
    message += attribute(number, unused[pick], random_value(random));
    unused.erase(unused.begin() + static_cast<std::ptrdiff_t>(pick));
  }
  return message;
}

AttributeAction random_action(Random& random, bool only_constants) {
  static constexpr ActionKind kinds[] = {ActionKind::insert, ActionKind::update, ActionKind::upsert, ActionKind::erase};
  AttributeAction action;
  action.kind = kinds[random.below(4)];
  action.key = keys[random.below(keys.size())];
  if (action.kind == ActionKind::erase) return action;
  if (only_constants || random.below(2) == 0) {
    action.value = random_value(random);
  } else {
    action.from_attribute = keys[random.below(keys.size())];
    if (random.below(2) == 0) action.default_value = random_value(random);
  }
  return action;
}

void compare_with_plain(uint64_t seed, bool only_constants) {
  Random random(seed);
  for (int round = 0; round < 3000; round++) {
    auto number = static_cast<uint32_t>(1 + random.below(15));
    std::vector<AttributeAction> actions;
    for (size_t count = 1 + random.below(6); count > 0; count--) actions.push_back(random_action(random, only_constants));
    std::string message = random_message(random, number);
    AttributeEditor editor = AttributeEditor::compile(actions).value();

    Decoded expected = decode(message, number);
    for (const AttributeAction& action : actions) apply_plainly(action, expected);
    std::string result = edited(editor, message, number);
    ASSERT_EQ(decode(result, number), expected) << "seed " << seed << " round " << round;
    ASSERT_EQ(other_fields(result, number), other_fields(message, number)) << "seed " << seed << " round " << round;
    ASSERT_TRUE(editor.affects(message, number) || result == message) << "seed " << seed << " round " << round;
  }
}

TEST(AttributeEditor, AgreesWithThePlainImplementationOnConstants) {
  for (uint64_t seed = 1; seed <= 3; seed++) compare_with_plain(seed, true);
}

TEST(AttributeEditor, AgreesWithThePlainImplementationOnAllSources) {
  for (uint64_t seed = 11; seed <= 13; seed++) compare_with_plain(seed, false);
}

AttributeAction action_of(ActionKind kind, std::string key) {
  AttributeAction action;
  action.kind = kind;
  action.key = std::move(key);
  return action;
}

TEST(AttributeEditor, LeavesNoSecondCopyOfAnEditedKey) {
  std::string message =
      attribute(9, "secret", text_value("1")) + attribute(9, "x", text_value("y")) + attribute(9, "secret", text_value("2"));
  AttributeAction update = action_of(ActionKind::update, "secret");
  update.value = text_value("*");
  Decoded expected = {{"secret", text_value("*")}, {"x", text_value("y")}};
  EXPECT_EQ(decode(edited(AttributeEditor::compile({update}).value(), message, 9), 9), expected);
  // The way through the list does the same.
  AttributeAction hash = action_of(ActionKind::hash, "unrelated");
  EXPECT_EQ(decode(edited(AttributeEditor::compile({update, hash}).value(), message, 9), 9), expected);
}

TEST(AttributeEditor, HashesWithSha256) {
  std::string message = attribute(1, "text", text_value("abc")) + attribute(1, "yes", boolean_value(true)) +
                        attribute(1, "one", integer_value(1)) + attribute(1, "half", floating_value(0.5)) +
                        attribute(1, "map", map_value({})) + attribute(1, "kept", text_value("abc"));
  AttributeAction hash = action_of(ActionKind::hash, "text");
  AttributeAction by_pattern = action_of(ActionKind::hash, "");
  by_pattern.pattern = "^(yes|one|half|map)$";
  Decoded expected = {
      {"text", text_value("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")},
      {"yes", text_value("4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a")},
      {"one", text_value("7c9fa136d4413fa6173637e883b6998d32e1d675f88cddff9dcbcf331820f4b8")},
      {"half", text_value("4cfa5b42ca669328764e67cd9a34bb8f90b16ed7ca8d85e8443783d7ccce15ed")},
      {"map", text_value("")},
      {"kept", text_value("abc")},
  };
  EXPECT_EQ(decode(edited(AttributeEditor::compile({hash, by_pattern}).value(), message, 1), 1), expected);
}

TEST(AttributeEditor, HashesTwiceWhatKeyAndPatternName) {
  AttributeAction both = action_of(ActionKind::hash, "k");
  both.pattern = "^k";
  AttributeAction once = action_of(ActionKind::hash, "k");
  std::string message = attribute(9, "k", text_value("abc")) + attribute(9, "other", text_value("abc"));
  EXPECT_EQ(edited(AttributeEditor::compile({both}).value(), message, 9),
            edited(AttributeEditor::compile({once, once}).value(), message, 9));
}

TEST(AttributeEditor, ExtractsNamedGroups) {
  AttributeAction extract = action_of(ActionKind::extract, "http.url");
  extract.pattern = "^(?P<scheme>[a-z]+)://(?P<host>[^/]+)(?P<port>:[0-9]+)?/";
  AttributeEditor editor = AttributeEditor::compile({extract}).value();
  std::string message = attribute(9, "host", text_value("old")) + attribute(9, "http.url", text_value("https://a.example/x"));
  Decoded expected = {{"host", text_value("a.example")},
                      {"http.url", text_value("https://a.example/x")},
                      {"scheme", text_value("https")},
                      {"port", text_value("")}};
  EXPECT_EQ(decode(edited(editor, message, 9), 9), expected);
  std::string without_match = attribute(9, "http.url", text_value("nothing")) + attribute(9, "x", integer_value(1));
  EXPECT_EQ(edited(editor, without_match, 9), without_match);
  std::string number = attribute(9, "http.url", integer_value(7));
  EXPECT_EQ(edited(editor, number, 9), number);
}

TEST(AttributeEditor, Converts) {
  auto convert = [](std::string_view any_value, ConvertedType type) {
    AttributeAction action = action_of(ActionKind::convert, "k");
    action.converted_type = type;
    return decode(edited(AttributeEditor::compile({action}).value(), attribute(9, "k", any_value), 9), 9)[0].second;
  };
  EXPECT_EQ(convert(text_value("42"), ConvertedType::integer), integer_value(42));
  EXPECT_EQ(convert(text_value("4x"), ConvertedType::integer), text_value("4x"));
  EXPECT_EQ(convert(floating_value(-2.9), ConvertedType::integer), integer_value(-2));
  EXPECT_EQ(convert(boolean_value(true), ConvertedType::integer), integer_value(1));
  EXPECT_EQ(convert(text_value("1.5"), ConvertedType::floating), floating_value(1.5));
  EXPECT_EQ(convert(integer_value(3), ConvertedType::floating), floating_value(3));
  EXPECT_EQ(convert(floating_value(0.1), ConvertedType::text), text_value("0.1"));
  EXPECT_EQ(convert(boolean_value(false), ConvertedType::text), text_value("false"));
  EXPECT_EQ(convert(floating_value(-HUGE_VAL), ConvertedType::text), text_value("-Infinity"));
  EXPECT_EQ(convert(floating_value(1e-7), ConvertedType::text), text_value("1e-7"));
  EXPECT_EQ(convert(text_value("1_000"), ConvertedType::floating), floating_value(1000));
  EXPECT_EQ(convert(bytes_value("\x01\x02\x03"), ConvertedType::text), text_value("AQID"));
  EXPECT_EQ(convert(map_value({{"b", integer_value(1)}, {"a", list_value({text_value("x")})}}), ConvertedType::text),
            text_value("{\"a\":[\"x\"],\"b\":1}"));
}

TEST(AttributeEditor, DeletesByPattern) {
  AttributeAction erase = action_of(ActionKind::erase, "plain");
  erase.pattern = "^http\\.";
  std::string message = attribute(9, "http.a", integer_value(1)) + attribute(9, "x", integer_value(2)) +
                        attribute(9, "plain", integer_value(3)) + attribute(9, "http.b", integer_value(4));
  Decoded expected = {{"x", integer_value(2)}};
  EXPECT_EQ(decode(edited(AttributeEditor::compile({erase}).value(), message, 9), 9), expected);
}

TEST(AttributeEditor, TakesValuesFromTheRequest) {
  std::vector<AttributeAction> actions;
  for (std::string from : {"metadata.X-Team", "client.address", "auth.customer", "x-team", "metadata.missing", "auth.subject"}) {
    AttributeAction action = action_of(ActionKind::upsert, "from " + from);
    action.from_context = from;
    actions.push_back(action);
  }
  actions[4].default_value = text_value("none");
  AttributeEditor editor = AttributeEditor::compile(actions).value();
  std::vector<std::pair<std::string, std::string>> metadata = {{"x-team", "a"}, {"other", "b"}, {"x-team", "c"}};
  EditContext context = editor.context_of({"10.0.0.1:4317", "acme", &metadata});
  Decoded expected = {{"from metadata.X-Team", text_value("a;c")},
                      {"from client.address", text_value("10.0.0.1")},
                      {"from auth.customer", text_value("acme")},
                      {"from x-team", text_value("a;c")},
                      {"from metadata.missing", text_value("none")}};
  EXPECT_EQ(decode(edited(editor, "", 9, context), 9), expected);
}

TEST(AttributeEditor, RefusesIncompleteActions) {
  auto refusal = [](const AttributeAction& action) {
    Result<AttributeEditor> editor = AttributeEditor::compile({action});
    return editor ? std::string() : editor.status().message();
  };
  EXPECT_NE(refusal(action_of(ActionKind::none, "k")).find("an action is needed"), std::string::npos);
  EXPECT_NE(refusal(action_of(ActionKind::insert, "")).find("needs a key"), std::string::npos);
  EXPECT_NE(refusal(action_of(ActionKind::insert, "k")).find("needs one of value"), std::string::npos);
  EXPECT_NE(refusal(action_of(ActionKind::erase, "")).find("needs a key or a pattern"), std::string::npos);
  EXPECT_NE(refusal(action_of(ActionKind::extract, "k")).find("needs a pattern"), std::string::npos);
  EXPECT_NE(refusal(action_of(ActionKind::convert, "k")).find("converted_type"), std::string::npos);
  AttributeAction action = action_of(ActionKind::extract, "k");
  action.pattern = "(unnamed)";
  EXPECT_NE(refusal(action).find("needs a name"), std::string::npos);
  action.pattern = "(?P<x>";
  EXPECT_NE(refusal(action).find("cannot use pattern"), std::string::npos);
  action = action_of(ActionKind::upsert, "k");
  action.value = text_value("v");
  action.from_attribute = "other";
  EXPECT_NE(refusal(action).find("takes only one of"), std::string::npos);
  action = action_of(ActionKind::hash, "k");
  action.value = text_value("v");
  EXPECT_NE(refusal(action).find("takes no value"), std::string::npos);
}

TEST(AttributeEditor, HandlesMoreKeysThanTheFastWayHas) {
  std::vector<AttributeAction> actions;
  for (int i = 0; i < 100; i++) {
    actions.push_back(action_of(ActionKind::upsert, "key" + std::to_string(i)));
    actions.back().value = integer_value(i);
  }
  Decoded found = decode(edited(AttributeEditor::compile(actions).value(), "", 9), 9);
  ASSERT_EQ(found.size(), 100U);
  EXPECT_EQ(found[99].second, integer_value(99));
}

}  // namespace

}  // namespace vigia::ottl
