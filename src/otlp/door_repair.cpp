// The copy that the door makes of a request which is not quite right.

#include <string>
#include <string_view>

#include "base/utf8.h"
#include "otlp/door_internal.h"
#include "otlp/wire.h"

namespace vigia::otlp::door {

namespace {

class Repair {
 public:
  explicit Repair(Appender& out) : out_(out) {}

  void message(MessageType type, std::string_view content) {
    const MessageRule& rules = rules_of(type);
    uint32_t done_once = 0;
    Cursor cursor(content);
    Field field;
    while (cursor.next(field)) {
      const FieldRule& rule = rule_of(rules, field.id());
      if (rule.once == 0) {
        append(rule, field);
      } else if ((done_once & rule.once) == 0) {
        done_once |= rule.once;
        append_joined(rules, rule.once, {field.whole.data(), static_cast<size_t>(content.data() + content.size() - field.whole.data())});
      }
    }
  }
  size_t repaired_strings() const { return repaired_strings_; }

 private:
  void append(const FieldRule& rule, const Field& field) {
    if (rule.kind == FieldKind::message) {
      NestedMessage nested(out_, field.tag, field.content.size());
      message(rule.message, field.content);
      nested.close();
    } else if (rule.kind == FieldKind::text && !is_valid_utf8(field.content)) {
      append_bytes_field(out_, field.id(), repair_utf8(field.content));
      repaired_strings_++;
    } else {
      out_.append(field.whole);
    }
  }

  // What the fields that share the bit `once` come to, which begin at the beginning of `content`: the last one, joined with
  // those before it if it is a message and they are the same field.
  void append_joined(const MessageRule& rules, uint32_t once, std::string_view content) {
    Field last;
    size_t count = 0;
    std::string joined;
    Cursor cursor(content);
    Field field;
    while (cursor.next(field)) {
      const FieldRule& rule = rule_of(rules, field.id());
      if (rule.once != once) continue;
      bool continues = count > 0 && field.tag == last.tag && rule.kind == FieldKind::message;
      if (continues && count == 1) joined = last.content;
      if (continues) joined += field.content;
      count = continues ? count + 1 : 1;
      last = field;
    }
    if (count > 1) last.content = joined;
    append(rule_of(rules, last.id()), last);
  }

  Appender& out_;
  size_t repaired_strings_ = 0;
};

}  // namespace

size_t repair(MessageType type, std::string_view message, Appender& out) {
  Repair repair(out);
  repair.message(type, message);
  return repair.repaired_strings();
}

}  // namespace vigia::otlp::door
