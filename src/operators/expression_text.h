#pragma once

// A text with expressions in it, "text EXPR(…) text", as attributes of routes and of receivers may have them. What it gives is a text.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/section.h"
#include "operators/expression.h"

namespace vigia::operators {

class ExpressionText {
 public:
  // Mistakes are reported at the section, which is the text's.
  static std::optional<ExpressionText> decode(config::Section& section, std::string_view text);

  // Without expressions it is the same for every entry.
  bool is_constant() const { return expressions_.empty(); }
  // Nothing when an expression cannot be evaluated, or gives no text; the work's problem says why.
  std::optional<Value> render(Entry& entry, Work& work) const;

 private:
  // One more than there are expressions.
  std::vector<std::string> texts_;
  std::vector<Expression> expressions_;
};

}  // namespace vigia::operators
