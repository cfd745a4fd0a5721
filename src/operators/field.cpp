#include "operators/field.h"

#include <algorithm>

#include <fmt/format.h>

namespace vigia::operators {

namespace {

// As much as OTLP's values may nest.
constexpr size_t max_keys = 30;

// Splits body.a["b.c"].d into its keys.
class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> run() {
    std::vector<std::string> keys;
    while (at_ < text_.size()) {
      if (text_[at_] == '[') {
        RETURN_IF_ERROR(read_bracket(keys));
        if (at_ < text_.size() && text_[at_] != '.' && text_[at_] != '[')
          return invalid_argument("behind ] there must come a dot or another [");
        if (at_ + 1 < text_.size() && text_[at_] == '.') at_++;
        continue;
      }
      size_t end = std::min(text_.find_first_of(".[", at_), text_.size());
      keys.emplace_back(text_.substr(at_, end - at_));
      at_ = end;
      if (at_ < text_.size() && text_[at_] == '.' && ++at_ == text_.size()) keys.emplace_back();
    }
    return keys;
  }

 private:
  Status read_bracket(std::vector<std::string>& keys) {
    char quote = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (quote != '"' && quote != '\'') return invalid_argument("what stands in brackets must be in quotes");
    size_t end = text_.find(quote, at_ + 2);
    if (end == std::string_view::npos) return invalid_argument("a quote is not closed");
    if (end + 1 >= text_.size() || text_[end + 1] != ']') return invalid_argument("a bracket is not closed behind its quote");
    keys.emplace_back(text_.substr(at_ + 2, end - at_ - 2));
    at_ = end + 2;
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::string_view root_name(Field::Root root) {
  return root == Field::Root::body ? "body" : root == Field::Root::attributes ? "attributes" : "resource";
}

std::string text_of(Field::Root root, const std::vector<std::string>& keys) {
  std::string text(root_name(root));
  for (const std::string& key : keys) {
    if (key.find('.') != std::string::npos) {
      text += fmt::format("['{}']", key);
    } else {
      text.append(".").append(key);
    }
  }
  return text;
}

// The map of a member that is to be one: what else was there goes.
Map& nested_map(Map& map, const std::string& key, Arena& arena) {
  Value* value = map.find(key);
  if (value && value->is_map()) return *value->map;
  Map* nested = Map::create(arena);
  map.set(arena, key, Value::of_map(nested));
  return *nested;
}

// `from` with what `into` has besides, or the other way round: whatever is less work. In both what `from` says counts.
Map* merged(Arena& arena, Map* into, Map* from) {
  if (into->count <= from->count) {
    for (const Member& member : *into) {
      if (!from->find(member.key)) from->append(arena, member.key, member.value);
    }
    return from;
  }
  for (const Member& member : *from) into->set(arena, member.key, member.value);
  return into;
}

}  // namespace

Field::Field(Root root, std::vector<std::string> keys) : root_(root), keys_(std::move(keys)), text_(text_of(root_, keys_)) {}

Result<Field> Field::parse(std::string_view text, bool may_be_root) {
  // "$" and "$.a" once were the body.
  if (text == "$" || text.starts_with("$.") || text.starts_with("$[")) return parse(fmt::format("body{}", text.substr(1)), may_be_root);
  if (text.starts_with('$')) text.remove_prefix(1);
  ASSIGN_OR_RETURN(std::vector<std::string> keys, PathReader(text).run());
  if (keys.size() > max_keys) return invalid_argument("a field has at most 30 keys");
  std::string first = keys.empty() ? "" : keys[0];
  if (!keys.empty()) keys.erase(keys.begin());
  for (Root root : {Root::body, Root::attributes, Root::resource}) {
    if (first != root_name(root)) continue;
    if (keys.empty() && root != Root::body && !may_be_root)
      return invalid_argument(fmt::format("{} needs a key behind it, such as {}.name", first, first));
    return Field(root, std::move(keys));
  }
  return invalid_argument("a field begins with body, attributes or resource");
}

bool Field::get(Entry& entry, Arena& arena, Value& out) const {
  out = root_ == Root::body         ? entry.body
        : root_ == Root::attributes ? Value::of_map(&entry.attributes(arena))
                                    : Value::of_map(&entry.resource(arena));
  for (const std::string& key : keys_) {
    const Value* found = out.is_map() ? out.map->find(key) : nullptr;
    if (!found) return false;
    out = *found;
  }
  return true;
}

bool Field::set(Entry& entry, Arena& arena, const Value& value) const {
  if (keys_.empty()) {
    if (root_ == Root::body) {
      entry.body = value.is_map() && entry.body.is_map() ? Value::of_map(merged(arena, entry.body.map, value.map)) : value;
      return true;
    }
    if (!value.is_map()) return false;
    if (root_ == Root::attributes) {
      entry.replace_attributes(merged(arena, &entry.attributes(arena), value.map));
    } else {
      entry.replace_resource(merged(arena, &entry.resource(arena), value.map));
    }
    return true;
  }
  if (root_ == Root::body && !entry.body.is_map()) entry.body = Value::of_map(Map::create(arena));
  Map* map = root_ == Root::body ? entry.body.map : root_ == Root::attributes ? &entry.attributes(arena) : &entry.resource(arena);
  for (size_t i = 0; i + 1 < keys_.size(); i++) map = &nested_map(*map, keys_[i], arena);
  Value* old = value.is_map() ? map->find(keys_.back()) : nullptr;
  if (old && old->is_map()) {
    *old = Value::of_map(merged(arena, old->map, value.map));
  } else {
    map->set(arena, keys_.back(), value);
  }
  return true;
}

bool Field::remove(Entry& entry, Arena& arena, Value* removed) const {
  if (keys_.empty()) {
    if (removed) get(entry, arena, *removed);
    if (root_ == Root::body) entry.body = {};
    if (root_ == Root::attributes) entry.replace_attributes(Map::create(arena));
    if (root_ == Root::resource) entry.replace_resource(Map::create(arena));
    return true;
  }
  Value parent = root_ == Root::body         ? entry.body
                 : root_ == Root::attributes ? Value::of_map(&entry.attributes(arena))
                                             : Value::of_map(&entry.resource(arena));
  for (size_t i = 0; i + 1 < keys_.size(); i++) {
    const Value* found = parent.is_map() ? parent.map->find(keys_[i]) : nullptr;
    if (!found) return false;
    parent = *found;
  }
  return parent.is_map() && parent.map->remove(keys_.back(), removed);
}

bool decode_field(config::Section& section, std::string_view key, std::optional<Field>& out, bool may_be_root) {
  std::string text;
  if (!section.field(key, text)) return false;
  Result<Field> field = Field::parse(text, may_be_root);
  if (!field) {
    section.error(key, fmt::format("{} is not a field: {}", text, field.status().message()));
    return false;
  }
  out = std::move(*field);
  return true;
}

bool decode_field(config::Section& section, std::string_view key, Field& out, bool may_be_root) {
  std::optional<Field> field;
  if (!decode_field(section, key, field, may_be_root)) return false;
  out = std::move(*field);
  return true;
}

bool require_field(config::Section& section, std::string_view key, std::optional<Field>& out, bool may_be_root) {
  if (!section.has(key)) section.error(key, "missing: a field such as body or attributes.name");
  return decode_field(section, key, out, may_be_root);
}

}  // namespace vigia::operators
