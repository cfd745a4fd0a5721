#include "processors/batch/config.h"

#include <algorithm>

#include "base/text.h"

namespace vigia::processors {

void decode(config::Section& in, BatchConfig& out) {
  in.field("send_batch_size", out.send_batch_size);
  in.field("send_batch_max_size", out.send_batch_max_size);
  in.duration_ms("timeout", out.timeout_ms);
  in.field("metadata_keys", out.metadata_keys);
  in.field("metadata_cardinality_limit", out.metadata_cardinality_limit);
  in.require(out.timeout_ms >= 0, "timeout", "must not be negative");
  in.require(out.send_batch_max_size == 0 || out.send_batch_max_size >= out.send_batch_size, "send_batch_max_size",
             "must not be smaller than send_batch_size");
  for (std::string& key : out.metadata_keys) key = to_lower(key);
  std::sort(out.metadata_keys.begin(), out.metadata_keys.end());
  bool is_unique = std::adjacent_find(out.metadata_keys.begin(), out.metadata_keys.end()) == out.metadata_keys.end();
  in.require(is_unique, "metadata_keys", "names a key twice (letter case does not count)");
}

}  // namespace vigia::processors
