// `key_value_parser`: name=value pairs. Quotes, single or double, keep delimiters together and are taken off.

#include "base/text.h"
#include "operators/parser_operation.h"

namespace vigia::operators {

namespace {

// Cuts a text at a delimiter outside of quotes.
class PairReader {
 public:
  PairReader(std::string_view text, std::string_view delimiter, Arena& arena) : text_(text), delimiter_(delimiter), arena_(arena) {}

  // The next piece that is not empty. False at the end, or when a quote is open there.
  bool next(std::string_view& piece) {
    while (at_ < text_.size()) {
      size_t begin = at_;
      size_t end = find_end();
      at_ = end < text_.size() ? end + delimiter_.size() : end;
      if (is_open_) return false;
      piece = without_quotes(text_.substr(begin, end - begin));
      if (!piece.empty()) return true;
    }
    return false;
  }
  bool is_open() const { return is_open_; }

 private:
  size_t find_end() {
    char quote = '\0';
    bool is_escaped = false;
    has_quotes_ = false;
    for (size_t i = at_; i < text_.size(); i++) {
      if (quote == '\0' && text_[i] == delimiter_.front() && text_.substr(i, delimiter_.size()) == delimiter_) return i;
      if (is_escaped) {
        is_escaped = false;
        continue;
      }
      char c = text_[i];
      if (quote == '\0' && (c == '"' || c == '\'')) {
        quote = c;
        has_quotes_ = true;
      } else if (quote != '\0' && c == quote) {
        quote = '\0';
      } else {
        is_escaped = c == '\\';
      }
    }
    is_open_ = quote != '\0';
    return text_.size();
  }

  // Those that open and close; a quote of the other kind inside stays, and so does an escaped one.
  std::string_view without_quotes(std::string_view piece) {
    if (!has_quotes_) return piece;
    char* memory = arena_.allocate(piece.size());
    size_t size = 0;
    char quote = '\0';
    bool is_escaped = false;
    for (char c : piece) {
      bool is_quote = !is_escaped && (quote == '\0' ? c == '"' || c == '\'' : c == quote);
      if (is_quote) {
        quote = quote == '\0' ? c : '\0';
        continue;
      }
      is_escaped = !is_escaped && c == '\\';
      memory[size++] = c;
    }
    return {memory, size};
  }

  std::string_view text_;
  std::string_view delimiter_;
  Arena& arena_;
  size_t at_ = 0;
  bool is_open_ = false;
  bool has_quotes_ = false;
};

class KeyValueOperation final : public ParserOperation {
 public:
  KeyValueOperation(ParserSettings settings, std::string delimiter, std::string pair_delimiter)
      : ParserOperation(std::move(settings)), delimiter_(std::move(delimiter)), pair_delimiter_(std::move(pair_delimiter)) {}

 protected:
  bool parse(std::string_view text, Entry&, Work& work, Value& out) const override {
    if (text.empty()) {
      work.fail("the text is empty");
      return false;
    }
    Map* map = Map::create(work.arena);
    PairReader reader(text, pair_delimiter_, work.arena);
    std::string_view piece;
    while (reader.next(piece)) {
      size_t place = piece.find(delimiter_);
      if (place == std::string_view::npos) {
        work.fail("no delimiter between name and value", piece);
        return false;
      }
      map->set(work.arena, trim(piece.substr(0, place)), Value::of_text(trim(piece.substr(place + delimiter_.size()))));
    }
    if (reader.is_open()) work.fail("a quote is not closed");
    out = Value::of_map(map);
    return !reader.is_open();
  }

 private:
  std::string delimiter_;
  std::string pair_delimiter_;
};

}  // namespace

OperationPointer decode_key_value_parser(config::Section& section, Decoding& decoding) {
  ParserSettings settings = ParserSettings::decode(section, decoding);
  std::string delimiter = "=";
  std::string pair_delimiter;
  section.field("delimiter", delimiter);
  section.field("pair_delimiter", pair_delimiter);
  if (pair_delimiter.empty()) pair_delimiter = " ";
  section.require(!delimiter.empty(), "delimiter", "must not be empty");
  section.require(delimiter != pair_delimiter, "pair_delimiter", "must differ from delimiter");
  return std::make_unique<KeyValueOperation>(std::move(settings), std::move(delimiter), std::move(pair_delimiter));
}

}  // namespace vigia::operators
