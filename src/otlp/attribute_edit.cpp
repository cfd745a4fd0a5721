#include "otlp/attribute_edit.h"

#include <algorithm>

namespace vigia::otlp {

// Length and content of a KeyValue.
static std::string encoded_attribute(std::string_view key, std::string_view any_value) {
  std::string key_value;
  append_bytes_field(key_value, 1, key);
  append_bytes_field(key_value, 2, any_value);
  std::string encoded;
  append_varint(encoded, key_value.size());
  return encoded + key_value;
}

bool ConstantEdits::add(Kind kind, std::string_view key, std::string_view any_value) {
  auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& known) { return known.key == key; });
  if (rule == rules_.end()) {
    if (rules_.size() == max_keys) return false;
    rules_.push_back({std::string(key), Fate::keep, false, {}, {}});
    rule = rules_.end() - 1;
    length_mask_ |= uint64_t{1} << (key.size() & 63);
  }
  std::string encoded = kind == Kind::erase ? std::string() : encoded_attribute(key, any_value);
  compose(*rule, static_cast<size_t>(rule - rules_.begin()), kind, encoded);
  affects_all_ =
      std::any_of(rules_.begin(), rules_.end(), [](const Rule& each) { return each.fate != Fate::keep && each.is_added_when_missing; });
  return true;
}

// The rule so far says what an attribute that was there, or was missing, has become; `kind` acts on both outcomes.
void ConstantEdits::compose(Rule& rule, size_t index, Kind kind, const std::string& encoded) {
  bool is_there = rule.fate != Fate::remove;
  if (kind == Kind::erase) {
    rule.fate = Fate::remove;
    rule.is_added_when_missing = false;
  } else if (kind == Kind::insert || kind == Kind::upsert) {
    if (!is_there) {
      rule.fate = Fate::move_to_end;
      rule.replacement = encoded;
    }
    if (!rule.is_added_when_missing) {
      rule.is_added_when_missing = true;
      rule.addition = encoded;
    } else if (kind == Kind::upsert) {
      rule.addition = encoded;
    }
  } else if (rule.is_added_when_missing) {
    rule.addition = encoded;
  }
  if (is_there && (kind == Kind::update || kind == Kind::upsert)) {
    if (rule.fate == Fate::keep) rule.fate = Fate::replace;
    rule.replacement = encoded;
  }
  set_tail(index, true, rule.fate == Fate::move_to_end);
  set_tail(index, false, rule.is_added_when_missing);
}

void ConstantEdits::set_tail(size_t index, bool was_there, bool is_present) {
  auto same = [&](const Tail& tail) { return tail.rule == index && tail.was_there == was_there; };
  auto tail = std::find_if(tails_.begin(), tails_.end(), same);
  if (is_present && tail == tails_.end()) tails_.push_back({index, was_there});
  if (!is_present && tail != tails_.end()) tails_.erase(tail);
}

bool ConstantEdits::affects(std::string_view message, uint32_t number) const {
  if (affects_all_) return true;
  uint64_t seen = 0;
  for (const AttributeView& attribute : Attributes(message, number)) {
    const Rule* rule = find(attribute.key);
    if (!rule) continue;
    if (rule->fate != Fate::keep) return true;
    seen |= uint64_t{1} << (rule - rules_.data());
  }
  return std::any_of(tails_.begin(), tails_.end(), [&](const Tail& tail) { return !tail.was_there && !(seen >> tail.rule & 1); });
}

void ConstantEdits::apply(std::string_view message, uint32_t number, Appender& out) const {
  const char tag = static_cast<char>(bytes_tag(number));
  const char* run = message.data();
  uint64_t seen = 0;
  Attributes attributes(message, number);
  for (auto at = attributes.begin(); at != attributes.end(); ++at) {
    const Rule* rule = find(at->key);
    if (!rule || rule->fate == Fate::keep) {
      if (rule) seen |= uint64_t{1} << (rule - rules_.data());
      continue;
    }
    uint64_t bit = uint64_t{1} << (rule - rules_.data());
    out.append({run, static_cast<size_t>(at.whole().data() - run)});
    run = at.whole().data() + at.whole().size();
    if (rule->fate == Fate::replace && !(seen & bit)) {
      out.push_back(tag);
      out.append(rule->replacement);
    }
    seen |= bit;
  }
  out.append({run, static_cast<size_t>(message.data() + message.size() - run)});
  for (const Tail& tail : tails_) {
    if ((seen >> tail.rule & 1) != static_cast<uint64_t>(tail.was_there)) continue;
    out.push_back(tag);
    out.append(tail.was_there ? rules_[tail.rule].replacement : rules_[tail.rule].addition);
  }
}

}  // namespace vigia::otlp
