#include "base/compress.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include <fmt/core.h>
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <zstd.h>

namespace vigia {

std::optional<Compression> compression_by_name(std::string_view name) {
  if (name.empty() || name == "identity" || name == "none") return Compression::none;
  if (name == "gzip" || name == "x-gzip") return Compression::gzip;
  if (name == "zstd") return Compression::zstd;
  if (name == "zlib") return Compression::zlib;
  if (name == "deflate") return Compression::deflate;
  return std::nullopt;
}

std::string_view compression_name(Compression compression) {
  static constexpr std::array<std::string_view, 5> names = {"identity", "gzip", "zstd", "zlib", "deflate"};
  return names[static_cast<size_t>(compression)];
}

namespace {

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
void free_zstd_in(ZSTD_DCtx* context) { ZSTD_freeDCtx(context); }
void free_zstd_out(ZSTD_CCtx* context) { ZSTD_freeCCtx(context); }
using Inflater = std::unique_ptr<libdeflate_decompressor, Freer<libdeflate_decompressor, libdeflate_free_decompressor>>;
using ZstdReader = std::unique_ptr<ZSTD_DCtx, Freer<ZSTD_DCtx, free_zstd_in>>;
using ZstdWriter = std::unique_ptr<ZSTD_CCtx, Freer<ZSTD_CCtx, free_zstd_out>>;

Status too_large(Compression compression, size_t max_size) {
  return resource_exhausted(fmt::format("{} content is larger than {} bytes once decompressed", compression_name(compression), max_size));
}

Status broken(Compression compression) {
  return invalid_argument(fmt::format("cannot decompress: the {} data is damaged or cut short", compression_name(compression)));
}

// What a gzip trailer says of the content's size. It is only a hint: the codec checks it.
size_t gzip_size_hint(std::string_view input) {
  if (input.size() < 18) return 0;
  std::array<unsigned char, 4> tail{};
  std::memcpy(tail.data(), input.data() + input.size() - 4, 4);
  size_t hint = tail[0] | tail[1] << 8 | tail[2] << 16 | static_cast<size_t>(tail[3]) << 24;
  return hint / 1100 <= input.size() ? hint : 0;  // deflate gives at most 1032 bytes for one
}

// One member of the input into `room`; says how much was read and written.
libdeflate_result inflate_member(Compression compression, libdeflate_decompressor* inflater, std::string_view input, char* room,
                                 size_t room_size, size_t& read, size_t& written) {
  switch (compression) {
    case Compression::gzip:
      return libdeflate_gzip_decompress_ex(inflater, input.data(), input.size(), room, room_size, &read, &written);
    case Compression::zlib:
      return libdeflate_zlib_decompress_ex(inflater, input.data(), input.size(), room, room_size, &read, &written);
    default:
      return libdeflate_deflate_decompress_ex(inflater, input.data(), input.size(), room, room_size, &read, &written);
  }
}

Result<Slice> inflate(Compression compression, std::string_view input, size_t max_size, MemoryLedger& ledger) {
  thread_local const Inflater inflater(libdeflate_alloc_decompressor());
  size_t hint = compression == Compression::gzip ? gzip_size_hint(input) : 0;
  Appender out(ledger, std::min(max_size, hint > 0 ? hint : input.size() * 5 + 256));
  std::string_view rest = input;
  for (;;) {
    size_t read = 0;
    size_t written = 0;
    size_t allowed = std::min(out.free_bytes(), max_size - out.size());
    auto result = inflate_member(compression, inflater.get(), rest, out.room(0), allowed, read, written);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (out.size() + allowed >= max_size) return too_large(compression, max_size);
      out.reserve(std::min(max_size, (out.size() + out.free_bytes()) * 3));
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS) return broken(compression);
    out.advance(written);
    rest.remove_prefix(read);
    if (rest.empty()) return out.take();
    if (compression != Compression::gzip) return broken(compression);  // only gzip has members
  }
}

Result<Slice> read_zstd(std::string_view input, size_t max_size, MemoryLedger& ledger) {
  thread_local const ZstdReader reader(ZSTD_createDCtx());
  ZSTD_DCtx_reset(reader.get(), ZSTD_reset_session_only);
  // A frame may ask for a window as large as it likes; ours is bounded as the content is.
  ZSTD_DCtx_setParameter(reader.get(), ZSTD_d_windowLogMax, 27);
  unsigned long long declared = ZSTD_getFrameContentSize(input.data(), input.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR) return broken(Compression::zstd);
  if (declared != ZSTD_CONTENTSIZE_UNKNOWN && declared > max_size) return too_large(Compression::zstd, max_size);
  bool is_known = declared != ZSTD_CONTENTSIZE_UNKNOWN && declared / 4096 <= input.size();
  Appender out(ledger, is_known ? static_cast<size_t>(declared) + 1 : std::min(max_size, input.size() * 5 + 256));
  ZSTD_inBuffer source{input.data(), input.size(), 0};
  for (;;) {
    if (out.free_bytes() == 0) out.reserve(out.size() * 2 + 256);
    ZSTD_outBuffer target{out.room(0), out.free_bytes(), 0};
    size_t left = ZSTD_decompressStream(reader.get(), &target, &source);
    if (ZSTD_isError(left)) return broken(Compression::zstd);
    out.advance(target.pos);
    if (out.size() > max_size) return too_large(Compression::zstd, max_size);
    if (source.pos < source.size) continue;
    if (left == 0) return out.take();
    if (target.pos < target.size) return broken(Compression::zstd);
  }
}

// ISA-L's deflate at level 1: several times quicker than zlib at nearly the same size.
Result<Slice> write_deflate(Compression compression, const Chain& input, MemoryLedger& ledger) {
  thread_local std::vector<uint8_t> level_buffer(ISAL_DEF_LVL1_DEFAULT);
  thread_local isal_zstream stream{};  // some 80 KB; its init call trusts that it once was zero
  isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = level_buffer.data();
  stream.level_buf_size = static_cast<uint32_t>(level_buffer.size());
  stream.gzip_flag = compression == Compression::gzip ? IGZIP_GZIP : compression == Compression::zlib ? IGZIP_ZLIB : IGZIP_DEFLATE;
  stream.flush = NO_FLUSH;
  uint8_t nothing = 0;
  stream.next_in = &nothing;  // it looks behind next_in even when there is no input
  Appender out(ledger, input.size() / 3 + 512);
  size_t index = 0;
  do {
    if (stream.avail_in == 0 && index < input.slices().size()) {
      const Slice& slice = input.slices()[index++];
      stream.next_in = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(slice.data()));
      stream.avail_in = static_cast<uint32_t>(slice.size());
    }
    stream.end_of_stream = index >= input.slices().size() ? 1 : 0;
    if (out.free_bytes() < 64) out.reserve(out.size() + std::max<size_t>(out.size() / 2, 4096));
    auto room = static_cast<uint32_t>(std::min<size_t>(out.free_bytes(), 1U << 30));
    stream.next_out = reinterpret_cast<uint8_t*>(out.room(0));
    stream.avail_out = room;
    if (isal_deflate(&stream) != COMP_OK) return internal_error("cannot compress: igzip failed");
    out.advance(room - stream.avail_out);
  } while (stream.internal_state.state != ZSTATE_END);
  return out.take();
}

Result<Slice> write_zstd(const Chain& input, MemoryLedger& ledger, int level) {
  thread_local const ZstdWriter writer(ZSTD_createCCtx());
  ZSTD_CCtx_reset(writer.get(), ZSTD_reset_session_only);
  ZSTD_CCtx_setParameter(writer.get(), ZSTD_c_compressionLevel, level == 0 ? 1 : level);
  ZSTD_CCtx_setPledgedSrcSize(writer.get(), input.size());
  Appender out(ledger, ZSTD_compressBound(input.size()) / 3 + 512);
  size_t index = 0;
  size_t left = 1;
  ZSTD_inBuffer source{nullptr, 0, 0};
  while (left != 0) {
    if (source.pos == source.size && index < input.slices().size()) {
      const Slice& slice = input.slices()[index++];
      source = {slice.data(), slice.size(), 0};
    }
    bool is_last = index >= input.slices().size();
    if (out.free_bytes() < 64) out.reserve(out.size() * 3 / 2 + 4096);
    ZSTD_outBuffer target{out.room(0), out.free_bytes(), 0};
    left = ZSTD_compressStream2(writer.get(), &target, &source, is_last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) return internal_error(fmt::format("cannot compress: zstd: {}", ZSTD_getErrorName(left)));
    out.advance(target.pos);
    if (!is_last) left = 1;
  }
  return out.take();
}

}  // namespace

Result<Slice> decompress(Compression compression, std::string_view input, size_t max_size, MemoryLedger& ledger) {
  switch (compression) {
    case Compression::none:
      if (input.size() > max_size) return too_large(compression, max_size);
      return Slice::copy_of(input, ledger);
    case Compression::zstd:
      return read_zstd(input, max_size, ledger);
    case Compression::deflate: {
      // HTTP's "deflate" is zlib by the book and bare deflate by habit; a zlib header tells which.
      bool has_header = input.size() >= 2 && (input[0] & 0x0F) == 8 &&
                        (static_cast<unsigned char>(input[0]) << 8 | static_cast<unsigned char>(input[1])) % 31 == 0;
      return inflate(has_header ? Compression::zlib : Compression::deflate, input, max_size, ledger);
    }
    default:
      return inflate(compression, input, max_size, ledger);
  }
}

Result<Slice> compress(Compression compression, const Chain& input, MemoryLedger& ledger, int level) {
  switch (compression) {
    case Compression::none: {
      Appender out(ledger, input.size());
      for (const Slice& slice : input.slices()) out.append(slice.view());
      return out.take();
    }
    case Compression::zstd:
      return write_zstd(input, ledger, level);
    case Compression::deflate:
      return write_deflate(Compression::zlib, input, ledger);
    default:
      return write_deflate(compression, input, ledger);
  }
}

}  // namespace vigia
