#pragma once

// A place in an entry: body, body.request.id, attributes["log.file.name"], resource.host.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/section.h"
#include "operators/entry.h"

namespace vigia::operators {

class Field {
 public:
  enum class Root : uint8_t { body, attributes, resource };

  // All of the body, of the attributes, of the resource.
  static Field all_of(Root root) { return Field(root, {}); }
  static Field in(Root root, std::vector<std::string> keys) { return Field(root, std::move(keys)); }
  // INVALID_ARGUMENT says what is wrong. `may_be_root`: whether "attributes" and "resource" are fields.
  static Result<Field> parse(std::string_view text, bool may_be_root);

  // False when there is nothing there. An empty map of attributes is something.
  bool get(Entry& entry, Arena& arena, Value& out) const;
  // Puts a value there, and maps above it as needed. A map is merged with what is there. Nobody else may use the value's maps and lists
  // afterwards. False when attributes or resource would be something else than a map.
  bool set(Entry& entry, Arena& arena, const Value& value) const;
  bool remove(Entry& entry, Arena& arena, Value* removed = nullptr) const;

  Root root() const { return root_; }
  const std::vector<std::string>& keys() const { return keys_; }
  bool is_root() const { return keys_.empty(); }
  std::string_view text() const { return text_; }
  bool operator==(const Field& other) const { return root_ == other.root_ && keys_ == other.keys_; }

 private:
  Field(Root root, std::vector<std::string> keys);

  Root root_;
  std::vector<std::string> keys_;
  std::string text_;
};

// Reads the key into `out`; returns whether it was there and is a field.
bool decode_field(config::Section& section, std::string_view key, Field& out, bool may_be_root = false);
bool decode_field(config::Section& section, std::string_view key, std::optional<Field>& out, bool may_be_root = false);
// The same for one that must be there.
bool require_field(config::Section& section, std::string_view key, std::optional<Field>& out, bool may_be_root = false);

}  // namespace vigia::operators
