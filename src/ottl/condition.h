#pragma once

// A condition of the OpenTelemetry Transformation Language, compiled once and asked for many items:
//
//   ASSIGN_OR_RETURN(Condition condition, Condition::compile("attributes[\"http.route\"] == \"/health\"", Context::span));
//   Result<bool> is_match = condition.matches(item);
//
// A compiled condition is immutable and may be used on any thread. The usual conditions (comparisons of fields and attributes
// with literals, IsMatch with a literal pattern) allocate nothing when they are evaluated. src/ottl/README.md lists what the
// language has.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "otlp/signal.h"
#include "ottl/context.h"

namespace vigia::ottl {

class TruthNode;

class Condition {
 public:
  // INVALID_ARGUMENT "column 7: expected …" when the text is no condition of this context.
  static Result<Condition> compile(std::string_view text, Context context);

  // An error when a part of the condition has no value for this item, such as a text divided by two.
  Result<bool> matches(const Item& item) const;

  const std::string& text() const { return text_; }
  Context context() const { return context_; }

 private:
  Condition(std::string text, Context context, std::shared_ptr<const TruthNode> root)
      : text_(std::move(text)), context_(context), root_(std::move(root)) {}

  std::string text_;
  Context context_;
  std::shared_ptr<const TruthNode> root_;
};

// The context that a condition with prefixed paths (span.name, resource.attributes["x"]) is written for: the innermost one that
// it names. An error when it names none, or one that does not occur in the signal.
Result<Context> infer_context(std::string_view text, otlp::Signal signal);

// What becomes of errors of evaluation.
enum class ErrorMode : uint8_t {
  ignore,     // The condition counts as false, and the log tells.
  silent,     // The condition counts as false.
  propagate,  // The batch is refused.
};

// Conditions of one context of which one must be true.
class AnyOf {
 public:
  AnyOf(std::vector<Condition> conditions, ErrorMode error_mode, Logger log);

  // An error only with ErrorMode::propagate.
  Result<bool> matches(const Item& item) const;
  bool empty() const { return conditions_.empty(); }

 private:
  std::vector<Condition> conditions_;
  ErrorMode error_mode_;
  Logger log_;
};

}  // namespace vigia::ottl
