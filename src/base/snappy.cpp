#include "base/snappy.h"

#include <fmt/core.h>
#include <snappy-c.h>

namespace vigia {

Slice snappy_compress(std::string_view input, MemoryLedger& ledger) {
  Appender out(ledger);
  size_t size = ::snappy_max_compressed_length(input.size());
  CHECK(::snappy_compress(input.data(), input.size(), out.room(size), &size) == SNAPPY_OK);
  out.advance(size);
  return out.take();
}

Result<Slice> snappy_decompress(std::string_view input, size_t max_size, MemoryLedger& ledger) {
  size_t size = 0;
  bool is_whole = ::snappy_uncompressed_length(input.data(), input.size(), &size) == SNAPPY_OK;
  if (is_whole && size > max_size)
    return resource_exhausted(fmt::format("snappy content is larger than {} bytes once decompressed", max_size));
  // What is promised is believed only once the data is whole: it costs nothing to say 1 GB.
  is_whole = is_whole && ::snappy_validate_compressed_buffer(input.data(), input.size()) == SNAPPY_OK;
  if (!is_whole) return invalid_argument("cannot decompress: the snappy data is damaged or cut short");
  Appender out(ledger, size);
  CHECK(::snappy_uncompress(input.data(), input.size(), out.room(size), &size) == SNAPPY_OK);
  out.advance(size);
  return out.take();
}

}  // namespace vigia
