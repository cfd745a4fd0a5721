#include "operators/syslog_message.h"

#include <algorithm>

#include "base/utf8.h"

namespace vigia::operators {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Printable ASCII without the blank.
bool is_graph(char c) { return c > ' ' && c < 0x7F; }
bool is_print(char c) { return c >= ' ' && c < 0x7F; }

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// A word of printable characters, then a blank. A lone "-" means nothing.
bool take_word(std::string_view& text, size_t most, std::string_view& out, bool is_last) {
  size_t size = 0;
  while (size < text.size() && is_graph(text[size])) size++;
  if (size == 0 || size > most || (size == text.size() && !is_last)) return false;
  out = text.substr(0, size) == "-" ? std::string_view() : text.substr(0, size);
  text.remove_prefix(size);
  return take(text, ' ');
}

bool is_name_of_data(char c) { return is_graph(c) && c != '=' && c != ']' && c != '"'; }

bool take_data_name(std::string_view& text, std::string_view& out) {
  size_t size = 0;
  while (size < text.size() && is_name_of_data(text[size])) size++;
  out = text.substr(0, size);
  text.remove_prefix(size);
  return size > 0 && size <= 32;
}

// Behind the opening quote. A backslash before ", \ or ] is not part of the value, another one is.
bool take_data_value(std::string_view& text, Arena& arena, std::string_view& out) {
  size_t end = 0;
  bool has_escape = false;
  while (end < text.size() && text[end] != '"') {
    if (text[end] == ']') return false;
    bool is_escape = text[end] == '\\' && end + 1 < text.size() && (text[end + 1] == '"' || text[end + 1] == '\\' || text[end + 1] == ']');
    has_escape |= is_escape;
    end += is_escape ? 2 : 1;
  }
  if (end >= text.size()) return false;
  out = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (!has_escape) return true;
  char* memory = arena.allocate(out.size());
  size_t size = 0;
  for (size_t i = 0; i < out.size(); i++) {
    if (out[i] == '\\' && i + 1 < out.size() && (out[i + 1] == '"' || out[i + 1] == '\\' || out[i + 1] == ']')) i++;
    memory[size++] = out[i];
  }
  out = {memory, size};
  return true;
}

// [id name="value" …]
bool take_data_element(std::string_view& text, Arena& arena, Map& data) {
  std::string_view id;
  if (!take(text, '[') || !take_data_name(text, id) || data.find(id)) return false;
  Map* members = Map::create(arena, 4);
  while (take(text, ' ')) {
    std::string_view name;
    std::string_view value;
    if (!take_data_name(text, name) || !take(text, '=') || !take(text, '"') || !take_data_value(text, arena, value)) return false;
    members->set(arena, name, Value::of_text(value));
  }
  data.append(arena, id, Value::of_map(members));
  return take(text, ']');
}

bool take_structured_data(std::string_view& text, Arena& arena, Map*& out) {
  if (take(text, '-')) return true;
  out = Map::create(arena, 4);
  do {
    if (!take_data_element(text, arena, *out)) return false;
  } while (text.starts_with('['));
  return true;
}

}  // namespace

std::optional<uint8_t> take_priority(std::string_view& text) {
  size_t end = text.substr(0, 5).find('>');
  if (!text.starts_with('<') || end == std::string_view::npos || end < 2) return std::nullopt;
  unsigned value = 0;
  for (char c : text.substr(1, end - 1)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > 191 || (text[1] == '0' && end > 2)) return std::nullopt;
  text.remove_prefix(end + 1);
  return static_cast<uint8_t>(value);
}

std::string_view read_rfc5424(std::string_view text, bool needs_priority, Arena& arena, SyslogMessage& out) {
  out.priority = take_priority(text);
  if (!out.priority && needs_priority) return "expected a priority such as <13>";
  size_t digits = 0;
  while (digits < text.size() && digits < 4 && is_digit(text[digits]))
    out.version = static_cast<uint16_t>(out.version * 10 + (text[digits++] - '0'));
  if (digits == 0 || digits > 3 || text[0] == '0') return "expected a version";
  text.remove_prefix(digits);
  if (!take(text, ' ') || !take_word(text, 64, out.timestamp, false)) return "expected a time";
  if (!take_word(text, 255, out.hostname, false)) return "expected a host name";
  if (!take_word(text, 48, out.appname, false)) return "expected a name of an application";
  if (!take_word(text, 128, out.proc_id, false)) return "expected a process id";
  if (!take_word(text, 32, out.msg_id, false)) return "expected a message id";
  if (!take_structured_data(text, arena, out.structured_data)) return "expected structured data or -";
  if (text.empty()) return {};
  if (!take(text, ' ')) return "expected a blank behind the structured data";
  out.message = text;
  return {};
}

namespace {

// "Feb  5 17:32:18": fifteen characters.
bool take_stamp(std::string_view& text, std::string_view& out) {
  constexpr size_t size = 15;
  if (text.size() < size || text[3] != ' ' || text[6] != ' ' || text[9] != ':' || text[12] != ':') return false;
  for (size_t place : {5, 7, 8, 10, 11, 13, 14}) {
    if (!is_digit(text[place])) return false;
  }
  out = text.substr(0, size);
  text.remove_prefix(size);
  return true;
}

bool is_visible(char c) { return is_print(c) || c == '\t' || static_cast<unsigned char>(c) >= 0x80; }

// A name without a colon, then blanks and at least something.
void take_hostname(std::string_view& text, std::string_view& out) {
  size_t size = 0;
  while (size < text.size() && size < 256 && is_graph(text[size]) && text[size] != ':') size++;
  if (size == 0 || size > 255 || size == text.size() || text[size] != ' ') return;
  size_t behind = text.find_first_not_of(' ', size);
  if (behind == std::string_view::npos) return;
  out = text.substr(0, size) == "-" ? std::string_view() : text.substr(0, size);
  text.remove_prefix(behind);
}

// tag[content]: and a blank; nothing is taken when it is not all there.
void take_tag(std::string_view& text, SyslogMessage& out) {
  size_t size = 0;
  while (size < text.size() && size < 49 && is_graph(text[size]) && text[size] != ':' && text[size] != '[') size++;
  if (size == 0 || size > 48) return;
  std::string_view rest = text.substr(size);
  std::string_view content;
  if (rest.starts_with('[')) {
    size_t end = rest.find_first_of("[]", 1);
    if (end == std::string_view::npos || rest[end] != ']') return;
    content = rest.substr(1, end - 1);
    if (!std::all_of(content.begin(), content.end(), is_visible)) return;
    rest.remove_prefix(end + 1);
  }
  if (!rest.starts_with(": ") || rest.size() < 3) return;
  std::string_view tag = text.substr(0, size);
  out.appname = tag == "-" ? std::string_view() : tag;
  out.proc_id = content == "-" ? std::string_view() : content;
  text = rest.substr(2);
}

}  // namespace

std::string_view read_rfc3164(std::string_view text, bool needs_priority, SyslogMessage& out) {
  out.priority = take_priority(text);
  if (!out.priority && needs_priority) return "expected a priority such as <13>";
  while (take(text, ' ')) {
  }
  if (!take_stamp(text, out.timestamp)) return "expected a time such as Feb  5 17:32:18";
  if (!take(text, ' ')) return "expected a blank behind the time";
  while (take(text, ' ')) {
  }
  take_hostname(text, out.hostname);
  take_tag(text, out);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_visible)) return "expected a message of visible characters";
  out.message = text;
  return {};
}

std::string_view facility_name(uint8_t facility) {
  constexpr std::string_view names[] = {"kern",   "user",   "mail",     "daemon", "auth",   "syslog",   "lpr",     "news",
                                        "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "security", "console", "cron2",
                                        "local0", "local1", "local2",   "local3", "local4", "local5",   "local6",  "local7"};
  return facility < 24 ? names[facility] : "";
}

}  // namespace vigia::operators
