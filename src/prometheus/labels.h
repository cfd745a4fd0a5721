#pragma once

// Labels as people configure and rewrite them: few, and owned. What is done for every sample works on bytes instead.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vigia::prometheus {

constexpr std::string_view name_label = "__name__";
constexpr std::string_view job_label = "job";
constexpr std::string_view instance_label = "instance";
constexpr std::string_view bucket_label = "le";
constexpr std::string_view quantile_label = "quantile";

struct Label {
  std::string name;
  std::string value;
  auto operator<=>(const Label&) const = default;
};

// A label with an empty value is the same as none: set() with one removes it.
class LabelList {
 public:
  LabelList() = default;
  LabelList(std::initializer_list<Label> labels) : labels_(labels) {}

  std::string_view get(std::string_view name) const {
    const Label* label = find(name);
    return label ? std::string_view(label->value) : std::string_view();
  }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  void set(std::string_view name, std::string_view value) {
    if (value.empty()) {
      remove(name);
      return;
    }
    auto found = std::find_if(labels_.begin(), labels_.end(), [&](const Label& label) { return label.name == name; });
    if (found != labels_.end())
      found->value = value;
    else
      labels_.push_back({std::string(name), std::string(value)});
  }
  // Without looking whether the name is there already.
  void add(std::string_view name, std::string_view value) { labels_.push_back({std::string(name), std::string(value)}); }
  void remove(std::string_view name) {
    std::erase_if(labels_, [&](const Label& label) { return label.name == name; });
  }
  template <typename Condition>
  void remove_if(Condition&& condition) {
    std::erase_if(labels_, std::forward<Condition>(condition));
  }
  void clear() { labels_.clear(); }
  void sort() { std::sort(labels_.begin(), labels_.end()); }

  size_t size() const { return labels_.size(); }
  bool empty() const { return labels_.empty(); }
  auto begin() const { return labels_.begin(); }
  auto end() const { return labels_.end(); }
  bool operator==(const LabelList&) const = default;

  // {job="node", instance="localhost:9100"}, for people.
  std::string to_string() const {
    std::string text = "{";
    for (const Label& label : labels_) text += (text.size() > 1 ? ", " : "") + label.name + "=\"" + label.value + "\"";
    return text + "}";
  }

 private:
  const Label* find(std::string_view name) const {
    auto found = std::find_if(labels_.begin(), labels_.end(), [&](const Label& label) { return label.name == name; });
    return found == labels_.end() ? nullptr : &*found;
  }

  std::vector<Label> labels_;
};

}  // namespace vigia::prometheus
