#include "config/section.h"

#include <algorithm>

#include "base/text.h"
#include "config/scalar_text.h"
#include "config/secret_names.h"
#include "config/values_internal.h"

namespace vigia::config {
namespace {

// Longer words are no slips of a key, and comparing them would take long.
constexpr size_t max_suggested_bytes = 100;

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  return word.size() > max_suggested_bytes ? "" : nearest_word(word, candidates);
}

std::string joined(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

int64_t to_ms(int64_t ns) {
  constexpr int64_t ns_per_ms = 1'000'000;
  return ns / ns_per_ms + (ns % ns_per_ms > 0 ? 1 : 0);
}

}  // namespace

Section::Section(const Node& node, std::string path, Diagnostics& diagnostics, Position key_position)
    : node_(node),
      path_(std::move(path)),
      diagnostics_(diagnostics),
      key_position_(std::move(key_position)),
      errors_before_(diagnostics.error_count()) {}

const Position& Section::position() const { return key_position_.line != 0 ? key_position_ : node_.position; }

Position Section::position_of(std::string_view key) const {
  const MapEntry* entry = key.empty() ? nullptr : node_.find(key);
  if (entry == nullptr) return position();
  return entry->value.is_scalar() ? entry->value.position : entry->key_position;
}

void Section::check_is_map() {
  if (is_shape_checked_) return;
  is_shape_checked_ = true;
  if (node_.is_map() || node_.is_null() || is_taken_whole_) return;
  diagnostics_.error(node_.position, path_, "expected a map, found " + describe(node_));
}

const Node* Section::known(std::string_view key) {
  check_is_map();
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const MapEntry* entry = node_.find(key);
  return entry == nullptr ? nullptr : &entry->value;
}

template <typename T>
bool Section::read_key(std::string_view key, T& out, bool is_secret) {
  const Node* value = known(key);
  return value != nullptr && ValueReader(diagnostics_, is_secret).read(*value, child_path(path_, key), out);
}

template <typename T>
bool Section::read_own(T& out, bool is_secret) {
  is_taken_whole_ = true;
  return ValueReader(diagnostics_, is_secret).read(node_, path_, out);
}

bool Section::field(std::string_view key, bool& out) { return read_key(key, out); }
bool Section::field(std::string_view key, int64_t& out) { return read_key(key, out); }
bool Section::field(std::string_view key, uint64_t& out) { return read_key(key, out); }
bool Section::field(std::string_view key, int32_t& out) { return read_key(key, out); }
bool Section::field(std::string_view key, uint32_t& out) { return read_key(key, out); }
bool Section::field(std::string_view key, uint16_t& out) { return read_key(key, out); }
bool Section::field(std::string_view key, double& out) { return read_key(key, out); }
bool Section::field(std::string_view key, std::string& out) { return read_key(key, out); }
bool Section::field(std::string_view key, std::vector<std::string>& out) { return read_key(key, out); }
bool Section::field(std::string_view key, std::vector<int64_t>& out) { return read_key(key, out); }
bool Section::field(std::string_view key, std::vector<double>& out) { return read_key(key, out); }
bool Section::field(std::string_view key, std::map<std::string, std::string>& out) { return read_key(key, out); }

bool Section::duration_ns(std::string_view key, int64_t& out) {
  DurationNs duration;
  if (!read_key(key, duration)) return false;
  out = duration.value;
  return true;
}

bool Section::duration_ms(std::string_view key, int64_t& out) {
  int64_t ns = 0;
  if (!duration_ns(key, ns)) return false;
  out = to_ms(ns);
  return true;
}

bool Section::duration_ms(std::string_view key, std::optional<int64_t>& out) {
  int64_t value = 0;
  if (!duration_ms(key, value)) return false;
  out = value;
  return true;
}

bool Section::size_bytes(std::string_view key, uint64_t& out) {
  SizeBytes size;
  if (!read_key(key, size)) return false;
  out = size.value;
  return true;
}

bool Section::size_bytes(std::string_view key, std::optional<uint64_t>& out) {
  uint64_t value = 0;
  if (!size_bytes(key, value)) return false;
  out = value;
  return true;
}

bool Section::secret(std::string_view key, std::string& out) { return read_key(key, out, true); }
bool Section::secret(std::string_view key, std::map<std::string, std::string>& out) { return read_key(key, out, true); }

bool Section::secret(std::string_view key, std::optional<std::string>& out) {
  std::string value;
  if (!secret(key, value)) return false;
  out = std::move(value);
  return true;
}

std::optional<size_t> Section::choice_index(std::string_view key, const std::vector<std::string>& names) {
  std::string value;
  if (!read_key(key, value)) return std::nullopt;
  auto exact = std::find(names.begin(), names.end(), value);
  if (exact == names.end()) {
    exact = std::find_if(names.begin(), names.end(), [&value](const std::string& name) { return equals_ignoring_case(name, value); });
  }
  if (exact != names.end()) return static_cast<size_t>(exact - names.begin());
  std::string listed;
  for (const std::string& name : names) listed += (listed.empty() ? "" : ", ") + quoted(name);
  std::string message = "expected one of " + listed + ", found " + quoted(shortened(value));
  if (std::string near = nearest(value, names); !near.empty()) message += "; did you mean " + quoted(near) + "?";
  error(key, std::move(message));
  return std::nullopt;
}

bool Section::section(std::string_view key, const Visitor& visit) {
  const Node* value = known(key);
  if (value == nullptr) return false;
  Section child(*value, child_path(path_, key), diagnostics_, node_.find(key)->key_position);
  visit(child);
  child.finish();
  return true;
}

bool Section::list(std::string_view key, const Visitor& visit) {
  const Node* value = known(key);
  if (value == nullptr) return false;
  Section child(*value, child_path(path_, key), diagnostics_, node_.find(key)->key_position);
  return child.items(visit);
}

bool Section::each(std::string_view key, const KeyVisitor& visit) {
  const Node* value = known(key);
  if (value == nullptr) return false;
  Section child(*value, child_path(path_, key), diagnostics_, node_.find(key)->key_position);
  return child.entries(visit);
}

const Node* Section::take(std::string_view key) { return known(key); }

void Section::accept_deprecated(std::string_view key, std::string_view advice) {
  if (known(key) != nullptr) warn(key, "this key is deprecated: " + std::string(advice));
}

void Section::accept_ignored(std::string_view key) { known(key); }

void Section::refuse(std::string_view key, std::string_view why) {
  if (known(key) != nullptr) error(key, std::string(why));
  std::erase(known_, key);
  refused_.emplace_back(key);
}

bool Section::as_string(std::string& out) { return read_own(out); }
bool Section::as_secret(std::string& out) { return read_own(out, true); }
bool Section::as_bool(bool& out) { return read_own(out); }
bool Section::as_int(int64_t& out) { return read_own(out); }
bool Section::as_double(double& out) { return read_own(out); }
bool Section::as_strings(std::vector<std::string>& out) { return read_own(out); }

bool Section::as_duration_ms(int64_t& out) {
  DurationNs duration;
  if (!read_own(duration)) return false;
  out = to_ms(duration.value);
  return true;
}

bool Section::entries(const KeyVisitor& visit) {
  check_is_map();
  is_taken_whole_ = true;
  if (!node_.is_map() && !node_.is_null()) return false;
  for (const MapEntry& entry : node_.entries) {
    Section child(entry.value, child_path(path_, entry.key), diagnostics_, entry.key_position);
    visit(entry.key, child);
    child.finish();
  }
  return true;
}

bool Section::items(const Visitor& visit) {
  is_taken_whole_ = true;
  if (node_.is_null()) return true;
  if (!node_.is_list()) {
    Section only(node_, path_, diagnostics_, key_position_);
    visit(only);
    only.finish();
    return true;
  }
  for (size_t i = 0; i < node_.items.size(); i++) {
    Section item(node_.items[i], item_path(path_, i), diagnostics_);
    visit(item);
    item.finish();
  }
  return true;
}

const Node& Section::take_all() {
  is_taken_whole_ = true;
  return node_;
}

void Section::error(std::string_view key, std::string message) {
  diagnostics_.error(position_of(key), key.empty() ? path_ : child_path(path_, key), std::move(message));
}

void Section::warn(std::string_view key, std::string message) {
  diagnostics_.warning(position_of(key), key.empty() ? path_ : child_path(path_, key), std::move(message));
}

bool Section::require(bool holds, std::string_view key, std::string message) {
  if (!holds) error(key, std::move(message));
  return holds;
}

void Section::claim(std::string_view topic, std::string_view key, std::string value) {
  diagnostics_.add_claim({std::string(topic), std::move(value), position_of(key), child_path(path_, key), nullptr});
}

void Section::check_when_used(std::string_view key, std::function<Status(FileSystem&)> check) {
  diagnostics_.add_claim({"", "", position_of(key), child_path(path_, key), std::move(check)});
}

void Section::report_unknown(const MapEntry& entry) {
  std::string path = child_path(path_, shortened(entry.key));
  std::string message = "unknown key";
  std::string near = nearest(entry.key, known_);
  if (!near.empty()) message += "; did you mean " + quoted(near) + "?";
  message += known_.empty() ? "; nothing can be set here" : " (known keys: " + joined(known_) + ")";
  // The slip must not show what would have been hidden.
  if (is_secret_name(near) || diagnostics_.secret_paths().contains(child_path(path_, near))) diagnostics_.mark_secret(path);
  diagnostics_.error(entry.key_position, std::move(path), std::move(message));
}

void Section::finish() {
  if (is_finished_) return;
  is_finished_ = true;
  if (is_taken_whole_) return;
  check_is_map();
  for (const MapEntry& entry : node_.entries) {
    bool is_known = std::find(known_.begin(), known_.end(), entry.key) != known_.end();
    bool is_refused = std::find(refused_.begin(), refused_.end(), entry.key) != refused_.end();
    if (!is_known && !is_refused) report_unknown(entry);
  }
}

}  // namespace vigia::config
