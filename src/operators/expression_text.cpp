#include "operators/expression_text.h"

#include <algorithm>

#include "operators/operator_types_internal.h"

namespace vigia::operators {

std::optional<ExpressionText> ExpressionText::decode(config::Section& section, std::string_view text) {
  constexpr std::string_view opening = "EXPR(";
  ExpressionText result;
  while (true) {
    size_t begin = text.find(opening);
    if (begin == std::string_view::npos) break;
    // The expression reaches to the last parenthesis before the next one begins.
    size_t next = std::min(text.find(opening, begin + opening.size()), text.size());
    size_t end = text.rfind(')', next - 1);
    if (end == std::string_view::npos || end < begin) break;
    size_t expression_begin = begin + opening.size();
    std::optional<Expression> expression = decode_expression(section, "", text.substr(expression_begin, end - expression_begin), false);
    if (!expression) return std::nullopt;
    result.texts_.emplace_back(text.substr(0, begin));
    result.expressions_.push_back(std::move(*expression));
    text.remove_prefix(end + 1);
  }
  result.texts_.emplace_back(text);
  return result;
}

std::optional<Value> ExpressionText::render(Entry& entry, Work& work) const {
  if (is_constant()) return Value::of_text(texts_[0]);
  std::string result;
  for (size_t i = 0; i < expressions_.size(); i++) {
    std::optional<Value> value = expressions_[i].evaluate(entry, work.tools, work.problem);
    if (!value) return std::nullopt;
    if (!value->is_text()) {
      work.fail("EXPR() must give a text here, not", type_name(value->type));
      return std::nullopt;
    }
    result.append(texts_[i]).append(value->text());
  }
  return Value::of_text(work.arena.copy(result.append(texts_.back())));
}

}  // namespace vigia::operators
