// The books as the bytes of a checkpoint, and back.

#include <algorithm>

#include "journal/books.h"
#include "journal/coding.h"

namespace vigia::journal {

namespace {

// What nobody has of one file; sums of it do not overflow.
constexpr uint64_t largest_amount = uint64_t{1} << 48;

void put_amount(std::string& out, const Amount& amount) {
  put(out, amount.records);
  put(out, amount.items);
  put(out, amount.bytes);
}

Amount get_amount(Decoder& in) {
  Amount amount;
  for (uint64_t* part : {&amount.records, &amount.items, &amount.bytes}) *part = std::min(in.get<uint64_t>(), largest_amount);
  return amount;
}

}  // namespace

std::string Books::encode() const {
  std::string out;
  put(out, static_cast<uint32_t>(files_.size()));
  put(out, static_cast<uint32_t>(cursors_.size()));
  for (const auto& [number, file] : files_) {
    put(out, number);
    put(out, file.identity.nonce);
    put(out, file.first_record);
    put(out, file.end_record);
    put(out, file.size_bytes);
    put(out, file.created_ns);
  }
  for (const Cursor& cursor : cursors_) {
    put_string(out, cursor.name);
    put(out, static_cast<uint32_t>(cursor.is_active));
    put(out, static_cast<uint32_t>(cursor.shares.size()));
    for (const auto& [number, share] : cursor.shares) {
      put(out, number);
      put_amount(out, share.wanted);
      put(out, static_cast<uint32_t>(share.released.words().size()));
      for (uint64_t word : share.released.words()) put(out, word);
    }
  }
  return out;
}

std::optional<Books> Books::decode(std::string_view payload) {
  Decoder in(payload);
  Books books;
  auto file_count = in.get<uint32_t>();
  auto cursor_count = in.get<uint32_t>();
  for (uint32_t i = 0; i < file_count && in.is_good(); i++) {
    FileEntry file;
    file.identity.number = in.get<uint64_t>();
    file.identity.nonce = in.get<uint64_t>();
    file.first_record = in.get<uint64_t>();
    file.end_record = in.get<uint64_t>();
    file.size_bytes = in.get<uint64_t>();
    file.created_ns = in.get<int64_t>();
    if (file.first_record > file.end_record || file.end_record > largest_number) return std::nullopt;
    if (!books.files_.emplace(file.identity.number, file).second) return std::nullopt;
    books.size_bytes_ += file.size_bytes;
  }
  for (uint32_t i = 0; i < cursor_count && in.is_good(); i++) {
    Cursor& cursor = books.cursors_.emplace_back();
    cursor.name = in.get_string();
    cursor.is_active = in.get<uint32_t>() != 0;
    auto share_count = in.get<uint32_t>();
    for (uint32_t s = 0; s < share_count && in.is_good(); s++) {
      auto number = in.get<uint64_t>();
      Share share;
      share.wanted = get_amount(in);
      auto word_count = in.get<uint32_t>();
      if (word_count * uint64_t{8} > in.left()) return std::nullopt;
      std::vector<uint64_t> words(word_count);
      for (uint64_t& word : words) word = in.get<uint64_t>();
      share.released = Bits::from_words(std::move(words));
      if (!books.files_.contains(number)) return std::nullopt;
      cursor.wanted += share.wanted;
      if (!cursor.shares.emplace(number, std::move(share)).second) return std::nullopt;
    }
  }
  if (!in.is_good() || in.left() > 0) return std::nullopt;
  return books;
}

}  // namespace vigia::journal
