#pragma once

// Decompression of a stream that comes and goes in pieces of any size, such as a file too large to hold or one that still grows.

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/compress.h"
#include "base/status.h"

namespace vigia {

class StreamDecompressor {
 public:
  struct Step {
    size_t read = 0;
    size_t written = 0;
    // Nothing is begun that more input would have to end: an end of the input here is a good one.
    bool is_between_members = false;
  };

  virtual ~StreamDecompressor() = default;
  // REQUIRES: gzip or zstd. Members (gzip) and frames (zstd) that follow one another are one stream.
  static std::unique_ptr<StreamDecompressor> create(Compression compression);

  // Takes some of `input` and gives some output. Neither moved: it wants more of what was empty. INVALID_ARGUMENT when it is broken.
  virtual Result<Step> step(std::string_view input, char* out, size_t room) = 0;
};

// By the first bytes of a file; none when they say nothing.
Compression compression_by_content(std::string_view beginning);

}  // namespace vigia
