// What a scraper asks for, and how names are escaped for it.

#include <algorithm>
#include <charconv>
#include <map>

#include "base/text.h"
#include "prometheus/text_writer_internal.h"

namespace vigia::prometheus {

namespace {

constexpr size_t most_clauses = 32;

// One clause of an Accept header.
struct Clause {
  std::string type;
  std::map<std::string, std::string> parameters;
  double quality = 1;

  std::string_view parameter(const std::string& name) const {
    auto found = parameters.find(name);
    return found == parameters.end() ? std::string_view() : std::string_view(found->second);
  }
};

Clause parse_clause(std::string_view text) {
  Clause clause;
  std::vector<std::string_view> parts = split(text, ';');
  clause.type = to_lower(trim(parts.front()));
  for (size_t i = 1; i < parts.size(); i++) {
    size_t equals = std::min(parts[i].find('='), parts[i].size());
    std::string name = to_lower(trim(parts[i].substr(0, equals)));
    std::string_view value = trim(parts[i].substr(std::min(equals + 1, parts[i].size())));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (name == "q")
      clause.quality = parse_double(value).value_or(0);
    else
      clause.parameters[name] = value;
  }
  return clause;
}

std::optional<Escaping> escaping_by_name(std::string_view name) {
  if (name == "allow-utf-8") return Escaping::utf8;
  if (name == "underscores") return Escaping::underscores;
  if (name == "dots") return Escaping::dots;
  if (name == "values") return Escaping::values;
  return std::nullopt;
}

std::string_view escaping_name(Escaping escaping) {
  constexpr std::string_view names[] = {"underscores", "dots", "values", "allow-utf-8"};
  return names[static_cast<size_t>(escaping)];
}

// What we have for a clause, if anything.
std::optional<ExpositionFormat> format_for(const Clause& clause, bool has_open_metrics) {
  std::string_view version = clause.parameter("version");
  if (clause.type == "application/openmetrics-text" && has_open_metrics && (version.empty() || version == "1.0.0" || version == "0.0.1"))
    return ExpositionFormat{ExpositionFormat::Kind::open_metrics, {}, version.empty() ? "0.0.1" : std::string(version)};
  bool is_delimited = clause.parameter("encoding") == "delimited" && clause.parameter("proto") == "io.prometheus.client.MetricFamily";
  if (clause.type == "application/vnd.google.protobuf" && is_delimited) return ExpositionFormat{ExpositionFormat::Kind::protobuf, {}, {}};
  bool is_text = clause.type == "text/plain" && (version.empty() || version == "0.0.4" || version == "1.0.0");
  if (is_text) return ExpositionFormat{ExpositionFormat::Kind::text, {}, version.empty() ? "0.0.4" : std::string(version)};
  if (clause.type == "*/*" || clause.type == "text/*") return ExpositionFormat{};
  return std::nullopt;
}

bool is_plain_character(char c, size_t place) {
  bool is_digit = c >= '0' && c <= '9';
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || (is_digit && place > 0);
}

// The code point at the front of valid UTF-8, and how many bytes it takes.
std::pair<uint32_t, size_t> first_code_point(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (size > text.size()) return {byte(0), 1};
  uint32_t point = size == 1 ? byte(0) : byte(0) & (0xFFU >> (size + 1));
  for (size_t i = 1; i < size; i++) point = point << 6 | (byte(i) & 0x3F);
  return {point, size};
}

void append_code(std::string& out, uint32_t point) {
  char digits[16];
  char* end = std::to_chars(digits, digits + sizeof digits, point, 16).ptr;
  out += '_';
  out.append(digits, static_cast<size_t>(end - digits));
  out += '_';
}

}  // namespace

void append_escaped_name(std::string& out, std::string_view name, Escaping escaping) {
  bool is_fine = escaping == Escaping::utf8 || (escaping != Escaping::dots && is_plain_metric_name(name));
  if (is_fine) {
    out += name;
    return;
  }
  if (escaping == Escaping::values) out += "U__";
  for (size_t at = 0; at < name.size();) {
    auto [point, size] = first_code_point(name.substr(at));
    char c = name[at];
    if (c == '_' && escaping != Escaping::underscores)
      out += "__";
    else if (c == '.' && escaping == Escaping::dots)
      out += "_dot_";
    else if (is_plain_character(c, at))
      out += c;
    else if (escaping == Escaping::values)
      append_code(out, point);
    else
      out += escaping == Escaping::dots ? "__" : "_";
    at += size;
  }
}

std::string ExpositionFormat::content_type() const {
  std::string escaping_part = "; escaping=" + std::string(escaping_name(escaping));
  switch (kind) {
    case Kind::text:
      return "text/plain; version=" + version + "; charset=utf-8" + escaping_part;
    case Kind::open_metrics:
      return "application/openmetrics-text; version=" + version + "; charset=utf-8" + escaping_part;
    case Kind::protobuf:
      break;
  }
  return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited" + escaping_part;
}

ExpositionFormat negotiate_format(std::string_view accept, bool has_open_metrics) {
  std::vector<Clause> clauses;
  for (std::string_view part : split(accept, ',')) {
    if (clauses.size() == most_clauses) break;
    if (!trim(part).empty()) clauses.push_back(parse_clause(part));
  }
  std::stable_sort(clauses.begin(), clauses.end(), [](const Clause& a, const Clause& b) { return a.quality > b.quality; });
  // As the clients' library has it: an escaping that was asked for holds for what comes after it, too.
  Escaping escaping = Escaping::underscores;
  for (const Clause& clause : clauses) {
    if (std::optional<Escaping> asked = escaping_by_name(clause.parameter("escaping"))) escaping = *asked;
    std::optional<ExpositionFormat> format = clause.quality > 0 ? format_for(clause, has_open_metrics) : std::nullopt;
    if (!format) continue;
    format->escaping = escaping;
    return *format;
  }
  ExpositionFormat plain;
  plain.escaping = escaping;
  return plain;
}

std::unique_ptr<ExpositionWriter> open_writer(const ExpositionFormat& format, Appender& out) {
  if (format.kind == ExpositionFormat::Kind::protobuf) return std::make_unique<ProtobufWriter>(format, out);
  return std::make_unique<TextWriter>(format, out);
}

}  // namespace vigia::prometheus
