// JSON read by our own reader, beside simdjson.

#include "operators/json_tree.h"

#include <gtest/gtest.h>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include "base/random.h"
#include "operators/value_text.h"

namespace vigia::operators {
namespace {

Value value_of(simdjson::dom::element element, Arena& arena) {
  switch (element.type()) {
    case simdjson::dom::element_type::OBJECT: {
      Map* map = Map::create(arena);
      for (auto field : simdjson::dom::object(element.get_object().value_unsafe()))
        map->set(arena, arena.copy(field.key), value_of(field.value, arena));
      return Value::of_map(map);
    }
    case simdjson::dom::element_type::ARRAY: {
      List* list = List::create(arena);
      for (auto item : simdjson::dom::array(element.get_array().value_unsafe())) list->push_back(arena, value_of(item, arena));
      return Value::of_list(list);
    }
    case simdjson::dom::element_type::STRING:
      return Value::of_text(arena.copy(element.get_string().value_unsafe()));
    case simdjson::dom::element_type::BOOL:
      return Value::of_boolean(element.get_bool().value_unsafe());
    case simdjson::dom::element_type::NULL_VALUE:
      return {};
    default:
      return Value::of_floating(element.get_double().value_unsafe());
  }
}

// A random document; with `broken`, some bytes of it are others.
class Documents {
 public:
  explicit Documents(uint64_t seed) : random_(seed) {}

  std::string next(bool is_broken) {
    std::string text;
    add_map(text, 0);
    for (uint64_t i = random_.below(4); is_broken && i-- > 0;) {
      constexpr std::string_view bytes = "{}[]\",:\\u0x19eE+-. tfn";
      size_t at = random_.below(text.size());
      switch (random_.below(3)) {
        case 0:
          text[at] = bytes[random_.below(bytes.size())];
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, bytes[random_.below(bytes.size())]);
      }
      if (text.empty()) text = "{";
    }
    return text;
  }

 private:
  void add_text(std::string& text) {
    constexpr std::string_view parts[] = {"a", "key", "é", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00", "long text without any end",
                                          " ", "😀",   "/"};
    text += '"';
    for (uint64_t i = random_.below(4); i-- > 0;) text += parts[random_.below(std::size(parts))];
    text += '"';
  }
  void add_value(std::string& text, int level) {
    constexpr std::string_view scalars[] = {"true", "false", "null", "0", "-1", "3.25", "1e5", "-0.5E-3", "12345678901234567890", "0.1"};
    uint64_t kind = random_.below(level > 4 ? 6 : 10);
    if (kind < 4) {
      add_text(text);
    } else if (kind < 6) {
      text += scalars[random_.below(std::size(scalars))];
    } else if (kind < 8) {
      add_map(text, level + 1);
    } else {
      text += '[';
      for (uint64_t i = random_.below(4), first = i; i-- > 0;) {
        if (i + 1 != first) text += random_.below(2) ? "," : " , ";
        add_value(text, level + 1);
      }
      text += ']';
    }
  }
  void add_map(std::string& text, int level) {
    text += '{';
    for (uint64_t i = random_.below(40), first = i; i-- > 0;) {
      if (i + 1 != first) text += ',';
      add_text(text);
      text += ": ";
      add_value(text, level + 3);
    }
    text += '}';
  }

  Random random_;
};

// Guarantee: what simdjson takes we take with the same result. (We take a little more: control characters, half pairs, numbers such as 007.)
TEST(JsonReader, AgreesWithSimdjson) {
  simdjson::dom::parser parser;
  JsonReader reader;
  size_t taken = 0;
  for (bool is_broken : {false, true}) {
    Documents documents(is_broken ? 1 : 2);
    for (int i = 0; i < 3000; i++) {
      std::string text = documents.next(is_broken);
      Arena arena;
      Value ours;
      std::string_view error = reader.read(text, {}, arena, ours);
      simdjson::dom::element element;
      if (parser.parse(simdjson::padded_string(text)).get(element) != simdjson::SUCCESS) {
        ASSERT_TRUE(is_broken) << text;
        continue;
      }
      taken++;
      ASSERT_EQ(error, "") << text;
      ASSERT_TRUE(equal(ours, value_of(element, arena))) << text;
    }
  }
  EXPECT_GT(taken, 3500u);
}

TEST(JsonReader, Numbers) {
  auto of = [](std::string_view text, bool parse_ints) {
    Arena arena;
    Value value;
    JsonReader reader;
    std::string_view error = reader.read(text, {.parse_ints = parse_ints}, arena, value);
    if (!error.empty()) return "error";
    return value.type == Value::Type::integer ? "integer" : value.type == Value::Type::floating ? "float" : "other";
  };
  EXPECT_STREQ(of("5", false), "float");
  EXPECT_STREQ(of("5", true), "integer");
  EXPECT_STREQ(of("5.0", true), "float");
  EXPECT_STREQ(of("9223372036854775807", true), "integer");
  EXPECT_STREQ(of("9223372036854775808", true), "float");
  EXPECT_STREQ(of("1e999", true), "error");
  EXPECT_STREQ(of("1e999", false), "error");
  EXPECT_STREQ(of("1e-999", false), "float");
  EXPECT_STREQ(of("007", false), "float");
  for (std::string_view text : {"",      "-",   "+1",   ".5",         "1-",      "1e",    "--1", "nan",  "0x10",    "tru",
                                "nulll", "'a'", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "\"a", "\"\\", "\"\\q\"", "\"\\u12\""})
    EXPECT_STREQ(of(text, false), "error") << text;
}

}  // namespace
}  // namespace vigia::operators
