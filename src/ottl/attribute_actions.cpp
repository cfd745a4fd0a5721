#include "ottl/attribute_actions.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <forward_list>
#include <limits>

#include <fmt/core.h>

#include "base/hash.h"
#include "base/text.h"
#include "ottl/number_text.h"
#include "ottl/value.h"

namespace vigia::ottl {

namespace {

std::string_view kind_name(ActionKind kind) {
  static constexpr std::string_view names[] = {"", "insert", "update", "upsert", "delete", "hash", "extract", "convert"};
  return names[static_cast<size_t>(kind)];
}

bool sets_a_value(ActionKind kind) { return kind == ActionKind::insert || kind == ActionKind::update || kind == ActionKind::upsert; }
bool takes_pattern(ActionKind kind) { return kind == ActionKind::erase || kind == ActionKind::hash || kind == ActionKind::extract; }

Status check_parts(const AttributeAction& action) {
  ActionKind kind = action.kind;
  std::string_view name = kind_name(kind);
  size_t sources = (action.value ? 1 : 0) + (action.from_attribute.empty() ? 0 : 1) + (action.from_context.empty() ? 0 : 1);
  if (kind == ActionKind::none) return invalid_argument("an action is needed: insert, update, upsert, delete, hash, extract or convert");
  bool key_may_be_pattern = kind == ActionKind::erase || kind == ActionKind::hash;
  if (action.key.empty() && !(key_may_be_pattern && !action.pattern.empty()))
    return invalid_argument(key_may_be_pattern ? fmt::format("{} needs a key or a pattern", name) : fmt::format("{} needs a key", name));
  if (sets_a_value(kind)) {
    if (sources == 0 && !action.default_value)
      return invalid_argument(fmt::format("{} needs one of value, from_attribute, from_context and default_value", name));
    if (sources > 1) return invalid_argument(fmt::format("{} takes only one of value, from_attribute and from_context", name));
  } else if (sources > 0 || action.default_value) {
    return invalid_argument(fmt::format("{} takes no value, default_value, from_attribute or from_context", name));
  }
  if (!takes_pattern(kind) && !action.pattern.empty()) return invalid_argument(fmt::format("{} takes no pattern", name));
  if (kind == ActionKind::extract && action.pattern.empty()) return invalid_argument("extract needs a pattern");
  if (kind == ActionKind::convert && action.converted_type == ConvertedType::none)
    return invalid_argument("convert needs a converted_type: int, double or string");
  if (kind != ActionKind::convert && action.converted_type != ConvertedType::none)
    return invalid_argument(fmt::format("{} takes no converted_type", name));
  return {};
}

std::string text_value(std::string_view text) {
  std::string any_value;
  otlp::append_bytes_field(any_value, 1, text);
  return any_value;
}

// SHA-256 of the value's bytes (numbers as 8 bytes, least significant first); "" for values without any.
std::string hashed(const Value& value) {
  char number[8];
  std::string_view bytes;
  if (value.type == Value::Type::text) {
    bytes = value.content;
  } else if (value.type == Value::Type::boolean) {
    number[0] = value.boolean ? 1 : 0;
    bytes = {number, 1};
  } else if (value.is_number()) {
    std::memcpy(number, &value.integer, 8);
    bytes = {number, 8};
  } else {
    return text_value("");
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return text_value(to_hex({reinterpret_cast<const char*>(digest), sizeof digest}));
}

int64_t truncated(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 9223372036854775808.0) return std::numeric_limits<int64_t>::max();
  if (value <= -9223372036854775808.0) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

std::optional<Value> as_integer(const Value& value) {
  if (value.type == Value::Type::floating) return Value::of_integer(truncated(value.floating));
  if (value.type == Value::Type::boolean) return Value::of_integer(value.boolean ? 1 : 0);
  if (value.type != Value::Type::text) return std::nullopt;
  std::optional<int64_t> number = parse_int(value.content);
  return number ? std::optional(Value::of_integer(*number)) : std::nullopt;
}

std::optional<Value> as_floating(const Value& value) {
  if (value.type == Value::Type::integer) return Value::of_floating(value.as_double());
  if (value.type == Value::Type::boolean) return Value::of_floating(value.boolean ? 1 : 0);
  if (value.type != Value::Type::text) return std::nullopt;
  std::optional<double> number = parse_float(value.content);
  return number ? std::optional(Value::of_floating(*number)) : std::nullopt;
}

// The value as another type; nothing when it has it already or cannot have it.
std::optional<std::string> converted(const Value& value, ConvertedType type) {
  if (type == ConvertedType::text) {
    if (value.type == Value::Type::text) return std::nullopt;
    std::string text;
    append_display_text(text, value);
    return text_value(text);
  }
  std::optional<Value> number = type == ConvertedType::integer ? as_integer(value) : as_floating(value);
  if (!number) return std::nullopt;
  std::string any_value;
  append_any_value(any_value, *number);
  return any_value;
}

// "10.0.0.1:4317" and "[::1]:4317" without the port.
std::string_view host_of(std::string_view address) {
  if (address.starts_with('[')) return address.substr(1, std::min(address.find(']'), address.size()) - 1);
  size_t colon = address.find(':');
  bool is_v6 = colon != std::string_view::npos && address.find(':', colon + 1) != std::string_view::npos;
  return is_v6 ? address : address.substr(0, colon);
}

std::optional<std::string> look_up(std::string_view name, const RequestFacts& facts) {
  if (name == "client.address") return text_value(host_of(facts.peer_address));
  if (name == "auth.customer" && !facts.customer.empty()) return text_value(facts.customer);
  if (name.starts_with("auth.")) return std::nullopt;
  constexpr std::string_view prefix = "metadata.";
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  std::string header = to_lower(name);
  std::string joined;
  bool is_found = false;
  if (facts.metadata) {
    for (const auto& [key, value] : *facts.metadata) {
      if (key != header) continue;
      if (is_found) joined += ';';
      is_found = true;
      joined += value;
    }
  }
  return is_found ? std::optional(text_value(joined)) : std::nullopt;
}

}  // namespace

// One message's attributes while actions are applied to them.
class AttributeEditor::Editing {
 public:
  Editing(std::string_view message, uint32_t number) : message_(message), number_(number) {
    otlp::Attributes attributes(message, number);
    for (auto at = attributes.begin(); at != attributes.end(); ++at)
      entries_.push_back({at->key, at->value_message, at.whole(), false, false});
  }

  void apply(const Action& action, const std::optional<std::string>& from_request) {
    const AttributeAction& settings = action.settings;
    switch (settings.kind) {
      case ActionKind::insert:
      case ActionKind::update:
      case ActionKind::upsert:
        return set(settings, from_request);
      case ActionKind::erase:
        return erase(action);
      case ActionKind::hash:
        return hash(action);
      case ActionKind::extract:
        return extract(action);
      case ActionKind::convert:
        if (Entry* entry = find(settings.key)) {
          if (std::optional<std::string> value = converted(Value::of_any(entry->value), settings.converted_type))
            assign(*entry, std::move(*value));
        }
        return;
      case ActionKind::none:
        return;
    }
  }

  void append_to(Appender& out) const {
    const char* run = message_.data();
    auto copy_until = [&](const char* at) { out.append({run, static_cast<size_t>(at - run)}); };
    for (const Entry& entry : entries_) {
      if (entry.whole.empty() || (!entry.is_changed && !entry.is_removed)) continue;
      copy_until(entry.whole.data());
      run = entry.whole.data() + entry.whole.size();
      if (!entry.is_removed) append_entry(out, entry);
    }
    copy_until(message_.data() + message_.size());
    for (const Entry& entry : entries_) {
      if (entry.whole.empty() && !entry.is_removed) append_entry(out, entry);
    }
  }

 private:
  struct Entry {
    std::string_view key;
    std::string_view value;
    // The field as it stood; empty for a new attribute.
    std::string_view whole;
    bool is_changed;
    bool is_removed;
  };

  Entry* find(std::string_view key) {
    for (Entry& entry : entries_) {
      if (!entry.is_removed && entry.key == key) return &entry;
    }
    return nullptr;
  }
  void assign(Entry& entry, std::string value) {
    entry.value = memory_.emplace_front(std::move(value));
    entry.is_changed = true;
    // A key stands once: later copies of what was edited must not stay.
    for (Entry& other : entries_) {
      if (&other != &entry && other.key == entry.key) other.is_removed = true;
    }
  }
  void put(std::string_view key, std::string value) {
    if (Entry* entry = find(key)) return assign(*entry, std::move(value));
    entries_.push_back({key, memory_.emplace_front(std::move(value)), {}, true, false});
  }

  void set(const AttributeAction& settings, const std::optional<std::string>& from_request) {
    Entry* target = find(settings.key);
    if (settings.kind == ActionKind::insert && target) return;
    if (settings.kind == ActionKind::update && !target) return;
    std::optional<std::string> value = settings.value ? settings.value : from_request;
    if (!value && !settings.from_attribute.empty()) {
      if (const Entry* source = find(settings.from_attribute)) value = std::string(source->value);
    }
    if (!value) value = settings.default_value;
    if (value) put(settings.key, std::move(*value));
  }

  void erase(const Action& action) {
    for (Entry& entry : entries_) {
      bool is_named = !action.settings.key.empty() && entry.key == action.settings.key;
      if (is_named || (action.pattern && action.pattern->is_found_in(entry.key))) entry.is_removed = true;
    }
  }

  // What has the key and matches the pattern too is hashed twice: hashes made by the Collector must stay the same.
  void hash(const Action& action) {
    auto act = [&](Entry& entry) { assign(entry, hashed(Value::of_any(entry.value))); };
    Entry* named = action.settings.key.empty() ? nullptr : find(action.settings.key);
    if (named) act(*named);
    if (!action.pattern) return;
    for (size_t i = 0; i < entries_.size(); i++) {
      if (!entries_[i].is_removed && action.pattern->is_found_in(entries_[i].key)) act(entries_[i]);
    }
  }

  void extract(const Action& action) {
    const Entry* source = find(action.settings.key);
    if (!source) return;
    Value value = Value::of_any(source->value);
    if (value.type != Value::Type::text) return;
    std::vector<std::string_view> groups;
    if (!action.pattern->find_groups(value.content, groups)) return;
    for (size_t i = 0; i < groups.size(); i++) put(action.group_names[i], text_value(groups[i]));
  }

  void append_entry(Appender& out, const Entry& entry) const {
    size_t size = 2 + otlp::varint_size(entry.key.size()) + entry.key.size() + otlp::varint_size(entry.value.size()) + entry.value.size();
    otlp::append_varint(out, otlp::bytes_tag(number_));
    otlp::append_varint(out, size);
    otlp::append_bytes_field(out, 1, entry.key);
    otlp::append_bytes_field(out, 2, entry.value);
  }

  std::string_view message_;
  uint32_t number_;
  std::vector<Entry> entries_;
  std::forward_list<std::string> memory_;
};

Result<AttributeEditor::Action> AttributeEditor::compile_action(const AttributeAction& settings) {
  RETURN_IF_ERROR(check_parts(settings));
  Action action{settings, std::nullopt, {}};
  if (settings.pattern.empty()) return action;
  ASSIGN_OR_RETURN(action.pattern, Regex::compile(settings.pattern));
  if (settings.kind != ActionKind::extract) return action;
  action.group_names = action.pattern->group_names();
  if (action.group_names.empty()) return invalid_argument("the pattern of extract needs groups with names, as in (?P<name>.*)");
  if (std::find(action.group_names.begin(), action.group_names.end(), "") != action.group_names.end())
    return invalid_argument("every group in the pattern of extract needs a name, as in (?P<name>.*)");
  return action;
}

std::optional<otlp::ConstantEdits> AttributeEditor::as_constants(const std::vector<Action>& actions) {
  otlp::ConstantEdits edits;
  for (const Action& action : actions) {
    const AttributeAction& settings = action.settings;
    if (action.pattern) return std::nullopt;
    bool is_done = false;
    if (settings.kind == ActionKind::erase) {
      is_done = edits.erase(settings.key);
    } else if (sets_a_value(settings.kind) && settings.from_attribute.empty() && settings.from_context.empty()) {
      const std::string& value = settings.value ? *settings.value : *settings.default_value;
      is_done = settings.kind == ActionKind::insert   ? edits.insert(settings.key, value)
                : settings.kind == ActionKind::update ? edits.update(settings.key, value)
                                                      : edits.upsert(settings.key, value);
    }
    if (!is_done) return std::nullopt;
  }
  return edits;
}

Result<AttributeEditor> AttributeEditor::compile(const std::vector<AttributeAction>& actions) {
  AttributeEditor editor;
  for (size_t i = 0; i < actions.size(); i++) {
    Result<Action> action = compile_action(actions[i]);
    std::string where = actions[i].key.empty() ? fmt::format("action {}", i + 1) : fmt::format("action {} (key {})", i + 1, actions[i].key);
    if (!action) return std::move(action).status().with_context(where);
    editor.actions_.push_back(std::move(*action));
  }
  editor.constants_ = as_constants(editor.actions_);
  return editor;
}

Status AttributeEditor::check(const AttributeAction& action) {
  Result<Action> compiled = compile_action(action);
  return compiled ? Status() : std::move(compiled).status();
}

EditContext AttributeEditor::context_of(const RequestFacts& facts) const {
  EditContext context;
  if (constants_) return context;
  context.values.resize(actions_.size());
  for (size_t i = 0; i < actions_.size(); i++) {
    const std::string& name = actions_[i].settings.from_context;
    if (!name.empty()) context.values[i] = look_up(name, facts);
  }
  return context;
}

bool AttributeEditor::affects(std::string_view message, uint32_t number) const {
  if (constants_) return constants_->affects(message, number);
  for (const Action& action : actions_) {
    if (action.settings.kind == ActionKind::insert || action.settings.kind == ActionKind::upsert) return true;
  }
  for (const otlp::AttributeView& attribute : otlp::Attributes(message, number)) {
    for (const Action& action : actions_) {
      if (attribute.key == action.settings.key) return true;
      if (action.pattern && action.settings.kind != ActionKind::extract && action.pattern->is_found_in(attribute.key)) return true;
    }
  }
  return false;
}

void AttributeEditor::apply(std::string_view message, uint32_t number, const EditContext& context, Appender& out) const {
  if (constants_) return constants_->apply(message, number, out);
  const std::optional<std::string> nothing;
  Editing editing(message, number);
  for (size_t i = 0; i < actions_.size(); i++) editing.apply(actions_[i], i < context.values.size() ? context.values[i] : nothing);
  editing.append_to(out);
}

}  // namespace vigia::ottl
