#include "prometheus/label_set.h"

#include <algorithm>
#include <charconv>

#include "otlp/value_text.h"

namespace vigia::prometheus {

namespace {}  // namespace

std::string_view AttributeLabels::value_text(const otlp::ValueView& value, Scratch& scratch) {
  if (value.kind() == otlp::ValueKind::string) return value.string();
  if (value.kind() == otlp::ValueKind::boolean) return value.boolean() ? "true" : "false";
  if (value.kind() == otlp::ValueKind::integer) {
    char digits[24];
    return scratch.copy({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value.integer()).ptr - digits)});
  }
  text_.clear();
  otlp::append_value_text(text_, value);
  return scratch.copy(text_);
}

void AttributeLabels::add(std::string_view key, std::string_view value, Scratch& scratch) {
  if (key.empty() || value.empty()) return;
  entries_.push_back({{namer_.build(key, scratch), value}, key, entries_.size()});
}

void AttributeLabels::finish(Scratch& scratch, std::vector<LabelView>& out) {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    if (int order = a.label.name.compare(b.label.name); order != 0) return order < 0;
    if (int order = a.key.compare(b.key); order != 0) return order < 0;
    return a.place < b.place;
  });
  out.clear();
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    auto end = std::find_if(entry, entries_.end(), [&](const Entry& one) { return one.label.name != entry->label.name; });
    out.push_back({entry->label.name, end - entry == 1 ? entry->label.value : joined({entry, end}, scratch)});
    entry = end;
  }
  entries_.clear();
}

// All at once: there may be very many.
std::string_view AttributeLabels::joined(std::span<const Entry> entries, Scratch& scratch) {
  size_t most_bytes = 0;
  for (const Entry& entry : entries) most_bytes += entry.label.value.size() + 1;
  char* text = scratch.take(most_bytes);
  size_t size = 0;
  for (const Entry& entry : entries) {
    std::string_view value = entry.label.value;
    if (std::string_view(text, size) == value) continue;
    if (size > 0) text[size++] = ';';
    if (!value.empty()) std::memcpy(text + size, value.data(), value.size());
    size += value.size();
  }
  scratch.give_back(most_bytes - size);
  return {text, size};
}

void merge_labels(LabelSpan strong, LabelSpan weak, std::vector<LabelView>& out) {
  out.clear();
  auto s = strong.begin();
  auto w = weak.begin();
  while (s != strong.end() && w != weak.end()) {
    int order = s->name.compare(w->name);
    if (order <= 0) out.push_back(*s++);
    if (order > 0)
      out.push_back(*w++);
    else if (order == 0)
      ++w;
  }
  out.insert(out.end(), s, strong.end());
  out.insert(out.end(), w, weak.end());
}

}  // namespace vigia::prometheus
