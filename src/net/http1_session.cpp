#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "base/text.h"
#include "net/http1_parser.h"
#include "net/session_internal.h"

namespace vigia::net {

namespace {

// A client that pipelines requests without reading the answers gets no more than about this much of them prepared.
constexpr size_t most_queued_answers_bytes = 256 * 1024;

// One HTTP/1.1 connection: a request at a time; what a client pipelines behind it waits its turn.
class Http1Session final : public Session {
 public:
  Http1Session(const SessionContext& context, const PeerFacts& peer, ResponderSource& responders)
      : context_(context), peer_(peer), responders_(responders), body_(context.ledger), since_ms_(context.loop.now_ms()) {}

  bool receive(std::string_view bytes) override;
  void produce(OutputQueue& output, size_t high_water_bytes) override;
  void on_all_written() override;
  bool wants_read() const override { return waiting_input_.size() < 64 * 1024; }
  bool is_busy() const override { return state_ == State::serving || !output_.empty(); }
  bool is_finished() const override { return state_ == State::finished; }
  void begin_drain() override;
  bool check_time(int64_t now_ms) override;
  void respond(uint64_t stream_id, Response response) override;
  void start(uint64_t stream_id, Response head) override;
  void write(uint64_t stream_id, Chain piece, Function<void(bool)> written) override;
  void finish(uint64_t stream_id, Headers trailers) override;

 private:
  enum class State : uint8_t { head, body, discard, serving, finished };

  void process(std::string_view input);
  // Each takes what it can from the front of the input; false when it needs more, or when the connection is over.
  bool read_head(std::string_view& input);
  bool read_body(std::string_view& input);
  bool take_head(std::string_view text);
  bool begin_body(const BodyFraming& framing);
  // False: there is no memory for it, and the request has been refused.
  bool keep(std::string_view piece);
  Response too_large();
  void serve();
  // Answers at once and lets the rest of the body, which nobody wants, go by.
  void answer_early(Response response);
  // Refuses a request whose rest we will not understand: answer, then close.
  void refuse(int status, std::string_view reason);
  void queue_head(const Response& response, std::optional<size_t> length);
  void end_response();
  void end_unless_needed(int64_t now_ms);

  SessionContext context_;
  const PeerFacts& peer_;
  ResponderSource& responders_;

  State state_ = State::head;
  std::string head_text_;
  std::string waiting_input_;  // what came behind a request that is being served
  RequestHead head_;           // Until it is served.
  bool wants_body_ = true;
  int minor_version_ = 1;
  bool keeps_alive_ = true;
  bool is_draining_ = false;
  bool is_streaming_chunked_ = false;
  BodyPlan plan_;
  BodyCollector body_;
  std::optional<ChunkedReader> chunks_;
  uint64_t body_left_ = 0;
  uint64_t stream_id_ = 0;  // of the request at hand
  OutputQueue output_;
  Function<void(bool)> written_;
  int64_t since_ms_;      // when the present state began
  int64_t heard_ms_ = 0;  // when the peer said something last
};

bool Http1Session::receive(std::string_view bytes) {
  heard_ms_ = context_.loop.now_ms();
  if (state_ == State::serving || !waiting_input_.empty())
    waiting_input_ += bytes;
  else
    process(bytes);
  return true;
}

void Http1Session::process(std::string_view input) {
  while (!input.empty()) {
    bool goes_on = state_ == State::head ? read_head(input) : (state_ == State::body || state_ == State::discard) && read_body(input);
    if (!goes_on || output_.size() > most_queued_answers_bytes) break;
  }
  if (state_ != State::finished) waiting_input_ += input;
}

bool Http1Session::read_head(std::string_view& input) {
  // Empty lines before a request are tolerated, as RFC 9112 asks.
  while (head_text_.empty() && (input.starts_with('\r') || input.starts_with('\n'))) input.remove_prefix(1);
  if (input.empty()) return false;
  if (head_text_.empty()) since_ms_ = context_.loop.now_ms();
  size_t scan_from = head_text_.size() < 3 ? 0 : head_text_.size() - 3;
  size_t before = head_text_.size();
  head_text_ += input.substr(0, context_.settings.max_header_bytes + 4);
  size_t end = head_text_.find("\r\n\r\n", scan_from);
  if (has_bare_line_feed(std::string_view(head_text_).substr(0, end), before)) {
    refuse(400, "a line of the request's head does not end in CR LF");
    return false;
  }
  if (end == std::string::npos) {
    input = {};
    if (head_text_.size() > context_.settings.max_header_bytes)
      refuse(431, fmt::format("the request's head is larger than {} bytes", context_.settings.max_header_bytes));
    return false;
  }
  input.remove_prefix(end + 4 - before);
  head_text_.resize(end + 4);
  return take_head(std::exchange(head_text_, {}));
}

bool Http1Session::take_head(std::string_view text) {
  stream_id_++;
  head_ = {};
  wants_body_ = true;
  auto parsed = parse_http1_request(text);
  if (!parsed.is_ok()) {
    refuse(parsed.status().code() == StatusCode::unimplemented ? 505 : 400, parsed.status().message());
    return false;
  }
  auto framing = http1_framing(parsed->headers);
  if (!framing.is_ok()) {
    refuse(framing.status().code() == StatusCode::unimplemented ? 501 : 400, framing.status().message());
    return false;
  }
  minor_version_ = parsed->minor_version;
  head_.method = std::move(parsed->method);
  wants_body_ = head_.method != "HEAD";
  size_t question = parsed->target.find('?');
  head_.path = parsed->target.substr(0, question);
  if (question != std::string::npos) head_.query = parsed->target.substr(question + 1);
  head_.headers = std::move(parsed->headers);
  head_.is_tls = peer_.is_tls;
  head_.peer_address = peer_.address;
  head_.peer_certificate_subject = peer_.certificate_subject;
  keeps_alive_ = http1_keeps_alive(minor_version_, head_.headers) && !is_draining_ && context_.settings.keeps_http1_alive;
  return begin_body(*framing);
}

bool Http1Session::begin_body(const BodyFraming& framing) {
  plan_ = context_.service->plan(head_);
  chunks_.reset();
  if (framing.is_chunked) chunks_.emplace();
  body_left_ = framing.length.value_or(0);
  since_ms_ = context_.loop.now_ms();
  state_ = State::body;
  bool waits_for_word = equals_ignoring_case(head_.headers.get("expect"), "100-continue");
  bool is_too_large = body_left_ > plan_.max_size_bytes;
  if (plan_.refusal || is_too_large) {
    keeps_alive_ = keeps_alive_ && !waits_for_word;  // its body may or may not follow
    answer_early(plan_.refusal ? std::move(*plan_.refusal) : too_large());
    return state_ != State::finished;
  }
  if (!framing.is_chunked && body_left_ == 0) {
    serve();
    return state_ != State::serving;
  }
  body_.expect(static_cast<size_t>(body_left_));
  if (waits_for_word) output_.append_copy("HTTP/1.1 100 Continue\r\n\r\n");
  return true;
}

Response Http1Session::too_large() {
  return context_.service->refusal(head_, 413, fmt::format("the body is larger than {} bytes", plan_.max_size_bytes));
}

void Http1Session::answer_early(Response response) {
  // A body that is not too long is read to its end, so that the connection stays in use.
  constexpr uint64_t most_discarded_bytes = 8 << 20;
  keeps_alive_ = keeps_alive_ && !chunks_ && body_left_ <= most_discarded_bytes;
  body_.take();
  state_ = State::serving;
  respond(stream_id_, std::move(response));
  if (state_ == State::head && body_left_ > 0) state_ = State::discard;
}

bool Http1Session::read_body(std::string_view& input) {
  if (!chunks_) {
    std::string_view piece = input.substr(0, static_cast<size_t>(std::min<uint64_t>(body_left_, input.size())));
    input.remove_prefix(piece.size());
    body_left_ -= piece.size();
    if (state_ == State::discard) {
      if (body_left_ == 0) state_ = State::head;
      return true;
    }
    if (!keep(piece)) return state_ != State::finished;
    if (body_left_ == 0) serve();
    return state_ != State::serving;
  }
  auto piece = chunks_->next(input);
  if (!piece.is_ok()) {
    refuse(400, piece.status().message());
    return false;
  }
  if (body_.size() + piece->size() > plan_.max_size_bytes) {
    answer_early(too_large());
    return false;
  }
  if (!keep(*piece)) return false;
  if (chunks_->is_done()) serve();
  return state_ != State::serving;
}

bool Http1Session::keep(std::string_view piece) {
  size_t growth = body_.growth_for(piece.size());
  if (growth > 0)
    if (auto refusal = context_.service->refuse_growth(head_, growth)) {
      answer_early(std::move(*refusal));
      return false;
    }
  body_.append(piece);
  return true;
}

void Http1Session::serve() {
  state_ = State::serving;
  since_ms_ = context_.loop.now_ms();
  Request request{std::move(head_), body_.take()};
  context_.service->serve(std::move(request), responders_.make_responder(stream_id_));
}

void Http1Session::refuse(int status, std::string_view reason) {
  keeps_alive_ = false;
  state_ = State::serving;
  waiting_input_.clear();
  respond(stream_id_, context_.service->refusal(head_, status, reason));
}

void Http1Session::queue_head(const Response& response, std::optional<size_t> length) {
  std::string text;
  text.reserve(256);
  text.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason_phrase(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers.fields()) text.append(name).append(": ").append(value).append("\r\n");
  if (length) text.append("content-length: ").append(std::to_string(*length)).append("\r\n");
  if (is_streaming_chunked_) text.append("transfer-encoding: chunked\r\n");
  if (!keeps_alive_) text.append("connection: close\r\n");
  text.append("\r\n");
  output_.append_copy(text);
}

void Http1Session::respond(uint64_t stream_id, Response response) {
  if (stream_id != stream_id_ || state_ != State::serving) return;
  keeps_alive_ = keeps_alive_ && !is_draining_;
  is_streaming_chunked_ = false;
  queue_head(response, response.body.size());
  if (wants_body_) output_.append(response.body);
  end_response();
}

void Http1Session::start(uint64_t stream_id, Response head) {
  if (stream_id != stream_id_ || state_ != State::serving) return;
  is_streaming_chunked_ = minor_version_ == 1;
  keeps_alive_ = keeps_alive_ && is_streaming_chunked_ && !is_draining_;
  queue_head(head, std::nullopt);
}

void Http1Session::write(uint64_t stream_id, Chain piece, Function<void(bool)> written) {
  if (stream_id != stream_id_ || state_ != State::serving) {
    written(false);
    return;
  }
  if (is_streaming_chunked_ && !piece.empty()) output_.append_copy(fmt::format("{:x}\r\n", piece.size()));
  output_.append(piece);
  if (is_streaming_chunked_ && !piece.empty()) output_.append_copy("\r\n");
  written_ = std::move(written);
}

void Http1Session::finish(uint64_t stream_id, Headers) {
  if (stream_id != stream_id_ || state_ != State::serving) return;
  if (is_streaming_chunked_) output_.append_copy("0\r\n\r\n");
  end_response();
}

void Http1Session::end_response() {
  since_ms_ = context_.loop.now_ms();
  state_ = keeps_alive_ ? State::head : State::finished;
}

void Http1Session::produce(OutputQueue& output, size_t) {
  // Our own queue is handed over whole: it holds one answer at most, or one piece of a stream.
  if (output.empty() && !output_.empty()) std::swap(output, output_);
}

void Http1Session::on_all_written() {
  if (written_) std::exchange(written_, {})(true);
  if (state_ != State::serving && !waiting_input_.empty()) process(std::exchange(waiting_input_, {}));
}

void Http1Session::begin_drain() {
  is_draining_ = true;
  keeps_alive_ = false;
  end_unless_needed(context_.loop.now_ms());
}

// Neither a connection between requests nor a request that has stopped arriving holds the server's stop up.
void Http1Session::end_unless_needed(int64_t now_ms) {
  bool is_idle = (state_ == State::head && head_text_.empty()) || state_ == State::discard;
  bool is_arriving = !is_idle && (state_ == State::head || state_ == State::body);
  if (is_idle && output_.empty()) state_ = State::finished;
  if (is_arriving && now_ms - heard_ms_ >= drain_patience_ms) refuse(503, "the server is stopping");
}

bool Http1Session::check_time(int64_t now_ms) {
  const ServerSettings& settings = context_.settings;
  if (is_draining_) end_unless_needed(now_ms);
  switch (state_) {
    case State::head:
      if (!head_text_.empty()) {
        if (now_ms - since_ms_ > settings.header_timeout_ms) refuse(408, "the request's head took too long");
        return true;
      }
      return now_ms - since_ms_ <= (settings.idle_timeout_ms > 0 ? settings.idle_timeout_ms : 60'000);
    case State::discard:  // it has its answer
      return now_ms - since_ms_ <= 60'000;
    case State::body:
      if (is_too_slow(settings, since_ms_, now_ms, body_.size())) refuse(408, "the request's body came too slowly");
      return true;
    default:
      return true;
  }
}

}  // namespace

std::unique_ptr<Session> new_http1_session(const SessionContext& context, const PeerFacts& peer, ResponderSource& responders) {
  return std::make_unique<Http1Session>(context, peer, responders);
}

}  // namespace vigia::net
