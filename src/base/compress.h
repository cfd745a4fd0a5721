#pragma once

// Compression of bodies, both ways. Decompression never gives more than `max_size` bytes, whatever the input says.
//
// Contexts of the codecs are kept for each thread and used again.

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace vigia {

enum class Compression : uint8_t { none, gzip, zstd, zlib, deflate };

// The names of HTTP's Content-Encoding and gRPC's grpc-encoding; "identity" and "" are none.
std::optional<Compression> compression_by_name(std::string_view name);
std::string_view compression_name(Compression compression);

// An error is RESOURCE_EXHAUSTED when the content is larger than `max_size`, INVALID_ARGUMENT when it is broken.
Result<Slice> decompress(Compression compression, std::string_view input, size_t max_size, MemoryLedger& ledger);

// The body as one compressed slice. A level of 0 is each codec's fast default.
Result<Slice> compress(Compression compression, const Chain& input, MemoryLedger& ledger, int level = 0);

}  // namespace vigia
