#include "otlp/attribute_view.h"

namespace vigia::otlp {

void ValueView::read() {
  Cursor cursor(message_);
  Field field;
  while (cursor.next(field)) {
    switch (field.tag) {
      case bytes_tag(1):
        kind_ = ValueKind::string;
        break;
      case varint_tag(2):
        kind_ = ValueKind::boolean;
        break;
      case varint_tag(3):
        kind_ = ValueKind::integer;
        break;
      case fixed64_tag(4):
        kind_ = ValueKind::real;
        break;
      case bytes_tag(5):
        kind_ = ValueKind::array;
        break;
      case bytes_tag(6):
        kind_ = ValueKind::map;
        break;
      case bytes_tag(7):
        kind_ = ValueKind::bytes;
        break;
      case varint_tag(8):
        kind_ = ValueKind::empty;
        break;  // an index into a table that only profiles have
      default:
        continue;
    }
    content_ = field.content;
    number_ = field.number;
  }
}

AttributeView read_attribute(std::string_view key_value) {
  AttributeView attribute;
  Cursor cursor(key_value);
  Field field;
  while (cursor.next(field)) {
    if (field.tag == bytes_tag(1)) attribute.key = field.content;
    if (field.tag == bytes_tag(2)) attribute.value_message = field.content;
  }
  return attribute;
}

bool Attributes::Iterator::read_any() {
  Cursor cursor({at_, static_cast<size_t>(end_ - at_)});
  Field field;
  if (!cursor.next(field)) {
    at_ = end_;
    return false;
  }
  at_ = cursor.position();
  if (field.tag != tag_) return false;
  attribute_ = read_attribute(field.content);
  return true;
}

}  // namespace vigia::otlp
