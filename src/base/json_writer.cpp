#include "base/json_writer.h"

#include "base/log.h"

namespace vigia {

void JsonObjectWriter::quoted(std::string_view text) {
  out_ += '"';
  append_json_escaped(out_, text);
  out_ += '"';
}

void JsonObjectWriter::key(std::string_view name) {
  if (!is_first_) out_ += ',';
  is_first_ = false;
  quoted(name);
  out_ += ':';
}

void JsonObjectWriter::text(std::string_view name, std::string_view value) {
  key(name);
  quoted(value);
}

void JsonObjectWriter::text_if_any(std::string_view name, std::string_view value) {
  if (!value.empty()) text(name, value);
}

void JsonObjectWriter::number(std::string_view name, int64_t value) {
  key(name);
  out_ += std::to_string(value);
}

void JsonObjectWriter::texts(std::string_view name, const std::vector<std::string>& values) {
  key(name);
  out_ += '[';
  for (size_t i = 0; i < values.size(); i++) {
    if (i > 0) out_ += ',';
    quoted(values[i]);
  }
  out_ += ']';
}

void JsonObjectWriter::pairs(std::string_view name, const std::vector<std::pair<std::string, std::string>>& values) {
  key(name);
  JsonObjectWriter object(out_);
  for (const auto& [key, value] : values) object.text(key, value);
  object.end();
}

}  // namespace vigia
