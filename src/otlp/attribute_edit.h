#pragma once

// Inserts, updates and deletes attributes of a message in one pass over its wire form.
//
//   ConstantEdits edits;
//   edits.upsert("deployment.environment", any_value);
//   edits.erase("db.statement");
//   if (edits.affects(resource, ResourceView::attributes_number)) edits.apply(resource, ResourceView::attributes_number, out);
//
// Edits take effect in the order in which they were added; what they amount to for each key is worked out beforehand. An attribute that gets a
// new value keeps its place, a new one goes behind all fields of the message. Of a key that stands several times, the first
// attribute is edited and the others are removed when there is anything to edit, so that no copy of what was to be hidden stays.
//
// Filled by one thread, then immutable: affects() and apply() may be called on any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "otlp/view.h"

namespace vigia::otlp {

class ConstantEdits {
 public:
  static constexpr size_t max_keys = 64;

  // `any_value` is an AnyValue message. Each is false, and does nothing, when this would be one key too many.
  [[nodiscard]] bool insert(std::string_view key, std::string_view any_value) { return add(Kind::insert, key, any_value); }
  [[nodiscard]] bool update(std::string_view key, std::string_view any_value) { return add(Kind::update, key, any_value); }
  [[nodiscard]] bool upsert(std::string_view key, std::string_view any_value) { return add(Kind::upsert, key, any_value); }
  [[nodiscard]] bool erase(std::string_view key) { return add(Kind::erase, key, {}); }

  // Whether apply() would change the message, whose attributes are field `number` (≤ 15).
  bool affects(std::string_view message, uint32_t number) const;
  // Appends the edited message.
  void apply(std::string_view message, uint32_t number, Appender& out) const;

 private:
  enum class Kind : uint8_t { insert, update, upsert, erase };
  // What becomes of an attribute that is there.
  enum class Fate : uint8_t { keep, replace, remove, move_to_end };
  struct Rule {
    std::string key;
    Fate fate = Fate::keep;
    bool is_added_when_missing = false;
    // Length and content of the KeyValue: all of its field but the tag, which depends on the message.
    std::string replacement;
    std::string addition;
  };
  // What is put behind the message's fields, in order: a rule, and whether it is for an attribute that was there or was missing.
  struct Tail {
    size_t rule;
    bool was_there;
  };

  bool add(Kind kind, std::string_view key, std::string_view any_value);
  void compose(Rule& rule, size_t index, Kind kind, const std::string& encoded);
  void set_tail(size_t index, bool was_there, bool is_present);
  const Rule* find(std::string_view key) const {
    if (!(length_mask_ >> (key.size() & 63) & 1)) return nullptr;
    for (const Rule& rule : rules_) {
      if (rule.key == key) return &rule;
    }
    return nullptr;
  }

  std::vector<Rule> rules_;
  std::vector<Tail> tails_;
  // Which lengths modulo 64 the keys have: sorts out most attributes at once.
  uint64_t length_mask_ = 0;
  // Some rule does something whether its key is there or not.
  bool affects_all_ = false;
};

}  // namespace vigia::otlp
