#include "journal/format.h"

#include <fmt/core.h>

#include "base/hash.h"
#include "base/text.h"
#include "journal/coding.h"

namespace vigia::journal {

namespace {

constexpr std::string_view file_magic = "VIGIAJL\n";
constexpr std::string_view name_ending = ".journal";
constexpr size_t checked_file_header_bytes = file_header_bytes - sizeof(uint64_t);
constexpr size_t checked_frame_header_bytes = frame_header_bytes - sizeof(uint64_t);

// Different for every place of every file, so that a header that was moved or copied is none.
uint64_t place_seed(uint64_t nonce, uint64_t offset) { return nonce ^ (offset * 0x9E3779B97F4A7C15ULL); }

}  // namespace

std::string FileIdentity::name() const { return fmt::format("{:010}-{:016x}{}", number, nonce, name_ending); }

std::optional<FileIdentity> FileIdentity::parse(std::string_view name) {
  if (!name.ends_with(name_ending)) return std::nullopt;
  name.remove_suffix(name_ending.size());
  size_t dash = name.find('-');
  if (dash == std::string_view::npos || name.size() - dash - 1 != 16) return std::nullopt;
  std::optional<std::string> nonce = from_hex(name.substr(dash + 1));
  std::optional<int64_t> number = parse_int(name.substr(0, dash));
  if (!nonce || !number || *number < 0) return std::nullopt;
  FileIdentity identity{static_cast<uint64_t>(*number), 0};
  for (char byte : *nonce) identity.nonce = identity.nonce << 8 | static_cast<unsigned char>(byte);
  if (identity.name() != std::string(name) + std::string(name_ending)) return std::nullopt;
  return identity;
}

std::string encode_file_header(const FileHeader& header) {
  std::string out;
  out.reserve(file_header_bytes);
  out.append(file_magic);
  put(out, format_version);
  put<uint32_t>(out, 0);
  put(out, header.identity.number);
  put(out, header.identity.nonce);
  put(out, header.first_record);
  put(out, header.created_ns);
  put<uint64_t>(out, 0);
  put(out, hash64(out, header.identity.nonce));
  return out;
}

Result<FileHeader> decode_file_header(std::string_view bytes, const FileIdentity& identity) {
  if (bytes.size() < file_header_bytes || bytes.substr(0, file_magic.size()) != file_magic)
    return data_loss("it has no header of a journal");
  Decoder in(bytes.substr(file_magic.size()));
  auto version = in.get<uint32_t>();
  if (hash64(bytes.substr(0, checked_file_header_bytes), identity.nonce) != get_at<uint64_t>(bytes.data() + checked_file_header_bytes))
    return data_loss("its header is damaged");
  if (version > format_version)
    return unimplemented(
        fmt::format("it has version {}, and this program reads up to {}: it was written by a newer one", version, format_version));
  in.get<uint32_t>();
  FileHeader header;
  header.identity.number = in.get<uint64_t>();
  header.identity.nonce = in.get<uint64_t>();
  header.first_record = in.get<uint64_t>();
  header.created_ns = in.get<int64_t>();
  if (header.identity != identity) return data_loss("its header belongs to another file");
  if (header.first_record > largest_number) return data_loss("its header is damaged");
  return header;
}

void encode_frame_header(const FrameHeader& header, uint64_t nonce, uint64_t offset, char* out) {
  put_at(out, frame_marker);
  put_at(out + 4, static_cast<uint32_t>(header.kind));
  put_at(out + 8, header.payload_bytes);
  put_at<uint32_t>(out + 12, 0);
  put_at(out + 16, header.number);
  put_at(out + 24, header.payload_check);
  put_at(out + 32, hash64({out, checked_frame_header_bytes}, place_seed(nonce, offset)));
}

std::optional<FrameHeader> decode_frame_header(std::string_view bytes, uint64_t nonce, uint64_t offset) {
  const char* in = bytes.data();
  if (bytes.size() < frame_header_bytes || get_at<uint32_t>(in) != frame_marker) return std::nullopt;
  if (hash64(bytes.substr(0, checked_frame_header_bytes), place_seed(nonce, offset)) != get_at<uint64_t>(in + 32)) return std::nullopt;
  auto kind = get_at<uint32_t>(in + 4);
  return FrameHeader{static_cast<FrameKind>(kind), get_at<uint32_t>(in + 8), get_at<uint64_t>(in + 16), get_at<uint64_t>(in + 24)};
}

uint64_t payload_check(const std::vector<std::string_view>& parts) { return hash64(parts); }

std::string encode_releases(const std::vector<Released>& releases) {
  std::string out;
  for (const Released& released : releases) {
    put(out, released.cursor);
    for (uint64_t number : {released.file, released.first, released.count, released.items, released.bytes}) put(out, number);
  }
  return out;
}

std::optional<std::vector<Released>> decode_releases(std::string_view payload) {
  std::vector<Released> releases;
  Decoder in(payload);
  while (in.left() > 0) {
    Released& released = releases.emplace_back();
    released.cursor = in.get<uint32_t>();
    for (uint64_t* number : {&released.file, &released.first, &released.count, &released.items, &released.bytes})
      *number = in.get<uint64_t>();
  }
  if (!in.is_good()) return std::nullopt;
  return releases;
}

}  // namespace vigia::journal
