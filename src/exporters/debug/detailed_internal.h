#pragma once

// Lines of the detailed form that more than one signal uses.

#include <string>
#include <string_view>

#include <fmt/core.h>

#include "exporters/debug/text.h"

namespace vigia::exporters {

class DetailedText {
 public:
  template <typename... Values>
  void line(fmt::format_string<Values...> format, Values&&... values) {
    text_ += fmt::format(format, std::forward<Values>(values)...);
    text_ += '\n';
  }
  // "    Trace ID       : 0102".
  void field(std::string_view name, std::string_view value) { line("    {:<15}: {}", name, value); }
  // A header and a line for each attribute; nothing when there are none. `indent` is the header's own.
  void attributes(std::string_view header, const otlp::Attributes& attributes, std::string_view indent = "");
  void resource(std::string_view title, size_t index, const otlp::ResourceGroup& group);
  void scope(std::string_view title, size_t index, const otlp::ScopeGroup& group);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void append_span(DetailedText& out, size_t index, std::string_view span);
void append_metric(DetailedText& out, size_t index, std::string_view metric);
void append_log_record(DetailedText& out, size_t index, std::string_view record);

}  // namespace vigia::exporters
