#include "exporters/prometheus/encoded_labels.h"

#include <cstdint>
#include <cstring>

namespace vigia::exporters {

using prometheus::LabelSpan;
using prometheus::LabelView;

namespace {

void append_text(std::string& out, std::string_view text) {
  auto size = static_cast<uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out += text;
}

std::string_view take_text(std::string_view& from) {
  uint32_t size = 0;
  std::memcpy(&size, from.data(), sizeof size);
  std::string_view text = from.substr(sizeof size, size);
  from.remove_prefix(sizeof size + size);
  return text;
}

}  // namespace

void encode_labels(LabelSpan labels, std::string& out) {
  out.clear();
  for (const LabelView& label : labels) {
    append_text(out, label.name);
    append_text(out, label.value);
  }
}

void decode_labels(std::string_view encoded, std::vector<LabelView>& out) {
  out.clear();
  while (!encoded.empty()) {
    std::string_view name = take_text(encoded);
    out.push_back({name, take_text(encoded)});
  }
}

}  // namespace vigia::exporters
