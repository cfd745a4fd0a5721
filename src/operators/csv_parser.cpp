// `csv_parser`: fields by a header, which stands in the configuration or in an attribute.

#include <algorithm>

#include <fmt/format.h>

#include "operators/parser_operation.h"

namespace vigia::operators {

namespace {

enum class Quotes : uint8_t { strict, lazy, ignored };

// Reads the fields of one text as Go's csv package does, but that a line's end outside of quotes goes on in the same field.
class FieldReader {
 public:
  FieldReader(std::string_view text, std::string_view delimiter, bool is_lazy, Arena& arena)
      : text_(text), delimiter_(delimiter), is_lazy_(is_lazy), arena_(arena) {}

  // What is wrong, "" when nothing is.
  std::string_view read(List& out);

 private:
  // The line from `at_` on, with its \n; \r\n counts as \n.
  bool next_line();
  std::string_view read_line(List& out, bool joins);
  bool read_plain(std::string& field, bool& is_last);
  bool read_quoted(std::string& field, bool& is_last);

  std::string_view text_;
  std::string_view delimiter_;
  bool is_lazy_;
  Arena& arena_;
  size_t at_ = 0;
  std::string line_;
  size_t place_ = 0;
};

bool FieldReader::next_line() {
  if (at_ >= text_.size()) return false;
  size_t end = std::min(text_.find('\n', at_), text_.size());
  line_ = text_.substr(at_, end - at_);
  at_ = end + 1;
  if (line_.ends_with('\r')) line_.pop_back();
  if (end < text_.size()) line_ += '\n';
  place_ = 0;
  return true;
}

bool FieldReader::read_plain(std::string& field, bool& is_last) {
  size_t end = line_.find(delimiter_, place_);
  is_last = end == std::string::npos;
  if (is_last) end = line_.ends_with('\n') ? line_.size() - 1 : line_.size();
  field.append(line_, place_, end - place_);
  bool has_quote = line_.find('"', place_) < end;
  place_ = std::min(end + delimiter_.size(), line_.size());
  return is_lazy_ || !has_quote;
}

// `place_` stands behind the opening quote.
bool FieldReader::read_quoted(std::string& field, bool& is_last) {
  while (true) {
    size_t quote = line_.find('"', place_);
    if (quote == std::string::npos) {
      field.append(line_, place_);
      if (next_line()) continue;
      is_last = true;
      return is_lazy_;
    }
    field.append(line_, place_, quote - place_);
    place_ = quote + 1;
    std::string_view rest = std::string_view(line_).substr(place_);
    if (rest.starts_with('"')) {
      field += '"';
      place_++;
    } else if (rest.starts_with(delimiter_)) {
      place_ += delimiter_.size();
      is_last = false;
      return true;
    } else if (rest.empty() || rest == "\n") {
      is_last = true;
      return true;
    } else if (is_lazy_) {
      field += '"';
    } else {
      return false;
    }
  }
}

// With `joins`, the first field goes on with the last one of the line before.
std::string_view FieldReader::read_line(List& out, bool joins) {
  bool is_last = false;
  while (!is_last) {
    std::string field;
    if (joins) field.append(out.items[out.count - 1].text()).append("\n");
    bool is_quoted = place_ < line_.size() && line_[place_] == '"';
    if (is_quoted) place_++;
    if (!(is_quoted ? read_quoted(field, is_last) : read_plain(field, is_last))) return "a quote stands where none may be";
    Value value = Value::of_text(arena_.copy(field));
    if (joins) {
      out.items[out.count - 1] = value;
    } else {
      out.push_back(arena_, value);
    }
    joins = false;
  }
  return {};
}

std::string_view FieldReader::read(List& out) {
  while (next_line()) {
    if (line_ == "\n") continue;
    std::string_view error = read_line(out, out.count > 0);
    if (!error.empty()) return error;
  }
  return out.count == 0 ? "there are no fields" : "";
}

std::vector<std::string> cut(std::string_view text, std::string_view delimiter) {
  std::vector<std::string> parts;
  while (true) {
    size_t end = text.find(delimiter);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + delimiter.size());
  }
}

struct CsvSettings {
  std::vector<std::string> header;
  std::string header_attribute;
  std::string header_delimiter;
  std::string delimiter = ",";
  Quotes quotes = Quotes::strict;
};

class CsvOperation final : public ParserOperation {
 public:
  CsvOperation(ParserSettings settings, CsvSettings csv) : ParserOperation(std::move(settings)), csv_(std::move(csv)) {}

 protected:
  bool parse(std::string_view text, Entry& entry, Work& work, Value& out) const override {
    List* fields = List::create(work.arena, static_cast<uint32_t>(csv_.header.size()));
    std::string_view error = read_fields(text, work.arena, *fields);
    if (!error.empty()) {
      work.fail("this is no CSV", error);
      return false;
    }
    if (csv_.header_attribute.empty()) return assign(csv_.header, *fields, work, out);
    const Value* header = entry.attributes(work.arena).find(csv_.header_attribute);
    if (!header || !header->is_text()) {
      work.fail("the attribute with the header is missing or no text", csv_.header_attribute);
      return false;
    }
    // Its names have to live as long as the entry.
    return assign(cut(work.arena.copy(header->text()), csv_.header_delimiter), *fields, work, out);
  }

 private:
  std::string_view read_fields(std::string_view text, Arena& arena, List& fields) const {
    if (csv_.quotes != Quotes::ignored) return FieldReader(text, csv_.delimiter, csv_.quotes == Quotes::lazy, arena).read(fields);
    while (true) {
      size_t end = text.find(csv_.delimiter);
      fields.push_back(arena, Value::of_text(text.substr(0, end)));
      if (end == std::string_view::npos) return {};
      text.remove_prefix(end + csv_.delimiter.size());
    }
  }
  static bool assign(const std::vector<std::string>& names, const List& fields, Work& work, Value& out) {
    if (fields.count != names.size()) {
      work.fail("the number of fields is not that of the header",
                work.arena.copy(fmt::format("{} fields, {} names", fields.count, names.size())));
      return false;
    }
    Map* map = Map::create(work.arena, fields.count);
    for (uint32_t i = 0; i < fields.count; i++) map->set(work.arena, work.arena.copy(names[i]), fields.items[i]);
    out = Value::of_map(map);
    return true;
  }

  CsvSettings csv_;
};

bool is_one_character(std::string_view text) {
  return !text.empty() &&
         std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }) == 1;
}

}  // namespace

OperationPointer decode_csv_parser(config::Section& section, Decoding& decoding) {
  ParserSettings settings = ParserSettings::decode(section, decoding);
  CsvSettings csv;
  std::string header;
  bool is_lazy = false;
  bool ignores_quotes = false;
  section.field("header", header);
  section.field("header_attribute", csv.header_attribute);
  section.field("delimiter", csv.delimiter);
  csv.header_delimiter = csv.delimiter;
  section.field("header_delimiter", csv.header_delimiter);
  section.field("lazy_quotes", is_lazy);
  section.field("ignore_quotes", ignores_quotes);
  section.require(!is_lazy || !ignores_quotes, "ignore_quotes", "does not go together with lazy_quotes");
  section.require(is_one_character(csv.delimiter), "delimiter", "must be one character");
  section.require(is_one_character(csv.header_delimiter), "header_delimiter", "must be one character");
  section.require(header.empty() != csv.header_attribute.empty(), "header", "either header or header_attribute must be there");
  if (!header.empty() && !csv.header_delimiter.empty()) {
    csv.header = cut(header, csv.header_delimiter);
    section.require(csv.header.size() > 1, "header", "has no delimiter in it");
  }
  csv.quotes = ignores_quotes ? Quotes::ignored : is_lazy ? Quotes::lazy : Quotes::strict;
  return std::make_unique<CsvOperation>(std::move(settings), std::move(csv));
}

}  // namespace vigia::operators
