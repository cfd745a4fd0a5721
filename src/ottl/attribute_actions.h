#pragma once

// The actions of the processors `attributes` and `resource`: insert, update, upsert, delete, hash, extract and convert, applied
// in order to the attributes of one message in wire form.
//
//   ASSIGN_OR_RETURN(AttributeEditor editor, AttributeEditor::compile(actions));
//   EditContext context = editor.context_of(request);   // once a batch
//   if (editor.affects(span, 9)) editor.apply(span, 9, context, out);
//
// Actions with constants take the one-pass way of otlp/attribute_edit.h; the others work on a list of the attributes.
// Order and unknown fields of the message are kept: an attribute that gets a new value keeps its place, new ones go to the end.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/regex.h"
#include "base/status.h"
#include "otlp/attribute_edit.h"

namespace vigia::ottl {

enum class ActionKind : uint8_t { none, insert, update, upsert, erase, hash, extract, convert };
enum class ConvertedType : uint8_t { none, text, integer, floating };

struct AttributeAction {
  ActionKind kind = ActionKind::none;
  std::string key;
  // AnyValue messages.
  std::optional<std::string> value;
  std::optional<std::string> default_value;
  std::string from_attribute;
  std::string from_context;
  std::string pattern;
  ConvertedType converted_type = ConvertedType::none;
};

// What actions with from_context can ask for.
struct RequestFacts {
  std::string_view peer_address;
  std::string_view customer;
  // Lower-case names.
  const std::vector<std::pair<std::string, std::string>>* metadata = nullptr;
};

// The values that from_context asks for, as AnyValue messages; one for each action.
struct EditContext {
  std::vector<std::optional<std::string>> values;
};

class AttributeEditor {
 public:
  // INVALID_ARGUMENT "action 2 (key x): …" when an action lacks something or has too much.
  static Result<AttributeEditor> compile(const std::vector<AttributeAction>& actions);
  // The same for one action alone.
  static Status check(const AttributeAction& action);

  EditContext context_of(const RequestFacts& facts) const;
  // Whether apply() may change the message, whose attributes are field `number` (≤ 15). False is certain.
  bool affects(std::string_view message, uint32_t number) const;
  // Appends the edited message.
  void apply(std::string_view message, uint32_t number, const EditContext& context, Appender& out) const;

 private:
  struct Action {
    AttributeAction settings;
    std::optional<Regex> pattern;
    std::vector<std::string> group_names;
  };
  class Editing;

  static Result<Action> compile_action(const AttributeAction& settings);
  static std::optional<otlp::ConstantEdits> as_constants(const std::vector<Action>& actions);

  std::vector<Action> actions_;
  std::optional<otlp::ConstantEdits> constants_;
};

}  // namespace vigia::ottl
