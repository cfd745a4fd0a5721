#pragma once

// Numbers and strings as the journal's files hold them: little-endian, of fixed width, strings with their length before them.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace vigia::journal {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

template <typename Number>
void put(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}
template <typename Number>
void put_at(char* out, Number number) {
  std::memcpy(out, &number, sizeof number);
}
template <typename Number>
Number get_at(const char* in) {
  Number number;
  std::memcpy(&number, in, sizeof number);
  return number;
}
inline void put_string(std::string& out, std::string_view text) {
  put(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

// Reads what was put, in the same order. After the first read beyond the end everything is zero and empty, and is_good() is false.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  template <typename Number>
  Number get() {
    std::string_view bytes = take(sizeof(Number));
    return bytes.empty() ? Number() : get_at<Number>(bytes.data());
  }
  std::string_view get_string() { return take(get<uint32_t>()); }
  // The next `size` bytes, or nothing when there are fewer.
  std::string_view take(size_t size) {
    if (size > rest_.size()) {
      is_good_ = false;
      rest_ = {};
      return {};
    }
    std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  size_t left() const { return rest_.size(); }
  bool is_good() const { return is_good_; }

 private:
  std::string_view rest_;
  bool is_good_ = true;
};

}  // namespace vigia::journal
