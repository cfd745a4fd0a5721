#include "processors/resourcedetection/detector.h"

#include <algorithm>

#include "base/utf8.h"
#include "otlp/wire.h"

namespace vigia::processors {

namespace {

std::string text_value(std::string_view text) {
  std::string value;
  otlp::append_bytes_field(value, 1, is_valid_utf8(text) ? std::string(text) : repair_utf8(text));
  return value;
}

}  // namespace

bool FoundAttributes::has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first == name; });
}

void FoundAttributes::add(std::string_view name, std::string_view text) {
  if (!text.empty() && !has(name)) entries_.emplace_back(name, text_value(text));
}

void FoundAttributes::add_int(std::string_view name, int64_t value) {
  std::string number;
  otlp::append_varint_field(number, 3, static_cast<uint64_t>(value));
  if (!has(name)) entries_.emplace_back(name, std::move(number));
}

void FoundAttributes::add_list(std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty() || has(name)) return;
  std::string list;
  for (const std::string& text : texts) otlp::append_bytes_field(list, 1, text_value(text));
  std::string value;
  otlp::append_bytes_field(value, 5, list);
  entries_.emplace_back(name, std::move(value));
}

void FoundAttributes::merge(const FoundAttributes& later) {
  for (const auto& entry : later.entries_)
    if (!has(entry.first)) entries_.push_back(entry);
}

std::string FoundAttributes::names() const {
  std::string names;
  for (const auto& [name, value] : entries_) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace vigia::processors
