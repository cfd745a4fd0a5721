#include <array>

#include "net/server_connection_internal.h"

namespace vigia::net {

namespace {

constexpr size_t output_high_water_bytes = 512 * 1024;
constexpr int64_t linger_ms = 2000;
constexpr int64_t linger_when_draining_ms = 500;
constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Answers one request of a connection, wherever it is called.
class ConnectionResponder final : public Responder {
 public:
  ConnectionResponder(std::weak_ptr<ServerConnection> connection, EventLoop& loop, uint64_t stream_id, MemoryLedger& ledger)
      : connection_(std::move(connection)), loop_(loop), stream_id_(stream_id), ledger_(ledger) {}
  ~ConnectionResponder() override {
    if (!is_used_) respond(text_response(500, "text/plain", "the request was not answered\n", ledger_));
  }

  void respond(Response response) override {
    is_used_ = true;
    on_session([id = stream_id_, response = std::move(response)](Session& session) mutable { session.respond(id, std::move(response)); });
  }
  void start(Response head) override {
    is_used_ = true;
    on_session([id = stream_id_, head = std::move(head)](Session& session) mutable { session.start(id, std::move(head)); });
  }
  void write(Chain piece, Function<void(bool)> written) override {
    if (connection_.expired()) {
      written(false);
      return;
    }
    on_session([id = stream_id_, piece = std::move(piece), written = std::move(written)](Session& session) mutable {
      session.write(id, std::move(piece), std::move(written));
    });
  }
  void finish(Headers trailers) override {
    on_session([id = stream_id_, trailers = std::move(trailers)](Session& session) mutable { session.finish(id, std::move(trailers)); });
  }
  EventLoop& loop() override { return loop_; }

 private:
  template <typename Use>
  void on_session(Use use) {
    if (loop_.is_current_thread()) {
      if (auto connection = connection_.lock()) connection->with_session(use);
      return;
    }
    loop_.post([connection = connection_, use = std::move(use)]() mutable {
      if (auto alive = connection.lock()) alive->with_session(use);
    });
  }

  std::weak_ptr<ServerConnection> connection_;
  EventLoop& loop_;
  uint64_t stream_id_;
  MemoryLedger& ledger_;
  bool is_used_ = false;
};

}  // namespace

ServerConnection::ServerConnection(Transport transport, PeerFacts peer, const SessionContext& context, std::string& read_buffer, Logger log,
                                   Function<void(ServerConnection&)> closed)
    : transport_(std::move(transport)),
      peer_(std::move(peer)),
      context_(context),
      read_buffer_(read_buffer),
      log_(std::move(log)),
      closed_(std::move(closed)),
      since_ms_(context.loop.now_ms()) {}

ServerConnection::~ServerConnection() { close(); }

void ServerConnection::open() {
  if (!context_.loop.watch(transport_.descriptor(), true, false, *this).is_ok()) {
    close();
    return;
  }
  advance_handshake();
}

std::unique_ptr<Responder> ServerConnection::make_responder(uint64_t stream_id) {
  return std::make_unique<ConnectionResponder>(weak_from_this(), context_.loop, stream_id, context_.ledger);
}

void ServerConnection::flush_soon() {
  if (session_ && phase_ == Phase::open) flush_unless_reading();
}

void ServerConnection::on_io(bool readable, bool writable) {
  std::shared_ptr<ServerConnection> keep = shared_from_this();
  if (phase_ == Phase::handshake) {
    advance_handshake();
    return;
  }
  if (readable || transport_.wants_write()) read_some();
  if (writable && phase_ != Phase::closed) flush();
}

void ServerConnection::on_hang_up() {
  // A session that wants no input now would never find out from the socket that nobody is there, and the loop would tell it for ever.
  if (watches_read_)
    on_io(true, true);
  else
    close();
}

void ServerConnection::advance_handshake() {
  IoState state = transport_.handshake();
  if (state == IoState::closed) {
    // Anybody may fail at a door. Where certificates are asked for it is more likely somebody who should come in, and whose has expired.
    bool matters = transport_.asks_for_certificate() && !transport_.tls_error().empty();
    log_.write(matters ? LogLevel::warn : LogLevel::debug, "TLS handshake failed",
               {{"peer", peer_.address}, {"error", transport_.tls_error()}});
    close();
    return;
  }
  if (state == IoState::would_block) {
    update_watch(transport_.wants_write());
    return;
  }
  update_watch(false);
  peer_.is_tls = transport_.is_tls();
  peer_.certificate_subject = transport_.peer_certificate_subject();
  phase_ = Phase::detect;
  since_ms_ = context_.loop.now_ms();
  if (context_.streams) open_stream();
  if (transport_.is_tls() && phase_ != Phase::closed) read_some();  // data may have come with the handshake's last record
}

void ServerConnection::open_stream() {
  phase_ = Phase::open;
  session_ = new_stream_session(context_, peer_, *this);
  flush();
}

void ServerConnection::read_some() {
  // A few rounds, then the other connections of the loop: level-triggered waiting brings us back.
  constexpr int most_rounds = 4;
  is_reading_ = true;
  bool is_over = false;
  for (int round = 0; !is_over && phase_ != Phase::closed; round++) {
    bool may_stop = round >= most_rounds && !transport_.is_tls();  // OpenSSL may hold bytes that no poll tells of
    if (may_stop || (session_ && !session_->wants_read())) break;
    Transport::ReadResult result = transport_.read(read_buffer_.data(), read_buffer_.size());
    if (result.state == IoState::would_block) break;
    if (result.state == IoState::closed) {
      close();
      break;
    }
    if (phase_ == Phase::lingering) continue;
    is_over = !take({read_buffer_.data(), result.bytes});
    if (!transport_.is_tls() && result.bytes < read_buffer_.size()) break;
  }
  is_reading_ = false;
  if (phase_ == Phase::closed) return;
  is_broken_ = is_broken_ || is_over;
  flush();
}

bool ServerConnection::take(std::string_view bytes) {
  if (phase_ == Phase::detect) return detect_protocol(bytes);
  return session_->receive(bytes);
}

bool ServerConnection::detect_protocol(std::string_view bytes) {
  first_bytes_ += bytes;
  std::string_view known = first_bytes_;
  bool may_be_http2 = known.substr(0, 3) == http2_preface.substr(0, std::min<size_t>(3, known.size()));
  bool is_http2 = transport_.alpn() == "h2" || (may_be_http2 && known.size() >= 3);
  if (!is_http2 && may_be_http2) return true;  // too little to tell
  phase_ = Phase::open;
  session_ = is_http2 ? new_http2_session(context_, peer_, *this) : new_http1_session(context_, peer_, *this);
  if (is_draining_) session_->begin_drain();
  std::string received = std::exchange(first_bytes_, {});
  return session_->receive(received);
}

void ServerConnection::flush_unless_reading() {
  if (!is_reading_) flush();
}

void ServerConnection::flush() {
  std::shared_ptr<ServerConnection> keep = shared_from_this();
  while (phase_ == Phase::open) {
    is_reading_ = true;  // what is answered meanwhile is sent by this loop
    session_->produce(output_, output_high_water_bytes);
    is_reading_ = false;
    bool had_output = !output_.empty();
    IoState state = transport_.write(output_);
    if (state == IoState::closed) {
      close();
      return;
    }
    if (state == IoState::would_block) {
      update_watch(true);
      return;
    }
    is_reading_ = true;
    session_->on_all_written();
    is_reading_ = false;
    if (phase_ != Phase::open) break;
    if (had_output || !output_.empty()) continue;
    if (is_broken_ || session_->is_finished()) {
      linger();
      return;
    }
    break;
  }
  if (phase_ == Phase::open) update_watch(false);
  if (phase_ == Phase::lingering && transport_.write(output_) == IoState::closed) close();
}

void ServerConnection::linger() {
  // Closing while the peer still sends would make its system throw our answer away; so we say that we are done and read to its end.
  transport_.finish_writing();
  phase_ = Phase::lingering;
  since_ms_ = context_.loop.now_ms();
  session_.reset();
  update_watch(false);
}

void ServerConnection::update_watch(bool wants_write) {
  bool wants_read = !session_ || session_->wants_read();
  if (wants_read == watches_read_ && wants_write == watches_write_) return;
  watches_read_ = wants_read;
  watches_write_ = wants_write;
  context_.loop.change_watch(transport_.descriptor(), wants_read, wants_write, *this);
}

void ServerConnection::begin_drain() {
  is_draining_ = true;
  if (phase_ == Phase::handshake || phase_ == Phase::detect) {
    close();
    return;
  }
  with_session([](Session& session) { session.begin_drain(); });
}

void ServerConnection::check_time(int64_t now_ms) {
  int64_t waited_ms = now_ms - since_ms_;
  switch (phase_) {
    case Phase::handshake:
    case Phase::detect: {
      // A connection on which nothing has been said may wait as long as an idle one: clients open them in advance.
      int64_t idle_ms = context_.settings.idle_timeout_ms > 0 ? context_.settings.idle_timeout_ms : 60'000;
      bool is_silent = phase_ == Phase::detect && first_bytes_.empty();
      if (waited_ms > (is_silent ? idle_ms : context_.settings.header_timeout_ms)) close();
      return;
    }
    case Phase::open:
      is_broken_ = !session_->check_time(now_ms) || is_broken_;
      if (is_stuck(now_ms))
        close();
      else
        flush();
      return;
    case Phase::lingering:
      if (waited_ms > (is_draining_ ? linger_when_draining_ms : linger_ms)) close();
      return;
    case Phase::closed:
      return;
  }
}

// Whether the peer has taken nothing of our output for too long, or at all when we only wait to be rid of it.
bool ServerConnection::is_stuck(int64_t now_ms) {
  if (!watches_write_ || output_.written_bytes() != written_bytes_seen_) {
    written_bytes_seen_ = output_.written_bytes();
    written_ms_ = now_ms;
    return false;
  }
  return is_broken_ || now_ms - written_ms_ > context_.settings.write_timeout_ms;
}

void ServerConnection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  context_.loop.forget(transport_.descriptor());
  session_.reset();
  if (closed_) closed_(*this);
}

}  // namespace vigia::net
