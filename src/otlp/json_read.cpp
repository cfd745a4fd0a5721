#include "otlp/json_read.h"

#include <string>

#define SIMDJSON_EXCEPTIONS 0
#define SIMDJSON_DEVELOPMENT_CHECKS 0
#include <simdjson.h>

#include "base/text.h"
#include "base/utf8.h"
#include "otlp/json_scalar.h"
#include "otlp/json_schema.h"
#include "otlp/view.h"
#include "otlp/wire.h"

namespace vigia::otlp {

namespace {

namespace ondemand = simdjson::ondemand;

// Where in the document we are: the way back to its root, for messages.
struct Place {
  const Place* parent = nullptr;
  std::string_view name;
  int64_t index = -1;  // in an array; -1 when the value is not in one

  std::string path() const {
    std::string text = parent ? parent->path() : std::string();
    if (!text.empty()) text += '.';
    text += name;
    if (index >= 0) text += '[' + std::to_string(index) + ']';
    return text;
  }
};

// Long paths come only from hostile nesting; their beginning says enough.
constexpr size_t longest_path = 300;

Status problem(const Place& place, std::string_view what) {
  std::string path = place.path();
  if (path.size() > longest_path) path = path.substr(0, longest_path) + "…";
  if (path.empty()) path = "the document";
  return invalid_argument(path + ": " + std::string(what));
}

Status expected(const Place& place, std::string_view what) { return problem(place, "expected " + std::string(what)); }

// A scalar's token without the blanks behind it.
std::string_view token_of(ondemand::value& value) { return trim(value.raw_json_token()); }

// Which fields of a message have been given.
class Given {
 public:
  explicit Given(const JsonMessage& schema) : schema_(schema) {}

  // False when the field, or another of its choice, was given before.
  bool add(const JsonField& field) {
    if (field.is_repeated) return true;
    uint32_t bit = 1U << index_of(field);
    uint32_t choice_bit = field.choice == 0 ? 0 : 1U << (max_json_fields + field.choice);
    if ((given_ & (bit | choice_bit)) != 0) return false;
    given_ |= bit | choice_bit;
    return true;
  }
  size_t index_of(const JsonField& field) const { return static_cast<size_t>(&field - schema_.fields.data()); }

 private:
  const JsonMessage& schema_;
  uint32_t given_ = 0;
};

class Reader {
 public:
  // `text_end` is where the document ends.
  Reader(Appender& out, const char* text_end) : out_(out), text_end_(text_end), scalars_(out) {}

  Status read_message(const JsonMessage& schema, ondemand::object object, const Place& place, size_t value_depth);
  size_t repaired_count() const { return scalars_.repaired_count(); }

 private:
  Status read_field(const JsonField& field, ondemand::value value, const Place& place, size_t value_depth);
  Status read_array(const JsonField& field, ondemand::value value, Place& place, size_t value_depth);
  Status read_packed(const JsonField& field, ondemand::array array, Place& place);
  Status read_embedded(const JsonField& field, ondemand::value value, const Place& place, size_t value_depth);

  Appender& out_;
  const char* text_end_;
  JsonScalars scalars_;
};

Status malformed(const Place& place, simdjson::error_code error) {
  return problem(place, std::string("malformed JSON: ") + simdjson::error_message(error));
}

Status Reader::read_message(const JsonMessage& schema, ondemand::object object, const Place& place, size_t value_depth) {
  Given given(schema);
  size_t next_index = 0;
  for (auto entry : object) {
    ondemand::field json_field;
    if (simdjson::error_code error = std::move(entry).get(json_field)) return malformed(place, error);
    std::string_view name;
    if (simdjson::error_code error = json_field.unescaped_key().get(name)) return malformed(place, error);
    const JsonField* field = find_field(schema, name, next_index);
    if (!field) continue;
    next_index = (given.index_of(*field) + 1) % schema.fields.size();
    Place field_place{&place, field->name};
    ondemand::value value = std::move(json_field).value();
    if (token_of(value) == "null") continue;
    if (!given.add(*field))
      return problem(field_place, field->choice ? "given twice, or together with another of its choice" : "given twice");
    RETURN_IF_ERROR(field->is_repeated ? read_array(*field, value, field_place, value_depth)
                                       : read_field(*field, value, field_place, value_depth));
  }
  return {};
}

Status Reader::read_field(const JsonField& field, ondemand::value value, const Place& place, size_t value_depth) {
  if (field.kind == JsonKind::message) return read_embedded(field, value, place, value_depth);
  if (!scalars_.write(field, token_of(value))) return expected(place, expectation_of(field.kind));
  return {};
}

Status Reader::read_array(const JsonField& field, ondemand::value value, Place& place, size_t value_depth) {
  ondemand::array array;
  if (value.get_array().get(array)) return expected(place, "an array");
  if (field.kind != JsonKind::message && field.kind != JsonKind::string) return read_packed(field, array, place);
  for (auto entry : array) {
    place.index++;
    ondemand::value element;
    if (simdjson::error_code error = std::move(entry).get(element)) return malformed(place, error);
    RETURN_IF_ERROR(read_field(field, element, place, value_depth));
  }
  return {};
}

Status Reader::read_packed(const JsonField& field, ondemand::array array, Place& place) {
  size_t start = out_.size();
  NestedMessage packed(out_, bytes_tag(field.number), 100);
  size_t content = out_.size();
  for (auto entry : array) {
    place.index++;
    ondemand::value element;
    if (simdjson::error_code error = std::move(entry).get(element)) return malformed(place, error);
    if (!scalars_.write_packed(field, token_of(element))) return expected(place, expectation_of(field.kind));
  }
  if (out_.size() == content) {
    out_.truncate(start);
  } else {
    packed.close();
  }
  return {};
}

Status Reader::read_embedded(const JsonField& field, ondemand::value value, const Place& place, size_t value_depth) {
  if (field.message == &json_any_value() && ++value_depth > max_value_levels)
    return problem(place, "values nest deeper than " + std::to_string(max_value_levels) + " levels");
  size_t size_hint = field.message->typical_bytes;
  // A wrong hint costs one move of the content, and hostile nesting would make us pay that once a level: there, we suppose that
  // all the rest of the document belongs to the value.
  std::string_view token = value.raw_json_token();
  if (value_depth > 2) size_hint = static_cast<size_t>(text_end_ - token.data());
  NestedMessage message(out_, bytes_tag(field.number), size_hint);
  // Some senders write null for an empty value in a list.
  if (field.is_repeated && trim(token) == "null") {
    message.close();
    return {};
  }
  ondemand::object object;
  if (value.get_object().get(object)) return expected(place, "an object");
  RETURN_IF_ERROR(read_message(*field.message, object, place, value_depth));
  message.close();
  return {};
}

// Memory that a library takes for us, on the ledger for as long as this lives.
class Charge {
 public:
  Charge(MemoryLedger& ledger, size_t bytes) : ledger_(ledger), bytes_(static_cast<int64_t>(bytes)) { ledger_.charge(bytes_); }
  ~Charge() { ledger_.charge(-bytes_); }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

 private:
  MemoryLedger& ledger_;
  int64_t bytes_;
};

size_t count_replacements(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find("\xEF\xBF\xBD"); at != std::string_view::npos; at = text.find("\xEF\xBF\xBD", at + 3)) count++;
  return count;
}

// The document in a buffer with the room behind it that the parser reads ahead into.
Buffer padded_copy(std::string_view json, MemoryLedger& ledger) {
  Buffer buffer = Buffer::allocate(json.size() + simdjson::SIMDJSON_PADDING, ledger);
  if (!json.empty()) std::memcpy(buffer.data(), json.data(), json.size());
  std::memset(buffer.data() + json.size(), 0, simdjson::SIMDJSON_PADDING);
  return buffer;
}

Result<JsonRequest> read_document(Signal signal, std::string_view json, MemoryLedger& ledger) {
  Place root;
  Buffer text = padded_copy(json, ledger);
  // The parser's index of four bytes and its buffer for unescaped keys of five thirds of a byte, for each byte of text.
  Charge parser_memory(ledger, json.size() * 6);
  ondemand::parser parser;
  ondemand::document document;
  if (simdjson::error_code error = parser.iterate(text.data(), json.size(), text.capacity()).get(document)) return malformed(root, error);
  ondemand::object object;
  if (simdjson::error_code error = document.get_object().get(object))
    return error == simdjson::INCORRECT_TYPE ? expected(root, "an object") : malformed(root, error);
  Appender out(ledger, json.size() / 2);
  Reader reader(out, text.data() + json.size());
  RETURN_IF_ERROR(reader.read_message(json_request(signal), object, root, 0));
  const char* behind = nullptr;
  if (document.current_location().get(behind) == simdjson::SUCCESS) return problem(root, "expected nothing behind the object");
  return JsonRequest{out.take(), reader.repaired_count()};
}

}  // namespace

Result<JsonRequest> read_json(Signal signal, std::string_view json, MemoryLedger& ledger) {
  if (json.starts_with("\xEF\xBB\xBF")) json.remove_prefix(3);
  if (is_valid_utf8(json)) return read_document(signal, json, ledger);
  Charge repaired_memory(ledger, json.size());
  std::string repaired = repair_utf8(json);
  Result<JsonRequest> result = read_document(signal, repaired, ledger);
  if (result) result->repaired_count += count_replacements(repaired) - count_replacements(json);
  return result;
}

}  // namespace vigia::otlp
