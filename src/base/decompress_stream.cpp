#include "base/decompress_stream.h"

#include <algorithm>
#include <cstdint>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/check.h"

namespace vigia {

namespace {

Status damaged(std::string_view name) { return invalid_argument("cannot decompress: the " + std::string(name) + " data is damaged"); }

class GzipStream final : public StreamDecompressor {
 public:
  GzipStream() : state_(std::make_unique<inflate_state>()) { begin_member(); }

  Result<Step> step(std::string_view input, char* out, size_t room) override {
    Step step;
    constexpr size_t most = 1U << 30;
    if (is_between_members_ && !input.empty() && static_cast<uint8_t>(input[0]) == 0) {
      // Tape drives and some writers fill up with zeros, which gzip itself passes over.
      step.read = std::min(input.find_first_not_of('\0'), input.size());
      step.is_between_members = true;
      return step;
    }
    state_->next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(input.data()));
    state_->avail_in = static_cast<uint32_t>(std::min(input.size(), most));
    state_->next_out = reinterpret_cast<uint8_t*>(out);
    state_->avail_out = static_cast<uint32_t>(std::min(room, most));
    uint32_t offered_in = state_->avail_in;
    uint32_t offered_out = state_->avail_out;
    // It looks behind the pointer even when there is no input.
    uint8_t nothing = 0;
    if (input.empty()) state_->next_in = &nothing;
    if (isal_inflate(state_.get()) < 0) return damaged("gzip");
    step.read = offered_in - state_->avail_in;
    step.written = offered_out - state_->avail_out;
    if (step.read > 0) is_between_members_ = false;
    if (state_->block_state == ISAL_BLOCK_FINISH) begin_member();
    step.is_between_members = is_between_members_;
    return step;
  }

 private:
  void begin_member() {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
    is_between_members_ = true;
  }

  const std::unique_ptr<inflate_state> state_;  // some 80 KB
  bool is_between_members_ = true;
};

class ZstdStream final : public StreamDecompressor {
 public:
  ZstdStream() : context_(ZSTD_createDCtx()) {
    CHECK(context_ != nullptr);
    // A frame may ask for a window as large as it likes.
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, 27);
  }
  ~ZstdStream() override { ZSTD_freeDCtx(context_); }

  Result<Step> step(std::string_view input, char* out, size_t room) override {
    ZSTD_inBuffer source{input.data(), input.size(), 0};
    ZSTD_outBuffer target{out, room, 0};
    size_t left = ZSTD_decompressStream(context_, &target, &source);
    if (ZSTD_isError(left)) return damaged("zstd");
    if (source.pos > 0 || target.pos > 0) is_between_frames_ = left == 0;
    return Step{source.pos, target.pos, is_between_frames_};
  }

 private:
  ZSTD_DCtx* const context_;
  bool is_between_frames_ = true;
};

}  // namespace

std::unique_ptr<StreamDecompressor> StreamDecompressor::create(Compression compression) {
  CHECK(compression == Compression::gzip || compression == Compression::zstd);
  if (compression == Compression::gzip) return std::make_unique<GzipStream>();
  return std::make_unique<ZstdStream>();
}

Compression compression_by_content(std::string_view beginning) {
  if (beginning.substr(0, 2) == "\x1F\x8B") return Compression::gzip;
  if (beginning.substr(0, 4) == "\x28\xB5\x2F\xFD") return Compression::zstd;
  return Compression::none;
}

}  // namespace vigia
