#include "config/diagnostics.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/utf8.h"
#include "config/secret_names.h"

namespace vigia::config {
namespace {

constexpr size_t max_shown_line_bytes = 160;

std::string_view line_of(const Position& position) {
  if (!position.source || position.line == 0) return {};
  std::string_view text = position.source->text;
  for (uint32_t line = 1; line < position.line; line++) {
    size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string_view last_key(std::string_view path) {
  size_t separator = path.rfind("::");
  return separator == std::string_view::npos ? path : path.substr(separator + 2);
}

// Tells whether a line of the file may be repeated in a message: it may not when a value of it is, or looks like, a secret.
bool is_safe_to_show(std::string_view line, const std::set<std::string, std::less<>>& secret_paths) {
  for (const std::string& path : secret_paths)
    if (line.find(last_key(path)) != std::string_view::npos) return false;
  return !mentions_secret(line);
}

// The line and a caret below the column, both indented; "" when there is nothing useful to show.
std::string excerpt(const Diagnostic& diagnostic, const std::set<std::string, std::less<>>& secret_paths) {
  const Position& position = diagnostic.position;
  std::string_view line = line_of(position);
  if (line.empty() || line.size() > max_shown_line_bytes || position.column == 0 || position.column > line.size() + 1) return "";
  if (!is_safe_to_show(line, secret_paths)) return "";
  std::string caret_line;
  for (char c : line.substr(0, position.column - 1)) {
    bool is_continuation = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (!is_continuation) caret_line += c == '\t' ? '\t' : ' ';
  }
  return "    " + repair_utf8(line) + "\n    " + caret_line + "^\n";
}

// As somebody reads who goes through the files from top to bottom.
std::vector<Diagnostic> in_order_of_place(std::vector<Diagnostic> list) {
  std::map<const Source*, size_t> places;
  for (const Diagnostic& diagnostic : list) places.emplace(diagnostic.position.source.get(), places.size());
  auto place = [&](const Diagnostic& diagnostic) {
    return std::tuple(places[diagnostic.position.source.get()], diagnostic.position.line, diagnostic.position.column);
  };
  std::stable_sort(list.begin(), list.end(), [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
  return list;
}

}  // namespace

void Diagnostics::error(Position position, std::string path, std::string message) {
  error_count_++;
  if (errors_.size() < max_kept) errors_.push_back({std::move(position), std::move(path), redact_urls(message)});
}

void Diagnostics::warning(Position position, std::string path, std::string message) {
  warning_count_++;
  if (warnings_.size() < max_kept) warnings_.push_back({std::move(position), std::move(path), redact_urls(message)});
}

Status Diagnostics::status() const {
  if (!has_errors()) return {};
  return invalid_argument(render_errors());
}

std::string Diagnostics::render_errors() const { return render(errors_, error_count_, "errors"); }
std::string Diagnostics::render_warnings() const { return render(warnings_, warning_count_, "warnings"); }

std::string Diagnostics::render(const std::vector<Diagnostic>& list, size_t count, std::string_view word) const {
  std::string text;
  for (const Diagnostic& diagnostic : in_order_of_place(list)) text += one_line(diagnostic) + "\n" + excerpt(diagnostic, secret_paths_);
  if (count > list.size()) text += "and " + std::to_string(count - list.size()) + " more " + std::string(word) + "\n";
  return text;
}

std::string one_line(const Diagnostic& diagnostic) {
  std::string text;
  if (diagnostic.position.source) text += diagnostic.position.to_string() + ": ";
  if (!diagnostic.path.empty()) text += diagnostic.path + ": ";
  return text + diagnostic.message;
}

}  // namespace vigia::config
