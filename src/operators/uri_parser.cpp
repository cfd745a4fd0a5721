// `uri_parser`: the parts of an absolute URI, of a path with a query, or of a query that begins with ?.

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/utf8.h"
#include "operators/parser_operation.h"

namespace vigia::operators {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if ((c | 32) >= 'a' && (c | 32) <= 'f') return (c | 32) - 'a' + 10;
  return -1;
}

// Without %41 and, in queries, with blanks for +. Nothing when a % is followed by something else.
std::optional<std::string_view> unescaped(std::string_view text, bool is_query, Arena& arena) {
  if (text.find('%') == std::string_view::npos && (!is_query || text.find('+') == std::string_view::npos)) return text;
  char* memory = arena.allocate(text.size());
  size_t size = 0;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i] == '+' && is_query ? ' ' : text[i];
    if (text[i] == '%') {
      int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    memory[size++] = c;
  }
  std::string_view result(memory, size);
  return is_valid_utf8(result) ? result : arena.copy(repair_utf8(result));
}

// a=1&b=2&a=3 as lists by name. Pairs that cannot be read are left out; whether there were any is the result.
bool read_query(std::string_view text, Arena& arena, Map& out) {
  bool is_ok = true;
  while (!text.empty()) {
    size_t end = std::min(text.find('&'), text.size());
    std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    size_t equals = pair.find('=');
    std::optional<std::string_view> name = unescaped(pair.substr(0, equals), true, arena);
    std::optional<std::string_view> value = unescaped(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true, arena);
    if (!name || !value || pair.find(';') != std::string_view::npos) {
      is_ok = false;
      continue;
    }
    Value* list = out.find(*name);
    if (!list) {
      out.append(arena, *name, Value::of_list(List::create(arena, 2)));
      list = out.find(*name);
    }
    list->list->push_back(arena, Value::of_text(*value));
  }
  return is_ok;
}

// "https" of "https://…"; "" when the text begins otherwise.
std::string_view scheme_of(std::string_view text) {
  auto is_letter = [](char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; };
  size_t size = 0;
  while (size < text.size() && (is_letter(text[size]) || (size > 0 && ((text[size] >= '0' && text[size] <= '9') || text[size] == '+' ||
                                                                       text[size] == '-' || text[size] == '.'))))
    size++;
  return size > 0 && size < text.size() && text[size] == ':' ? text.substr(0, size) : std::string_view();
}

class UriOperation final : public ParserOperation {
 public:
  using ParserOperation::ParserOperation;

 protected:
  bool parse(std::string_view text, Entry&, Work& work, Value& out) const override {
    Map* map = Map::create(work.arena);
    out = Value::of_map(map);
    bool is_ok = text.starts_with('?') ? add_query(text.substr(1), true, work.arena, *map) : add_uri(text, work.arena, *map);
    if (!is_ok) work.fail("this is no URI", text);
    return is_ok;
  }

 private:
  static void add(Map& map, Arena& arena, std::string_view key, std::string_view text) {
    if (!text.empty()) map.set(arena, key, Value::of_text(text));
  }
  static bool add_query(std::string_view query, bool is_strict, Arena& arena, Map& map) {
    Map* parameters = Map::create(arena);
    bool is_ok = read_query(query, arena, *parameters);
    if (parameters->count > 0) map.set(arena, "query", Value::of_map(parameters));
    return is_ok || !is_strict;
  }
  static bool add_uri(std::string_view text, Arena& arena, Map& map);
  static bool add_authority(std::string_view authority, Arena& arena, Map& map);
};

bool UriOperation::add_uri(std::string_view text, Arena& arena, Map& map) {
  if (text.empty() || std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    return false;
  std::string_view scheme = scheme_of(text);
  if (!scheme.empty()) {
    add(map, arena, "scheme", arena.copy(to_lower(scheme)));
    text.remove_prefix(scheme.size() + 1);
  }
  size_t question = text.find('?');
  std::string_view query = question == std::string_view::npos ? std::string_view() : text.substr(question + 1);
  text = text.substr(0, question);
  if (!text.starts_with('/')) return !scheme.empty();
  // Without a scheme there is no authority either, and the path begins with two slashes.
  if (!scheme.empty() && text.starts_with("//")) {
    size_t path = std::min(text.find('/', 2), text.size());
    if (!add_authority(text.substr(2, path - 2), arena, map)) return false;
    text = text.substr(path);
  }
  if (!unescaped(text, false, arena)) return false;
  add(map, arena, "path", text);
  return add_query(query, false, arena, map);
}

bool UriOperation::add_authority(std::string_view authority, Arena& arena, Map& map) {
  if (size_t at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view user = authority.substr(0, at);
    std::optional<std::string_view> name = unescaped(user.substr(0, user.find(':')), false, arena);
    if (!name) return false;
    add(map, arena, "user", *name);
    authority.remove_prefix(at + 1);
  }
  size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  size_t colon = authority.find(':', bracket);
  std::string_view port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon + 1);
  if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  std::string_view host = authority.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, bracket - 1);
  if (host.find(' ') != std::string_view::npos) return false;
  std::optional<std::string_view> plain = unescaped(host, false, arena);
  if (!plain) return false;
  add(map, arena, "host", *plain);
  add(map, arena, "port", port);
  return true;
}

}  // namespace

OperationPointer decode_uri_parser(config::Section& section, Decoding& decoding) {
  return std::make_unique<UriOperation>(ParserSettings::decode(section, decoding));
}

}  // namespace vigia::operators
