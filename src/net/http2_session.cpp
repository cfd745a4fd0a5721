#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include <fmt/core.h>

#include "net/grpc.h"
#include "net/http2_internal.h"
#include "net/session_internal.h"

namespace vigia::net {

namespace {

constexpr std::string_view drain_ping = "draining";

// One request and its answer.
struct Stream {
  explicit Stream(MemoryLedger& ledger) : body(ledger) {}

  int32_t id = 0;
  RequestHead head;
  size_t header_bytes = 0;
  BodyPlan plan;
  BodyCollector body;
  int64_t since_ms = 0;
  int64_t heard_ms = 0;  // when the last of it came
  bool is_head_done = false;
  bool is_head_request = false;
  bool is_refused = false;  // it has its answer; the rest of its body goes by unread
  bool is_serving = false;  // a handler has it
  bool has_answer = false;  // the response's head has been submitted

  BodySource output;
  bool is_output_complete = false;
  bool is_deferred = false;  // nghttp2 waits for more output
  Headers trailers;
  Function<void(bool)> written;
};

// One HTTP/2 connection.
class Http2Session final : public Session {
 public:
  Http2Session(const SessionContext& context, const PeerFacts& peer, ResponderSource& responders);
  ~Http2Session() override;

  bool receive(std::string_view bytes) override;
  void produce(OutputQueue& output, size_t high_water_bytes) override;
  void on_all_written() override;
  bool is_busy() const override { return !streams_.empty(); }
  bool is_finished() const override;
  void begin_drain() override;
  bool check_time(int64_t now_ms) override;
  void respond(uint64_t stream_id, Response response) override;
  void start(uint64_t stream_id, Response head) override;
  void write(uint64_t stream_id, Chain piece, Function<void(bool)> written) override;
  void finish(uint64_t stream_id, Headers trailers) override;

 private:
  static Http2CallbacksPointer make_callbacks();
  static Http2Session& self(void* user_data) { return *static_cast<Http2Session*>(user_data); }

  Stream* find(uint64_t id);
  void begin_stream(int32_t id);
  int take_header(int32_t id, std::string_view name, std::string_view value);
  void take_head(Stream& stream);
  void take_data(int32_t id, std::string_view bytes);
  bool keep(Stream& stream, std::string_view bytes);
  void expect_grpc_message(Stream& stream);
  void take_end(Stream& stream);
  void take_ping(const nghttp2_ping& ping);
  void on_frame_sent(const nghttp2_frame& frame);
  void close_stream(int32_t id);
  ssize_t read_output(Stream& stream, size_t length, uint32_t& flags);
  void refuse(Stream& stream, int status, std::string_view reason);
  void answer_early(Stream& stream, const Response& response);
  void submit_head(Stream& stream, const Response& response, bool has_body);
  void resume(Stream& stream);
  void say_goodbye(int64_t now_ms);
  void go_away(uint32_t error, std::string_view why);
  void check_streams(int64_t now_ms);

  SessionContext context_;
  const PeerFacts& peer_;
  ResponderSource& responders_;
  Http2SessionPointer session_;
  std::unordered_map<int32_t, std::unique_ptr<Stream>> streams_;
  OutputQueue* output_ = nullptr;  // during produce()

  bool is_stopping_ = false;    // the server is
  int64_t goodbye_ms_ = 0;      // when the peer was told to go; 0: it was not
  bool has_last_word_ = false;  // and told which request was the last
  bool is_terminated_ = false;  // sent away for misbehaviour
  int64_t born_ms_;
  int64_t idle_since_ms_;
  int64_t last_heard_ms_;
  int64_t ping_sent_ms_ = 0;  // 0: none is under way
  int64_t last_ping_received_ms_ = 0;
  int ping_strikes_ = 0;
};

Http2Session::Http2Session(const SessionContext& context, const PeerFacts& peer, ResponderSource& responders)
    : context_(context),
      peer_(peer),
      responders_(responders),
      born_ms_(context.loop.now_ms()),
      idle_since_ms_(born_ms_),
      last_heard_ms_(born_ms_) {
  Http2CallbacksPointer callbacks = make_callbacks();
  Http2OptionPointer options = http2_options();
  nghttp2_session* session = nullptr;
  CHECK(nghttp2_session_server_new2(&session, callbacks.get(), this, options.get()) == 0);
  session_.reset(session);
  const ServerSettings& settings = context.settings;
  std::array<nghttp2_settings_entry, 3> entries = {
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.max_concurrent_streams},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window_bytes},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(settings.max_header_bytes)}}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(settings.connection_window_bytes));
}

Http2Session::~Http2Session() {
  for (auto& [id, stream] : streams_)
    if (stream->written) stream->written(false);
}

Http2CallbacksPointer Http2Session::make_callbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) self(user).begin_stream(frame->hd.stream_id);
    return 0;
  });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size, const uint8_t* value,
                    size_t value_size, uint8_t, void* user) {
        return self(user).take_header(frame->hd.stream_id, text_of(name, name_size), text_of(value, value_size));
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* user) {
        self(user).take_data(id, text_of(bytes, size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Session& me = self(user);
    if (frame->hd.type == NGHTTP2_PING) me.take_ping(frame->ping);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Stream* stream = me.find(static_cast<uint64_t>(frame->hd.stream_id));
    if (!stream) return 0;
    if (!stream->is_head_done) me.take_head(*stream);
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) me.take_end(*stream);
    return 0;
  });
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).on_frame_sent(*frame);
    return 0;
  });
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, [](nghttp2_session*, int32_t id, uint32_t, void* user) {
    self(user).close_stream(id);
    return 0;
  });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks, [](nghttp2_session*, nghttp2_frame*, const uint8_t* frame_head, size_t length, nghttp2_data_source* source, void* user) {
        auto& stream = *static_cast<Stream*>(source->ptr);
        OutputQueue& output = *self(user).output_;
        output.append_copy(text_of(frame_head, 9));
        stream.output.move_to(output, length);
        return 0;
      });
  nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, http2_frame_size);
  return Http2CallbacksPointer(callbacks);
}

Stream* Http2Session::find(uint64_t id) {
  auto entry = streams_.find(static_cast<int32_t>(id));
  return entry == streams_.end() ? nullptr : entry->second.get();
}

bool Http2Session::receive(std::string_view bytes) {
  last_heard_ms_ = context_.loop.now_ms();
  ssize_t taken = nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return taken == static_cast<ssize_t>(bytes.size());
}

void Http2Session::begin_stream(int32_t id) {
  auto stream = std::make_unique<Stream>(context_.ledger);
  stream->id = id;
  stream->since_ms = stream->heard_ms = context_.loop.now_ms();
  stream->head.version = HttpVersion::http2;
  stream->head.is_tls = peer_.is_tls;
  stream->head.peer_address = peer_.address;
  stream->head.peer_certificate_subject = peer_.certificate_subject;
  streams_[id] = std::move(stream);
}

int Http2Session::take_header(int32_t id, std::string_view name, std::string_view value) {
  Stream* stream = find(static_cast<uint64_t>(id));
  if (!stream || stream->is_head_done) return 0;  // a request's trailers say nothing to us
  stream->header_bytes += name.size() + value.size() + 32;
  if (stream->header_bytes > context_.settings.max_header_bytes) return 0;  // refused once the head is over
  if (name == ":method") {
    stream->head.method = value;
    stream->is_head_request = value == "HEAD";
  } else if (name == ":path") {
    size_t question = value.find('?');
    stream->head.path = value.substr(0, question);
    if (question != std::string_view::npos) stream->head.query = value.substr(question + 1);
  } else if (name == ":authority") {
    stream->head.headers.add("host", value);
  } else if (!name.starts_with(':')) {
    stream->head.headers.add(name, value);
  }
  return 0;
}

void Http2Session::take_head(Stream& stream) {
  stream.is_head_done = true;
  stream.since_ms = context_.loop.now_ms();
  if (stream.header_bytes > context_.settings.max_header_bytes) {
    refuse(stream, 431, fmt::format("the request's head is larger than {} bytes", context_.settings.max_header_bytes));
    return;
  }
  stream.plan = context_.service->plan(stream.head);
  if (stream.plan.refusal) {
    answer_early(stream, *stream.plan.refusal);
    return;
  }
  size_t length = 0;
  std::string_view declared = stream.head.headers.get("content-length");
  auto [end, error] = std::from_chars(declared.data(), declared.data() + declared.size(), length);
  if (declared.empty() || error != std::errc() || end != declared.data() + declared.size()) return;
  if (length > stream.plan.max_size_bytes + (stream.plan.is_grpc ? grpc_prefix_bytes : 0)) {
    refuse(stream, 413, fmt::format("the body is larger than {} bytes", stream.plan.max_size_bytes));
    return;
  }
  stream.body.expect(length);
}

void Http2Session::take_data(int32_t id, std::string_view bytes) {
  Stream* stream = find(static_cast<uint64_t>(id));
  if (!stream || stream->is_refused || stream->is_serving) return;
  stream->heard_ms = context_.loop.now_ms();
  bool had_prefix = stream->body.size() >= grpc_prefix_bytes;
  if (stream->plan.is_grpc && !had_prefix && stream->body.size() == 0 && bytes.size() >= grpc_prefix_bytes) {
    // The usual case: the prefix comes with the beginning of the message, and tells how much room will be needed.
    if (!keep(*stream, bytes.substr(0, grpc_prefix_bytes))) return;
    expect_grpc_message(*stream);
    bytes.remove_prefix(grpc_prefix_bytes);
    had_prefix = true;
    if (stream->is_refused) return;
  }
  size_t limit = stream->plan.max_size_bytes + (stream->plan.is_grpc ? grpc_prefix_bytes : 0);
  if (stream->body.size() + bytes.size() > limit) {
    refuse(*stream, 413, fmt::format("the body is larger than {} bytes", stream->plan.max_size_bytes));
    return;
  }
  if (!keep(*stream, bytes)) return;
  if (stream->plan.is_grpc && !had_prefix && stream->body.size() >= grpc_prefix_bytes) expect_grpc_message(*stream);
}

// False: there is no memory for it, and the request has been refused.
bool Http2Session::keep(Stream& stream, std::string_view bytes) {
  size_t growth = stream.body.growth_for(bytes.size());
  if (growth > 0)
    if (auto refusal = context_.service->refuse_growth(stream.head, growth)) {
      answer_early(stream, *refusal);
      return false;
    }
  stream.body.append(bytes);
  return true;
}

void Http2Session::expect_grpc_message(Stream& stream) {
  std::string_view prefix = stream.body.view();
  size_t length = 0;
  for (size_t i = 1; i < grpc_prefix_bytes; i++) length = length << 8 | static_cast<unsigned char>(prefix[i]);
  if (length > stream.plan.max_size_bytes)
    refuse(stream, 413, fmt::format("received message larger than max ({} vs. {})", length, stream.plan.max_size_bytes));
  else
    stream.body.expect(length + grpc_prefix_bytes);
}

void Http2Session::take_end(Stream& stream) {
  if (stream.is_refused || stream.is_serving) return;
  stream.is_serving = true;
  Request request{std::move(stream.head), stream.body.take()};
  context_.service->serve(std::move(request), responders_.make_responder(static_cast<uint64_t>(stream.id)));
}

void Http2Session::refuse(Stream& stream, int status, std::string_view reason) {
  auto code = status == 413 || status == 431 ? StatusCode::resource_exhausted : StatusCode::unavailable;
  answer_early(stream, is_grpc_request(stream.head) ? grpc_error(Status(code, std::string(reason)))
                                                    : context_.service->refusal(stream.head, status, reason));
}

// Answers at once; the rest of the body goes by unread.
void Http2Session::answer_early(Stream& stream, const Response& response) {
  stream.is_refused = true;
  stream.body.take();
  submit_head(stream, response, !response.body.empty());
}

void Http2Session::submit_head(Stream& stream, const Response& response, bool has_body) {
  stream.has_answer = true;
  std::string status = std::to_string(response.status);
  Http2Fields fields;
  fields.add(":status", status);
  fields.add(response.headers);
  bool is_head_only = (!has_body || stream.is_head_request) && response.trailers.fields().empty();
  if (is_head_only) {
    nghttp2_submit_response(session_.get(), stream.id, fields.data(), fields.size(), nullptr);
    return;
  }
  stream.output.append(Chain(response.body));
  stream.trailers = response.trailers;
  stream.is_output_complete = true;
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = [](nghttp2_session*, int32_t, uint8_t*, size_t length, uint32_t* flags, nghttp2_data_source* source,
                              void* user) { return self(user).read_output(*static_cast<Stream*>(source->ptr), length, *flags); };
  nghttp2_submit_response(session_.get(), stream.id, fields.data(), fields.size(), &provider);
}

ssize_t Http2Session::read_output(Stream& stream, size_t length, uint32_t& flags) {
  size_t count = std::min(length, stream.output.left());
  if (count == 0 && !stream.is_output_complete) {
    stream.is_deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (count == stream.output.left() && stream.is_output_complete) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.trailers.fields().empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      Http2Fields fields;
      fields.add(stream.trailers);
      nghttp2_submit_trailer(session_.get(), stream.id, fields.data(), fields.size());
    }
  }
  return static_cast<ssize_t>(count);
}

void Http2Session::resume(Stream& stream) {
  if (!std::exchange(stream.is_deferred, false)) return;
  nghttp2_session_resume_data(session_.get(), stream.id);
}

void Http2Session::respond(uint64_t stream_id, Response response) {
  Stream* stream = find(stream_id);
  if (!stream || stream->has_answer) return;
  submit_head(*stream, response, !response.body.empty());
}

void Http2Session::start(uint64_t stream_id, Response head) {
  Stream* stream = find(stream_id);
  if (!stream || stream->has_answer) return;
  submit_head(*stream, head, true);
  stream->is_output_complete = false;
}

void Http2Session::write(uint64_t stream_id, Chain piece, Function<void(bool)> written) {
  Stream* stream = find(stream_id);
  if (!stream || stream->is_output_complete) {
    written(false);
    return;
  }
  stream->output.append(std::move(piece));
  stream->written = std::move(written);
  resume(*stream);
}

void Http2Session::finish(uint64_t stream_id, Headers trailers) {
  Stream* stream = find(stream_id);
  if (!stream || stream->is_output_complete) return;
  stream->trailers = std::move(trailers);
  stream->is_output_complete = true;
  resume(*stream);
}

void Http2Session::produce(OutputQueue& output, size_t high_water_bytes) {
  output_ = &output;
  if (!pull_http2_output(*session_, output, high_water_bytes)) nghttp2_session_terminate_session(session_.get(), NGHTTP2_INTERNAL_ERROR);
  output_ = nullptr;
}

void Http2Session::on_all_written() {
  std::vector<Function<void(bool)>> callbacks;
  for (auto& [id, stream] : streams_)
    if (stream->written && stream->output.left() == 0) callbacks.push_back(std::exchange(stream->written, {}));
  for (auto& callback : callbacks) callback(true);
}

void Http2Session::on_frame_sent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  ping_strikes_ = 0;
  last_ping_received_ms_ = 0;
  // An answer that ended before its request did: only now may the request be cancelled. Submitted together with the response,
  // RST_STREAM would make nghttp2 drop the response's head.
  bool is_ended = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (is_ended && nghttp2_session_get_stream_remote_close(session_.get(), frame.hd.stream_id) == 0)
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
}

void Http2Session::close_stream(int32_t id) {
  auto entry = streams_.find(id);
  if (entry == streams_.end()) return;
  auto stream = std::move(entry->second);
  streams_.erase(entry);
  if (streams_.empty()) idle_since_ms_ = context_.loop.now_ms();
  if (stream->written) stream->written(false);
}

void Http2Session::take_ping(const nghttp2_ping& ping) {
  if (ping.hd.flags & NGHTTP2_FLAG_ACK) {
    ping_sent_ms_ = 0;
    if (goodbye_ms_ != 0 && text_of(ping.opaque_data, 8) == drain_ping) go_away(NGHTTP2_NO_ERROR, "");
    return;
  }
  // A client may ping from time to time; one that does nothing else is sent away after two warnings in vain.
  const ServerSettings& settings = context_.settings;
  bool is_alone = streams_.empty() && !settings.permit_pings_without_stream;
  int64_t now_ms = context_.loop.now_ms();
  int64_t least_ms = is_alone ? std::max<int64_t>(settings.min_ping_interval_ms, 7'200'000) : settings.min_ping_interval_ms;
  if (last_ping_received_ms_ != 0 && now_ms - last_ping_received_ms_ < least_ms) ping_strikes_++;
  last_ping_received_ms_ = now_ms;
  if (ping_strikes_ > 2) go_away(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
}

void Http2Session::go_away(uint32_t error, std::string_view why) {
  int32_t last = nghttp2_session_get_last_proc_stream_id(session_.get());
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, error, reinterpret_cast<const uint8_t*>(why.data()), why.size());
  has_last_word_ = true;
  is_terminated_ = is_terminated_ || error != NGHTTP2_NO_ERROR;
}

bool Http2Session::is_finished() const {
  bool wants_read = !is_terminated_ && nghttp2_session_want_read(session_.get()) != 0;
  return !wants_read && nghttp2_session_want_write(session_.get()) == 0;
}

void Http2Session::begin_drain() {
  is_stopping_ = true;
  say_goodbye(context_.loop.now_ms());
  check_streams(context_.loop.now_ms());
}

void Http2Session::say_goodbye(int64_t now_ms) {
  if (goodbye_ms_ != 0) return;
  goodbye_ms_ = now_ms;
  // First "no new requests, please", then a round trip, then the last word: a request that is on its way meanwhile is still served.
  nghttp2_submit_shutdown_notice(session_.get());
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, reinterpret_cast<const uint8_t*>(drain_ping.data()));
}

bool Http2Session::check_time(int64_t now_ms) {
  const ServerSettings& settings = context_.settings;
  check_streams(now_ms);
  if (ping_sent_ms_ != 0 && now_ms - ping_sent_ms_ > settings.keepalive_timeout_ms) return false;
  if (ping_sent_ms_ == 0 && now_ms - last_heard_ms_ > settings.keepalive_time_ms) {
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
    ping_sent_ms_ = now_ms;
  }
  bool is_idle_too_long =
      streams_.empty() && settings.max_connection_idle_ms > 0 && now_ms - idle_since_ms_ > settings.max_connection_idle_ms;
  bool is_too_old = settings.max_connection_age_ms > 0 && now_ms - born_ms_ > settings.max_connection_age_ms;
  if (is_idle_too_long || is_too_old) say_goodbye(now_ms);
  // A peer that does not answer within the time for that has sent whatever it had to send.
  if (is_stopping_ && !has_last_word_ && now_ms - goodbye_ms_ >= drain_patience_ms) go_away(NGHTTP2_NO_ERROR, "");
  int64_t grace_ms = settings.max_connection_age_grace_ms > 0 ? settings.max_connection_age_grace_ms : 60'000;
  return !is_too_old || now_ms - born_ms_ <= settings.max_connection_age_ms + grace_ms;
}

void Http2Session::check_streams(int64_t now_ms) {
  for (auto& [id, stream] : streams_) {
    if (stream->is_serving || stream->is_refused) continue;
    if (is_stopping_ && now_ms - stream->heard_ms >= drain_patience_ms)
      refuse(*stream, 503, "the server is stopping");
    else if (is_too_slow(context_.settings, stream->since_ms, now_ms, stream->body.size()))
      refuse(*stream, 408, "the request's body came too slowly");
  }
}

}  // namespace

std::unique_ptr<Session> new_http2_session(const SessionContext& context, const PeerFacts& peer, ResponderSource& responders) {
  return std::make_unique<Http2Session>(context, peer, responders);
}

}  // namespace vigia::net
