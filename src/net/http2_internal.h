#pragma once

// What our HTTP/2 server and client share. Private to net/.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "net/http.h"
#include "net/transport.h"

namespace vigia::net {

struct SessionFreer {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
using Http2SessionPointer = std::unique_ptr<nghttp2_session, SessionFreer>;
struct CallbacksFreer {
  void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};
using Http2CallbacksPointer = std::unique_ptr<nghttp2_session_callbacks, CallbacksFreer>;
struct OptionFreer {
  void operator()(nghttp2_option* options) const { nghttp2_option_del(options); }
};
using Http2OptionPointer = std::unique_ptr<nghttp2_option, OptionFreer>;
// How both sides use nghttp2.
Http2OptionPointer http2_options();

// Header fields in the form nghttp2 wants; the strings must stay where they are until it has taken them.
class Http2Fields {
 public:
  void add(std::string_view name, std::string_view value);
  void add(const Headers& headers);
  const nghttp2_nv* data() const { return fields_.data(); }
  size_t size() const { return fields_.size(); }

 private:
  std::vector<nghttp2_nv> fields_;
};

// The rest of a body that leaves in DATA frames without being copied.
class BodySource {
 public:
  void append(Chain chain) { chain_.append(std::move(chain)); }
  size_t left() const { return chain_.size() - offset_; }
  // Moves the next `count` bytes into the queue as slices.
  void move_to(OutputQueue& output, size_t count);

 private:
  Chain chain_;
  size_t offset_ = 0;  // bytes that have gone
  size_t index_ = 0;   // the slice where the next byte lies
  size_t within_ = 0;  // and its place there
};

// Everything nghttp2 wants to send now, until the queue holds about `high_water_bytes`. False on a fatal error.
bool pull_http2_output(nghttp2_session& session, OutputQueue& output, size_t high_water_bytes);

// At most 16 KB in a frame, whatever the peer would take: larger frames only add latency.
ssize_t http2_frame_size(nghttp2_session*, uint8_t, int32_t, int32_t session_window, int32_t stream_window, uint32_t max_frame, void*);

inline std::string_view text_of(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

}  // namespace vigia::net
