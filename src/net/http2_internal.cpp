#include "net/http2_internal.h"

#include <algorithm>

namespace vigia::net {

Http2OptionPointer http2_options() {
  nghttp2_option* options = nullptr;
  CHECK(nghttp2_option_new(&options) == 0);
  nghttp2_option_set_no_closed_streams(options, 1);
  // White space around a value is somebody's small mistake; a stream must not die of it. Headers trims.
  nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1);
  return Http2OptionPointer(options);
}

void Http2Fields::add(std::string_view name, std::string_view value) {
  auto* name_bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data()));
  auto* value_bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data()));
  fields_.push_back({name_bytes, value_bytes, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

void Http2Fields::add(const Headers& headers) {
  for (const auto& [name, value] : headers.fields()) add(name, value);
}

void BodySource::move_to(OutputQueue& output, size_t count) {
  CHECK(count <= left());
  offset_ += count;
  while (count > 0) {
    const Slice& slice = chain_.slices()[index_];
    size_t taken = std::min(count, slice.size() - within_);
    output.append(slice.sub(slice.view().substr(within_, taken)));
    within_ += taken;
    count -= taken;
    if (within_ < slice.size()) break;
    index_++;
    within_ = 0;
  }
}

bool pull_http2_output(nghttp2_session& session, OutputQueue& output, size_t high_water_bytes) {
  while (output.size() < high_water_bytes) {
    const uint8_t* bytes = nullptr;
    size_t before = output.size();
    ssize_t count = nghttp2_session_mem_send(&session, &bytes);
    if (count < 0) return false;
    output.append_copy(text_of(bytes, static_cast<size_t>(count)));
    if (output.size() == before) break;  // DATA frames go straight into the queue, past `bytes`
  }
  return true;
}

ssize_t http2_frame_size(nghttp2_session*, uint8_t, int32_t, int32_t session_window, int32_t stream_window, uint32_t max_frame, void*) {
  constexpr int32_t most = 16 * 1024;
  return std::min({most, session_window, stream_window, static_cast<int32_t>(std::min<uint32_t>(max_frame, most))});
}

}  // namespace vigia::net
