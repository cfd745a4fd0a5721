#pragma once

// Small JSON objects as text: answers of the API and the like. Telemetry has otlp/json_write.h.
//
//   JsonObjectWriter object(out);
//   object.text("name", name);
//   object.key("part");
//   JsonObjectWriter part(out);
//   …
//   part.end();
//   object.end();

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vigia {

// Appends to `out`, which outlives it. Names are not checked for being different.
class JsonObjectWriter {
 public:
  explicit JsonObjectWriter(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view name, std::string_view value);
  // Leaves out what is empty.
  void text_if_any(std::string_view name, std::string_view value);
  void number(std::string_view name, int64_t value);
  void texts(std::string_view name, const std::vector<std::string>& values);
  void pairs(std::string_view name, const std::vector<std::pair<std::string, std::string>>& values);
  // What follows is the member's value, which the caller appends.
  void key(std::string_view name);
  void end() { out_ += '}'; }

 private:
  void quoted(std::string_view text);

  std::string& out_;
  bool is_first_ = true;
};

}  // namespace vigia
