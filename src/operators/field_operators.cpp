// Operators that move things about: add, copy, move, remove, retain, flatten, assign_keys.

#include <algorithm>

#include <fmt/format.h>

#include "config/section.h"
#include "operators/config_value.h"
#include "operators/expression.h"
#include "operators/field.h"
#include "operators/operator_types_internal.h"

namespace vigia::operators {

namespace {

class AddValue final : public Operation {
 public:
  AddValue(Field field, ConfigValue value) : field_(std::move(field)), value_(std::move(value)) {}
  Outcome apply(Entry& entry, Work& work) const override {
    if (!field_.set(entry, work.arena, deep_copy(work.arena, value_.value())))
      return work.fail("only a map can be added to all of", field_.text());
    return Outcome::passed;
  }

 private:
  Field field_;
  ConfigValue value_;
};

class AddExpression final : public Operation {
 public:
  AddExpression(Field field, Expression expression) : field_(std::move(field)), expression_(std::move(expression)) {}
  Outcome apply(Entry& entry, Work& work) const override {
    std::optional<Value> value = expression_.evaluate(entry, work.tools, work.problem);
    if (!value) return Outcome::failed;
    // What the expression found belongs to the entry already, or to a list of it twice.
    if (!field_.set(entry, work.arena, storable_copy(work.arena, *value)))
      return work.fail("only a map can be added to all of", field_.text());
    return Outcome::passed;
  }

 private:
  Field field_;
  Expression expression_;
};

class Copy final : public Operation {
 public:
  Copy(Field from, Field to) : from_(std::move(from)), to_(std::move(to)) {}
  Outcome apply(Entry& entry, Work& work) const override {
    Value value;
    if (!from_.get(entry, work.arena, value)) return work.fail("the field to copy is missing", from_.text());
    if (!to_.set(entry, work.arena, deep_copy(work.arena, value))) return work.fail("only a map can become all of", to_.text());
    return Outcome::passed;
  }

 private:
  Field from_;
  Field to_;
};

class Move final : public Operation {
 public:
  Move(Field from, Field to) : from_(std::move(from)), to_(std::move(to)) {}
  Outcome apply(Entry& entry, Work& work) const override {
    Value value;
    if (!from_.remove(entry, work.arena, &value)) return work.fail("the field to move is missing", from_.text());
    if (to_.set(entry, work.arena, value)) return Outcome::passed;
    from_.set(entry, work.arena, value);
    return work.fail("only a map can become all of", to_.text());
  }

 private:
  Field from_;
  Field to_;
};

class Remove final : public Operation {
 public:
  explicit Remove(Field field) : field_(std::move(field)) {}
  Outcome apply(Entry& entry, Work& work) const override {
    return field_.remove(entry, work.arena) ? Outcome::passed : work.fail("the field to remove is missing", field_.text());
  }

 private:
  Field field_;
};

// Of the parts that one of the fields belongs to, only the fields stay; the other parts stay whole.
class Retain final : public Operation {
 public:
  explicit Retain(std::vector<Field> fields) : fields_(std::move(fields)) {
    for (Field::Root root : {Field::Root::body, Field::Root::attributes, Field::Root::resource})
      if (std::any_of(fields_.begin(), fields_.end(), [&](const Field& field) { return field.root() == root; })) roots_.push_back(root);
  }
  Outcome apply(Entry& entry, Work& work) const override {
    std::vector<std::pair<const Field*, Value>> kept;
    for (const Field& field : fields_) {
      Value value;
      if (field.get(entry, work.arena, value)) kept.emplace_back(&field, value);
    }
    for (Field::Root root : roots_) Field::all_of(root).remove(entry, work.arena);
    for (const auto& [field, value] : kept) {
      // Copies, since one field may lie within another.
      if (!field->set(entry, work.arena, deep_copy(work.arena, value))) return work.fail("only a map can become all of", field->text());
    }
    return Outcome::passed;
  }

 private:
  std::vector<Field> fields_;
  std::vector<Field::Root> roots_;
};

class Flatten final : public Operation {
 public:
  explicit Flatten(Field field) : field_(std::move(field)), parent_(parent_of(field_)) {}
  Outcome apply(Entry& entry, Work& work) const override {
    Value value;
    if (!field_.get(entry, work.arena, value)) return work.fail("the field to flatten is missing", field_.text());
    if (!value.is_map()) return work.fail("only a map can be flattened", field_.text());
    field_.remove(entry, work.arena);
    parent_.set(entry, work.arena, value);
    return Outcome::passed;
  }

 private:
  static Field parent_of(const Field& field) {
    std::vector<std::string> keys = field.keys();
    if (!keys.empty()) keys.pop_back();
    return Field::in(field.root(), std::move(keys));
  }

  Field field_;
  Field parent_;
};

class AssignKeys final : public Operation {
 public:
  AssignKeys(Field field, std::vector<std::string> keys) : field_(std::move(field)), keys_(std::move(keys)) {}
  Outcome apply(Entry& entry, Work& work) const override {
    Value value;
    if (!field_.get(entry, work.arena, value)) return work.fail("the field with the list is missing", field_.text());
    if (!value.is_list()) return work.fail("keys can only be assigned to a list", field_.text());
    if (value.list->count != keys_.size()) return work.fail("the list does not have as many elements as there are keys", field_.text());
    Map* map = Map::create(work.arena, value.list->count);
    for (uint32_t i = 0; i < value.list->count; i++) map->set(work.arena, keys_[i], value.list->items[i]);
    field_.set(entry, work.arena, Value::of_map(map));
    return Outcome::passed;
  }

 private:
  Field field_;
  std::vector<std::string> keys_;
};

template <typename FromTo>
OperationPointer decode_from_to(config::Section& section) {
  std::optional<Field> from;
  std::optional<Field> to;
  require_field(section, "from", from, true);
  require_field(section, "to", to, true);
  return from && to ? std::make_unique<FromTo>(std::move(*from), std::move(*to)) : nullptr;
}

}  // namespace

std::optional<Expression> decode_expression(config::Section& section, std::string_view key, std::string_view text, bool is_condition) {
  Result<Expression> expression = Expression::compile(text);
  if (!expression) {
    section.error(key, fmt::format("cannot use the expression: {}", expression.status().message()));
    return std::nullopt;
  }
  for (const std::string& name : expression->unknown_names())
    section.warn(key, fmt::format("{} is always nil; an entry has body, attributes, resource and timestamp", name));
  if (is_condition && !expression->may_be_boolean()) section.error(key, "the expression is neither true nor false");
  return std::move(*expression);
}

OperationPointer decode_add(config::Section& section, Decoding&) {
  std::optional<Field> field;
  require_field(section, "field", field, true);
  const config::Node* node = section.take("value");
  if (!node || node->is_null()) {
    section.error("value", "missing: what to add");
    return nullptr;
  }
  const std::string* text = node->string_value();
  if (text && text->starts_with("EXPR(") && text->ends_with(")")) {
    std::optional<Expression> expression = decode_expression(section, "value", std::string_view(*text).substr(5, text->size() - 6), false);
    return field && expression ? std::make_unique<AddExpression>(std::move(*field), std::move(*expression)) : nullptr;
  }
  return field ? std::make_unique<AddValue>(std::move(*field), ConfigValue(*node)) : nullptr;
}

OperationPointer decode_copy(config::Section& section, Decoding&) { return decode_from_to<Copy>(section); }
OperationPointer decode_move(config::Section& section, Decoding&) { return decode_from_to<Move>(section); }

OperationPointer decode_remove(config::Section& section, Decoding&) {
  std::optional<Field> field;
  return require_field(section, "field", field, true) ? std::make_unique<Remove>(std::move(*field)) : nullptr;
}

OperationPointer decode_retain(config::Section& section, Decoding&) {
  std::vector<Field> fields;
  section.list("fields", [&](config::Section& item) {
    std::string text;
    if (!item.as_string(text)) return;
    Result<Field> field = Field::parse(text, true);
    if (!field) return item.error(fmt::format("{} is not a field: {}", text, field.status().message()));
    fields.push_back(std::move(*field));
  });
  section.require(section.has("fields"), "fields", "missing: the fields that stay");
  return std::make_unique<Retain>(std::move(fields));
}

OperationPointer decode_flatten(config::Section& section, Decoding&) {
  std::optional<Field> field;
  return require_field(section, "field", field) ? std::make_unique<Flatten>(std::move(*field)) : nullptr;
}

OperationPointer decode_assign_keys(config::Section& section, Decoding&) {
  std::optional<Field> field;
  std::vector<std::string> keys;
  require_field(section, "field", field);
  section.field("keys", keys);
  section.require(!keys.empty(), "keys", "missing: a name for each element of the list");
  return field ? std::make_unique<AssignKeys>(std::move(*field), std::move(keys)) : nullptr;
}

}  // namespace vigia::operators
