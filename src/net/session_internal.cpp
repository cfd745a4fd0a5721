#include "net/session_internal.h"

#include <algorithm>

namespace vigia::net {

size_t BodyCollector::next_capacity(size_t needed) const {
  constexpr size_t first_step_bytes = 64 * 1024;
  // Eight times as much each time: at most an eighth of a body is ever copied.
  size_t step = std::max(first_step_bytes, bytes_.size() * 8);
  if (expected_size_ >= needed) return std::min(expected_size_, std::max(step, needed));
  return std::max({needed, bytes_.size() * 2, size_t{1024}});
}

bool is_too_slow(const ServerSettings& settings, int64_t started_ms, int64_t now_ms, size_t received) {
  int64_t elapsed_ms = now_ms - started_ms;
  if (elapsed_ms <= settings.header_timeout_ms) return false;
  return static_cast<int64_t>(received) * 1000 < settings.min_body_bytes_per_s * elapsed_ms;
}

}  // namespace vigia::net
