#pragma once

// Messages of the forward protocol by hand, for tests.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/compress.h"
#include "base/msgpack.h"

namespace vigia::receivers::test {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // Name, and value as MessagePack.

inline std::string text(std::string_view value) {
  std::string out;
  msgpack::append_string(out, value);
  return out;
}
inline std::string binary(std::string_view value) {
  std::string out;
  msgpack::append_binary(out, value);
  return out;
}
inline std::string integer(uint32_t value) {
  std::string out = "\xce";
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
  return out;
}
inline std::string list(const std::vector<std::string>& values) {
  std::string out;
  msgpack::append_array(out, values.size());
  for (const std::string& value : values) out += value;
  return out;
}
inline std::string map(const Pairs& pairs) {
  std::string out;
  msgpack::append_map(out, pairs.size());
  for (const auto& [name, value] : pairs) out += text(name) + value;
  return out;
}
inline std::string event_time(uint32_t seconds, uint32_t nanoseconds) {
  return "\xd7" + std::string(1, '\0') + integer(seconds).substr(1) + integer(nanoseconds).substr(1);
}

inline std::string log_line(std::string_view line) { return map({{"log", text(line)}}); }
inline std::string entry(uint32_t seconds, std::string_view line) { return list({integer(seconds), log_line(line)}); }

inline std::string message_mode(std::string_view tag, const std::string& time, const std::string& record, const Pairs& options = {}) {
  return options.empty() ? list({text(tag), time, record}) : list({text(tag), time, record, map(options)});
}
inline std::string forward_mode(std::string_view tag, const std::vector<std::string>& entries, const Pairs& options = {}) {
  return options.empty() ? list({text(tag), list(entries)}) : list({text(tag), list(entries), map(options)});
}
inline std::string packed_mode(std::string_view tag, std::string_view entries, const Pairs& options = {}) {
  return options.empty() ? list({text(tag), binary(entries)}) : list({text(tag), binary(entries), map(options)});
}
inline std::string compressed(Compression compression, std::string_view bytes) {
  MemoryLedger ledger;
  return std::string(compress(compression, Chain(Slice::copy_of(bytes, ledger)), ledger)->view());
}

inline std::string acknowledgement(std::string_view chunk) { return map({{"ack", text(chunk)}}); }

}  // namespace vigia::receivers::test
