#pragma once

// Snappy's block format, which Prometheus' remote write and remote read use for bodies. It is no Content-Encoding that servers and clients
// negotiate, hence not one of compress.h.

#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace vigia {

Slice snappy_compress(std::string_view input, MemoryLedger& ledger);

// RESOURCE_EXHAUSTED when the content would be larger than `max_size`, INVALID_ARGUMENT when it is broken.
Result<Slice> snappy_decompress(std::string_view input, size_t max_size, MemoryLedger& ledger);

}  // namespace vigia
