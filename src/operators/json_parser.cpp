// `json_parser` and `json_array_parser`.

#include <fmt/format.h>

#include "base/text.h"
#include "operators/json_tree.h"
#include "operators/parser_operation.h"
#include "operators/value_text.h"

namespace vigia::operators {

namespace {

class JsonOperation final : public ParserOperation {
 public:
  JsonOperation(ParserSettings settings, JsonOptions options) : ParserOperation(std::move(settings)), options_(options) {}

 protected:
  bool parse(std::string_view text, Entry&, Work& work, Value& out) const override {
    JsonReader reader;
    std::string_view error = reader.read(text, options_, work.arena, out);
    if (!error.empty()) {
      work.fail("this is no JSON", error);
      return false;
    }
    if (out.is_nil()) out = Value::of_map(Map::create(work.arena));
    if (!out.is_map()) work.fail("the JSON is not an object but", type_name(out.type));
    return out.is_map();
  }

 private:
  JsonOptions options_;
};

class JsonArrayOperation final : public ParserOperation {
 public:
  JsonArrayOperation(ParserSettings settings, std::vector<std::string> header)
      : ParserOperation(std::move(settings)), header_(std::move(header)) {}

 protected:
  bool parse(std::string_view text, Entry&, Work& work, Value& out) const override {
    JsonReader reader;
    Value parsed;
    std::string_view error = reader.read(text, {.parse_ints = true}, work.arena, parsed);
    if (!error.empty() || !parsed.is_list()) {
      work.fail(error.empty() ? "the JSON is not an array" : "this is no JSON", error);
      return false;
    }
    for (uint32_t i = 0; i < parsed.list->count; i++) {
      if (!simplify(parsed.list->items[i], work)) return false;
    }
    return header_.empty() ? (out = parsed, true) : with_header(*parsed.list, work, out);
  }

 private:
  // Numbers are integers here, objects their text.
  static bool simplify(Value& item, Work& work) {
    if (item.is_list()) {
      work.fail("an array within the array");
      return false;
    }
    if (item.type == Value::Type::floating) item = Value::of_integer(0);
    if (!item.is_map()) return true;
    std::string text;
    append_json(text, item);
    item = Value::of_text(work.arena.copy(text));
    return true;
  }
  bool with_header(const List& list, Work& work, Value& out) const {
    if (list.count != header_.size()) {
      work.fail("the array does not have as many elements as the header");
      return false;
    }
    Map* map = Map::create(work.arena, list.count);
    for (uint32_t i = 0; i < list.count; i++) map->set(work.arena, header_[i], list.items[i]);
    out = Value::of_map(map);
    return true;
  }

  std::vector<std::string> header_;
};

}  // namespace

OperationPointer decode_json_parser(config::Section& section, Decoding& decoding) {
  JsonOptions options;
  section.field("parse_ints", options.parse_ints);
  options.ignores_rest = options.parse_ints;
  return std::make_unique<JsonOperation>(ParserSettings::decode(section, decoding), options);
}

OperationPointer decode_json_array_parser(config::Section& section, Decoding& decoding) {
  std::string header;
  section.field("header", header);
  std::vector<std::string> keys;
  if (!header.empty()) {
    for (std::string_view key : split(header, ',')) keys.emplace_back(key);
  }
  return std::make_unique<JsonArrayOperation>(ParserSettings::decode(section, decoding), std::move(keys));
}

}  // namespace vigia::operators
