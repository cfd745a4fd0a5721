// Operators on one text: unquote, sanitize_utf8.

#include "base/utf8.h"
#include "operators/field.h"
#include "operators/operator_types_internal.h"
#include "operators/unquote.h"

namespace vigia::operators {

namespace {

class Unquote final : public Operation {
 public:
  explicit Unquote(Field field) : field_(std::move(field)) {}
  Outcome apply(Entry& entry, Work& work) const override {
    Value value;
    if (!field_.get(entry, work.arena, value)) return Outcome::passed;
    if (!value.is_text()) return work.fail("only a text can be unquoted, not", type_name(value.type));
    std::string text;
    if (!unquote(value.text(), text)) return work.fail("this is no text in quotes", value.text());
    if (!is_valid_utf8(text)) text = repair_utf8(text);
    field_.set(entry, work.arena, Value::of_text(work.arena.copy(text)));
    return Outcome::passed;
  }

 private:
  Field field_;
};

// Every text is valid from the moment it gets here; the receiver sees to that.
class SanitizeUtf8 final : public Operation {
 public:
  explicit SanitizeUtf8(Field field) : field_(std::move(field)) {}
  Outcome apply(Entry& entry, Work& work) const override {
    Value value;
    if (!field_.get(entry, work.arena, value) || value.is_text()) return Outcome::passed;
    return work.fail("this is not a text but", type_name(value.type));
  }

 private:
  Field field_;
};

}  // namespace

OperationPointer decode_unquote(config::Section& section, Decoding&) {
  std::optional<Field> field;
  return require_field(section, "field", field) ? std::make_unique<Unquote>(std::move(*field)) : nullptr;
}

OperationPointer decode_sanitize_utf8(config::Section& section, Decoding&) {
  Field field = Field::all_of(Field::Root::body);
  decode_field(section, "field", field);
  return std::make_unique<SanitizeUtf8>(std::move(field));
}

}  // namespace vigia::operators
