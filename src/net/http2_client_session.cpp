#include <array>
#include <unordered_map>

#include <fmt/core.h>

#include "base/text.h"
#include "net/client_internal.h"
#include "net/http2_internal.h"
#include "net/session_internal.h"

namespace vigia::net {

namespace {

struct ClientStream {
  explicit ClientStream(MemoryLedger& ledger) : body(ledger) {}

  int32_t id = 0;
  CallPointer call;
  BodySource output;
  ClientResponse response;
  BodyCollector body;
  bool has_head = false;
  Status refusal;  // Why no more of the answer is taken.
};

// HTTP/2: many calls at a time on a connection.
class Http2ClientSession final : public ClientSession {
 public:
  Http2ClientSession(const ClientSettings& settings, bool is_tls, MemoryLedger& ledger, int64_t now_ms, Host& host);

  bool can_take() const override { return !is_leaving_ && streams_.size() < most_streams; }
  bool is_leaving() const override { return is_leaving_; }
  void submit(CallPointer call) override;
  bool receive(std::string_view bytes) override;
  void produce(OutputQueue& output, size_t high_water_bytes) override;
  bool abandon(const CallPointer& call, int64_t now_ms) override;
  void on_closed(const Status& why) override;
  bool is_finished() const override;
  size_t calls_in_flight() const override { return streams_.size(); }
  bool is_confirmed() const override { return has_settings_; }
  bool check_time(int64_t now_ms) override;

 private:
  static constexpr size_t most_streams = 1000;
  static constexpr int most_unanswered_settings = 8;

  static Http2CallbacksPointer make_callbacks();
  static Http2ClientSession& self(void* user_data) { return *static_cast<Http2ClientSession*>(user_data); }

  ClientStream* find(int32_t id);
  void take_header(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  void take_data(int32_t id, std::string_view bytes);
  void take_frame(const nghttp2_frame& frame);
  void close_stream(int32_t id, uint32_t error);
  void finish_call(ClientStream& stream, uint32_t error);
  void ask_for_sign_of_life(int64_t now_ms);

  const ClientSettings& settings_;
  bool is_tls_;
  MemoryLedger& ledger_;
  Host& host_;
  Http2SessionPointer session_;
  std::unordered_map<int32_t, std::unique_ptr<ClientStream>> streams_;
  OutputQueue* output_ = nullptr;
  bool is_leaving_ = false;
  std::string goodbye_;          // what the server's GOAWAY said
  bool has_settings_ = false;    // the server's first word
  int unanswered_settings_ = 1;  // of ours
  bool has_heard_ = false;
  int64_t last_heard_ms_;
  int64_t suspected_ms_ = 0;  // since when a sign of life is awaited after a call in vain; 0: it is not
  int64_t ping_sent_ms_ = 0;
};

Http2ClientSession::Http2ClientSession(const ClientSettings& settings, bool is_tls, MemoryLedger& ledger, int64_t now_ms, Host& host)
    : settings_(settings), is_tls_(is_tls), ledger_(ledger), host_(host), last_heard_ms_(now_ms) {
  Http2CallbacksPointer callbacks = make_callbacks();
  Http2OptionPointer options = http2_options();
  nghttp2_session* session = nullptr;
  CHECK(nghttp2_session_client_new2(&session, callbacks.get(), this, options.get()) == 0);
  session_.reset(session);
  std::array<nghttp2_settings_entry, 2> entries = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window_bytes}}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(settings.stream_window_bytes));
}

Http2CallbacksPointer Http2ClientSession::make_callbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size, const uint8_t* value,
                    size_t value_size, uint8_t, void* user) {
        self(user).take_header(*frame, text_of(name, name_size), text_of(value, value_size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* user) {
        self(user).take_data(id, text_of(bytes, size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).take_frame(*frame);
    return 0;
  });
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, [](nghttp2_session*, int32_t id, uint32_t error, void* user) {
    self(user).close_stream(id, error);
    return 0;
  });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks, [](nghttp2_session*, nghttp2_frame*, const uint8_t* frame_head, size_t length, nghttp2_data_source* source, void* user) {
        OutputQueue& output = *self(user).output_;
        output.append_copy(text_of(frame_head, 9));
        static_cast<ClientStream*>(source->ptr)->output.move_to(output, length);
        return 0;
      });
  nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, http2_frame_size);
  return Http2CallbacksPointer(callbacks);
}

ClientStream* Http2ClientSession::find(int32_t id) {
  auto entry = streams_.find(id);
  return entry == streams_.end() ? nullptr : entry->second.get();
}

void Http2ClientSession::submit(CallPointer call) {
  auto stream = std::make_unique<ClientStream>(ledger_);
  ClientRequest& request = call->request();
  std::string authority = client_authority(settings_);
  Http2Fields fields;
  fields.add(":method", request.method);
  fields.add(":scheme", is_tls_ ? "https" : "http");
  fields.add(":path", request.path);
  fields.add(":authority", authority);
  fields.add(request.headers);
  stream->output.append(Chain(request.body));
  nghttp2_data_provider provider{};
  provider.source.ptr = stream.get();
  provider.read_callback = [](nghttp2_session*, int32_t, uint8_t*, size_t length, uint32_t* flags, nghttp2_data_source* source, void*) {
    size_t left = static_cast<ClientStream*>(source->ptr)->output.left();
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (left <= length) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(std::min(left, length));
  };
  bool has_body = !request.body.empty();
  int32_t id = nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), has_body ? &provider : nullptr, nullptr);
  if (id < 0) {  // stream ids are used up, or the session is ending
    is_leaving_ = true;
    host_.on_call_over(call);
    host_.send_elsewhere(std::move(call));
    return;
  }
  stream->id = id;
  stream->call = std::move(call);
  streams_.emplace(id, std::move(stream));
}

bool Http2ClientSession::receive(std::string_view bytes) {
  has_heard_ = true;
  suspected_ms_ = 0;
  ssize_t taken = nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return taken == static_cast<ssize_t>(bytes.size());
}

void Http2ClientSession::take_header(const nghttp2_frame& frame, std::string_view name, std::string_view value) {
  ClientStream* stream = find(frame.hd.stream_id);
  if (!stream) return;
  if (stream->has_head) {
    stream->response.trailers.add(name, value);
  } else if (name == ":status") {
    stream->response.status = static_cast<int>(parse_int(value).value_or(0));
  } else if (!name.starts_with(':')) {
    stream->response.headers.add(name, value);
  }
}

void Http2ClientSession::take_data(int32_t id, std::string_view bytes) {
  ClientStream* stream = find(id);
  if (!stream || !stream->call || !stream->refusal.is_ok()) return;
  if (stream->call->request().on_body) {
    if (stream->call->request().on_body(bytes)) return;
    stream->refusal = Status(StatusCode::cancelled, "the rest of the answer is not wanted");
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    return;
  }
  stream->refusal = may_take(settings_, ledger_, stream->body, bytes.size());
  if (!stream->refusal.is_ok()) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    return;
  }
  stream->body.append(bytes);
}

void Http2ClientSession::take_frame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_SETTINGS) {
    has_settings_ = true;
    if (frame.hd.flags & NGHTTP2_FLAG_ACK) unanswered_settings_--;
  }
  if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK)) ping_sent_ms_ = 0;
  if (frame.hd.type == NGHTTP2_GOAWAY) {
    is_leaving_ = true;
    goodbye_ = text_of(frame.goaway.opaque_data, frame.goaway.opaque_data_len);
  }
  if (frame.hd.type != NGHTTP2_HEADERS) return;
  ClientStream* stream = find(frame.hd.stream_id);
  if (!stream || stream->has_head) return;
  bool is_interim = stream->response.status >= 100 && stream->response.status < 200;
  if (is_interim) {
    stream->response = {};
    return;
  }
  stream->has_head = true;
  if (stream->call && stream->call->request().on_head) stream->call->request().on_head(stream->response);
}

void Http2ClientSession::close_stream(int32_t id, uint32_t error) {
  auto entry = streams_.find(id);
  if (entry == streams_.end()) return;
  std::unique_ptr<ClientStream> stream = std::move(entry->second);
  streams_.erase(entry);
  finish_call(*stream, error);
}

void Http2ClientSession::finish_call(ClientStream& stream, uint32_t error) {
  CallPointer call = std::move(stream.call);
  if (!call) return;
  host_.on_call_over(call);
  bool is_whole = stream.has_head && (error == NGHTTP2_NO_ERROR || !stream.response.trailers.fields().empty());
  if (is_whole) {
    stream.response.body = stream.body.take();
    call->finish(std::move(stream.response));
  } else if (!stream.refusal.is_ok()) {
    call->finish(std::move(stream.refusal));
  } else if (error == NGHTTP2_REFUSED_STREAM && !call->was_sent_again) {
    call->was_sent_again = true;  // the server promises that it has not looked at it
    host_.send_elsewhere(std::move(call));
  } else {
    std::string why = goodbye_.empty() ? "" : fmt::format(", saying \"{}\"", goodbye_);
    call->finish(unavailable(fmt::format("the server cancelled the request ({}){}", nghttp2_http2_strerror(error), why)));
  }
}

void Http2ClientSession::produce(OutputQueue& output, size_t high_water_bytes) {
  output_ = &output;
  if (!pull_http2_output(*session_, output, high_water_bytes)) is_leaving_ = true;
  output_ = nullptr;
}

bool Http2ClientSession::abandon(const CallPointer& call, int64_t now_ms) {
  for (auto& [id, stream] : streams_)
    if (stream->call == call) {
      stream->call.reset();
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
      ask_for_sign_of_life(now_ms);
      break;
    }
  return true;
}

// Whether the server is slow or gone, a call that got no answer in its time cannot tell. Settings must be acknowledged as pings must, but
// gRPC servers send away clients that ping more often than every few minutes.
void Http2ClientSession::ask_for_sign_of_life(int64_t now_ms) {
  if (suspected_ms_ != 0) return;
  suspected_ms_ = now_ms;
  if (unanswered_settings_ == most_unanswered_settings) return;  // it talks, but never acknowledges: whatever it says counts
  unanswered_settings_++;
  nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, nullptr, 0);
}

void Http2ClientSession::on_closed(const Status& why) {
  is_leaving_ = true;
  auto streams = std::move(streams_);
  streams_.clear();
  for (auto& [id, stream] : streams) {
    CallPointer call = std::move(stream->call);
    if (!call) continue;
    host_.on_call_over(call);
    call->finish(why);
  }
}

bool Http2ClientSession::is_finished() const {
  return (nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0) ||
         (is_leaving_ && streams_.empty());
}

bool Http2ClientSession::check_time(int64_t now_ms) {
  if (std::exchange(has_heard_, false)) last_heard_ms_ = now_ms;
  if (suspected_ms_ != 0 && now_ms - suspected_ms_ > settings_.keepalive_timeout_ms) return false;
  if (settings_.keepalive_time_ms <= 0) return true;
  if (ping_sent_ms_ != 0) return now_ms - ping_sent_ms_ <= settings_.keepalive_timeout_ms;
  bool is_wanted = !streams_.empty() || settings_.keepalive_without_stream;
  if (is_wanted && now_ms - last_heard_ms_ >= settings_.keepalive_time_ms) {
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
    ping_sent_ms_ = now_ms;
  }
  return true;
}

}  // namespace

std::unique_ptr<ClientSession> new_http2_client_session(const ClientSettings& settings, bool is_tls, MemoryLedger& ledger, int64_t now_ms,
                                                        ClientSession::Host& host) {
  return std::make_unique<Http2ClientSession>(settings, is_tls, ledger, now_ms, host);
}

}  // namespace vigia::net
