#pragma once

// What an OTTL expression gives: a small value that borrows the telemetry (or the scratch memory of the evaluation) it came from.

#include <cstdint>
#include <string>
#include <string_view>

#include "otlp/view.h"
#include "ottl/syntax.h"

namespace vigia::ottl {

struct Value {
  enum class Type : uint8_t {
    nil,
    boolean,
    integer,
    floating,
    text,
    bytes,
    map,       // the KeyValues of field `number` in the message `content`
    list,      // the AnyValues of field `number` in the message `content`
    messages,  // the same of other messages (events, links, exemplars, points): only their number can be asked for
    time,      // integer: nanoseconds since 1970
    duration,  // integer: nanoseconds
  };

  Type type = Type::nil;
  uint32_t number = 0;
  union {
    int64_t integer = 0;
    double floating;
    bool boolean;
  };
  std::string_view content;

  static Value of_boolean(bool value) {
    Value result;
    result.type = Type::boolean;
    result.boolean = value;
    return result;
  }
  static Value of_integer(int64_t value) { return of_number(Type::integer, value); }
  static Value of_time(int64_t unix_ns) { return of_number(Type::time, unix_ns); }
  static Value of_duration(int64_t ns) { return of_number(Type::duration, ns); }
  static Value of_floating(double value) {
    Value result;
    result.type = Type::floating;
    result.floating = value;
    return result;
  }
  static Value of_text(std::string_view text) { return of_content(Type::text, text); }
  static Value of_bytes(std::string_view bytes) { return of_content(Type::bytes, bytes); }
  // The id of a trace or span: bytes that mean "not set" when all of them are zero.
  static Value of_id(std::string_view bytes) { return of_content(Type::bytes, bytes, id_mark); }
  static Value of_map(std::string_view message, uint32_t field_number) { return of_content(Type::map, message, field_number); }
  static Value of_list(std::string_view message, uint32_t field_number) { return of_content(Type::list, message, field_number); }
  static Value of_messages(std::string_view message, uint32_t field_number) { return of_content(Type::messages, message, field_number); }
  // Of an AnyValue message; an empty one is nil.
  static Value of_any(std::string_view message);

  bool is_nil() const { return type == Type::nil; }
  bool is_id() const { return type == Type::bytes && number == id_mark; }
  bool is_number() const { return type == Type::integer || type == Type::floating; }
  double as_double() const { return type == Type::integer ? static_cast<double>(integer) : floating; }
  otlp::Attributes attributes() const { return {content, number}; }
  otlp::RepeatedMessages items() const { return {content, number}; }

 private:
  static constexpr uint32_t id_mark = 1;

  static Value of_number(Type type, int64_t value) {
    Value result;
    result.type = type;
    result.integer = value;
    return result;
  }
  static Value of_content(Type type, std::string_view content, uint32_t number = 0) {
    Value result;
    result.type = type;
    result.number = number;
    result.content = content;
    return result;
  }
};

// "a text", "a map", for messages.
std::string_view type_name(Value::Type type);

// OTTL's rules: integers and floats compare as numbers, other values only with their own type. Values of different types are
// unequal and neither less nor greater; maps and lists know only equality.
bool compare(const Value& left, Comparator comparator, const Value& right);

// How many entries, items or messages there are.
size_t count_of(const Value& value);

// Appends the value as text: a text as it is, numbers and booleans as the Collector writes them, bytes in hexadecimal, maps and
// lists as JSON with sorted keys; nil gives nothing.
void append_text(std::string& out, const Value& value);

// The same, but bytes in base64 and floats as in JSON ("1e-7") or "Infinity": how values appear where the Collector turns an attribute
// or a body into text.
void append_display_text(std::string& out, const Value& value);

// Like the one before, but floats never with an exponent: what include/exclude patterns are matched with.
void append_matching_text(std::string& out, const Value& value);

// Appends the value as an AnyValue message.
void append_any_value(std::string& out, const Value& value);

}  // namespace vigia::ottl
