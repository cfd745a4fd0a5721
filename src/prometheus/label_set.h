#pragma once

// The labels of a series while a request is translated: views, sorted by name, each name once.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "otlp/attribute_view.h"
#include "prometheus/names.h"
#include "prometheus/scratch.h"

namespace vigia::prometheus {

struct LabelView {
  std::string_view name;
  std::string_view value;
  bool operator==(const LabelView&) const = default;
};
using LabelSpan = std::span<const LabelView>;

// Gathers attributes as labels. Names that become the same one are joined: of different values "a;b", in the order of the attributes' keys.
// Attributes without a name or with an empty value are none.
class AttributeLabels {
 public:
  explicit AttributeLabels(LabelNamer namer) : namer_(namer) {}

  // The text of labels lives in `scratch` or in the attributes' message.
  void add(const otlp::AttributeView& attribute, Scratch& scratch) { add(attribute.key, value_text(attribute.value(), scratch), scratch); }
  void add(std::string_view key, std::string_view value, Scratch& scratch);
  // Sorts and joins what was added, and forgets it.
  void finish(Scratch& scratch, std::vector<LabelView>& out);

  std::string_view value_text(const otlp::ValueView& value, Scratch& scratch);

 private:
  struct Entry {
    LabelView label;
    std::string_view key;
    size_t place;
  };
  static std::string_view joined(std::span<const Entry> entries, Scratch& scratch);

  LabelNamer namer_;
  std::vector<Entry> entries_;
  std::string text_;
};

// Both sorted by name; where both have a name, `strong` counts.
void merge_labels(LabelSpan strong, LabelSpan weak, std::vector<LabelView>& out);

}  // namespace vigia::prometheus
