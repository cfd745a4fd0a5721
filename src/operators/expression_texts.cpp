// Functions of texts.

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "operators/expression_internal.h"
#include "operators/json_tree.h"
#include "operators/value_text.h"

namespace vigia::operators {

bool are_texts(Evaluation& evaluation, const Value* arguments, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (arguments[i].is_text()) continue;
    evaluation.fail("a function needs a text, not", type_name(arguments[i].type));
    return false;
  }
  return true;
}

namespace {

Value call_string(Evaluation& evaluation, const Value* arguments, size_t) {
  if (arguments[0].is_text()) return arguments[0];
  std::string text;
  append_text(text, arguments[0]);
  return evaluation.text(text);
}

std::string_view trimmed(std::string_view text, std::string_view characters) {
  size_t begin = text.find_first_not_of(characters);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(characters) - begin + 1);
}

Value call_trim(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  return utf8_text(evaluation, trimmed(arguments[0].text(), count == 2 ? arguments[1].text() : " \t\n\v\f\r"));
}

Value call_trim_prefix(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  std::string_view text = arguments[0].text();
  std::string_view prefix = count == 2 ? arguments[1].text() : " ";
  return Value::of_text(text.starts_with(prefix) ? text.substr(prefix.size()) : text);
}

Value call_trim_suffix(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  std::string_view text = arguments[0].text();
  std::string_view suffix = count == 2 ? arguments[1].text() : " ";
  return Value::of_text(text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}

// Letters of the Latin alphabet only.
template <char from, char to, int by>
Value call_case(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  std::string_view text = arguments[0].text();
  if (std::none_of(text.begin(), text.end(), [](char c) { return c >= from && c <= to; })) return arguments[0];
  if (!evaluation.spend_bytes(text.size())) return {};
  char* memory = evaluation.arena.allocate(text.size());
  std::transform(text.begin(), text.end(), memory, [](char c) { return c >= from && c <= to ? static_cast<char>(c + by) : c; });
  return Value::of_text({memory, text.size()});
}

// At most `most` parts; the last one has the rest.
Value split_text(Evaluation& evaluation, std::string_view text, std::string_view separator, int64_t most, bool keeps_separator) {
  List* list = List::create(evaluation.arena);
  if (most == 0) return {};
  size_t at = 0;
  while (most < 0 || list->count + 1 < most) {
    // Without a separator, each character is a part.
    size_t width = 1;
    while (separator.empty() && at + width < text.size() && (static_cast<unsigned char>(text[at + width]) & 0xC0) == 0x80) width++;
    size_t found = separator.empty() ? (at + width < text.size() ? at + width : std::string_view::npos) : text.find(separator, at);
    if (found == std::string_view::npos) break;
    if (!evaluation.spend_steps(1) || !evaluation.spend_bytes(2 * sizeof(Value))) return {};
    list->push_back(evaluation.arena, Value::of_text(text.substr(at, found - at + (keeps_separator ? separator.size() : 0))));
    at = found + separator.size();
  }
  if (!separator.empty() || at < text.size()) list->push_back(evaluation.arena, Value::of_text(text.substr(at)));
  return Value::of_list(list);
}

template <bool keeps_separator>
Value call_split(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, 2)) return {};
  std::optional<int64_t> most = count == 3 ? whole_number(arguments[2]) : std::optional<int64_t>(-1);
  if (!most) return evaluation.fail("split needs a number of parts");
  return split_text(evaluation, arguments[0].text(), arguments[1].text(), *most, keeps_separator);
}

Value call_replace(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, 3)) return {};
  std::optional<int64_t> most = count == 4 ? whole_number(arguments[3]) : std::optional<int64_t>(-1);
  if (!most) return evaluation.fail("replace needs a number of times");
  std::string_view text = arguments[0].text();
  std::string_view old = arguments[1].text();
  if (old.empty()) return evaluation.fail("replace needs something to look for");
  std::string result;
  size_t at = 0;
  for (int64_t times = 0; *most < 0 || times < *most; times++) {
    size_t found = text.find(old, at);
    if (found == std::string_view::npos) break;
    if (!evaluation.spend_steps(1) || !evaluation.spend_bytes(found - at + arguments[2].size)) return {};
    result.append(text.substr(at, found - at)).append(arguments[2].text());
    at = found + old.size();
  }
  if (at == 0) return arguments[0];
  return utf8_text(evaluation, evaluation.text(result.append(text.substr(at))).text());
}

Value call_repeat(Evaluation& evaluation, const Value* arguments, size_t) {
  if (!are_texts(evaluation, arguments, 1)) return {};
  std::optional<int64_t> times = whole_number(arguments[1]);
  if (!times || *times < 0 || *times > 1'000'000) return evaluation.fail("repeat needs a number from 0 to 1000000");
  size_t size = arguments[0].size * static_cast<size_t>(*times);
  if (!evaluation.spend_bytes(size)) return {};
  std::string result;
  for (int64_t i = 0; i < *times; i++) result += arguments[0].text();
  return Value::of_text(evaluation.arena.copy(result));
}

Value place_or_none(size_t place) { return Value::of_integer(place == std::string_view::npos ? -1 : static_cast<int64_t>(place)); }

Value call_index_of(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? place_or_none(arguments[0].text().find(arguments[1].text())) : Value();
}
Value call_last_index_of(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? place_or_none(arguments[0].text().rfind(arguments[1].text())) : Value();
}
Value call_has_prefix(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? Value::of_boolean(arguments[0].text().starts_with(arguments[1].text())) : Value();
}
Value call_has_suffix(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? Value::of_boolean(arguments[0].text().ends_with(arguments[1].text())) : Value();
}

Value call_to_json(Evaluation& evaluation, const Value* arguments, size_t) {
  std::string text;
  append_json(text, arguments[0], 2);
  return evaluation.text(text);
}

Value call_from_json(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  if (!evaluation.spend_bytes(arguments[0].size * 8)) return {};
  JsonReader reader;
  Value value;
  std::string_view error = reader.read(arguments[0].text(), {}, evaluation.arena, value);
  return error.empty() ? value : evaluation.fail("no JSON", error);
}

Value call_to_base64(Evaluation& evaluation, const Value* arguments, size_t count) {
  return are_texts(evaluation, arguments, count) ? evaluation.text(to_base64(arguments[0].text())) : Value();
}
Value call_from_base64(Evaluation& evaluation, const Value* arguments, size_t count) {
  if (!are_texts(evaluation, arguments, count)) return {};
  std::optional<std::string> bytes = from_base64(arguments[0].text());
  if (!bytes) return evaluation.fail("no base64", arguments[0].text());
  return utf8_text(evaluation, evaluation.text(*bytes).text());
}

constexpr Function functions[] = {
    {"string", 1, 1, StaticType::text, call_string},
    {"trim", 1, 2, StaticType::text, call_trim, StaticType::text},
    {"trimPrefix", 1, 2, StaticType::text, call_trim_prefix, StaticType::text},
    {"trimSuffix", 1, 2, StaticType::text, call_trim_suffix, StaticType::text},
    {"upper", 1, 1, StaticType::text, call_case<'a', 'z', -32>, StaticType::text},
    {"lower", 1, 1, StaticType::text, call_case<'A', 'Z', 32>, StaticType::text},
    {"split", 2, 3, StaticType::list, call_split<false>, StaticType::text},
    {"splitAfter", 2, 3, StaticType::list, call_split<true>, StaticType::text},
    {"replace", 3, 4, StaticType::text, call_replace, StaticType::text},
    {"repeat", 2, 2, StaticType::text, call_repeat, StaticType::text},
    {"indexOf", 2, 2, StaticType::integer, call_index_of, StaticType::text},
    {"lastIndexOf", 2, 2, StaticType::integer, call_last_index_of, StaticType::text},
    {"hasPrefix", 2, 2, StaticType::boolean, call_has_prefix, StaticType::text},
    {"hasSuffix", 2, 2, StaticType::boolean, call_has_suffix, StaticType::text},
    {"toJSON", 1, 1, StaticType::text, call_to_json},
    {"fromJSON", 1, 1, StaticType::any, call_from_json, StaticType::text},
    {"toBase64", 1, 1, StaticType::text, call_to_base64, StaticType::text},
    {"fromBase64", 1, 1, StaticType::text, call_from_base64, StaticType::text},
};

}  // namespace

std::span<const Function> text_functions() { return functions; }

}  // namespace vigia::operators
