#include "net/client_connection_internal.h"

#include <fmt/core.h>

namespace vigia::net {

ClientConnection::ClientConnection(const ClientSettings& settings, EventLoop& loop, Resolver& resolver, MemoryLedger& ledger,
                                   std::string& read_buffer, Pool& pool)
    : settings_(settings), loop_(loop), resolver_(resolver), ledger_(ledger), read_buffer_(read_buffer), pool_(&pool) {}

ClientConnection::~ClientConnection() {
  pool_ = nullptr;
  close(unavailable("the client was closed"));
}

std::string ClientConnection::destination() const {
  return settings_.port == 0 ? settings_.host : HostPort{settings_.host, settings_.port}.to_string();
}

// With TLS 1.3 a server refuses our certificate, or the lack of one, only after the handshake is over for us.
Status ClientConnection::closed_by_server() const {
  const std::string& why = transport_->tls_error();
  return unavailable(fmt::format("{} closed the connection{}{}", destination(), why.empty() ? "" : ": ", why));
}

// HTTP/2's server need not wait for us, and its first words may have come together with the proxy's last.
void ClientConnection::take_early_words() {
  if (proxy_answer_.empty() || phase_ != Phase::open) return;
  is_reading_ = true;
  has_spoken_ = true;
  bool is_good = session_->receive(std::exchange(proxy_answer_, {}));
  is_reading_ = false;
  if (phase_ != Phase::open) return;
  note_if_confirmed();
  if (!is_good) close(unavailable(fmt::format("the connection to {} cannot be used any more", destination())));
}

// A server that has taken the connection but does not say its first word is not there yet: the time for connecting runs on.
void ClientConnection::note_if_confirmed() {
  if (!session_->is_confirmed()) return;
  is_confirmed_ = true;
  loop_.cancel_timer(std::exchange(connect_timer_, 0));
  // HTTP/1 expects no first word, but an address that takes connections and then says nothing has not worked.
  if (has_spoken_ && !std::exchange(is_proven_, true) && pool_) pool_->addresses().worked(address_);
}

// Whether the address was of no use: the connection did not come about, or nothing at all came back on it.
bool ClientConnection::has_address_failed() const { return address_.size() > 0 && !is_proven_ && (!is_confirmed_ || was_asked_); }

void ClientConnection::on_io(bool readable, bool writable) {
  std::shared_ptr<ClientConnection> keep = shared_from_this();
  switch (phase_) {
    case Phase::proxy:
      read_proxy_answer();
      return;
    case Phase::handshake:
      advance_handshake();
      return;
    case Phase::open:
      if (readable || transport_->wants_write()) read_some();
      if (writable && phase_ == Phase::open) flush();
      return;
    default:
      return;
  }
}

void ClientConnection::read_some() {
  // Others on the loop shall have their turn, too. Of what is left epoll tells again, unless TLS holds it already.
  constexpr size_t most_bytes_at_once = 1 << 20;
  size_t bytes_read = 0;
  is_reading_ = true;
  Status over;
  while (phase_ == Phase::open && over.is_ok()) {
    Transport::ReadResult result = transport_->read(read_buffer_.data(), read_buffer_.size());
    if (result.state == IoState::would_block) break;
    has_spoken_ |= result.bytes > 0;
    if (result.state == IoState::closed)
      over = closed_by_server();
    else if (!session_->receive({read_buffer_.data(), result.bytes}))
      over = unavailable(fmt::format("the connection to {} cannot be used any more", destination()));
    if (!transport_->is_tls() && result.bytes < read_buffer_.size()) break;
    bytes_read += result.bytes;
    if (bytes_read < most_bytes_at_once) continue;
    if (transport_->is_tls()) read_soon();
    break;
  }
  is_reading_ = false;
  if (phase_ != Phase::open) return;
  note_if_confirmed();
  if (!over.is_ok())
    close(over);
  else
    flush();
}

void ClientConnection::read_soon() {
  loop_.post([weak = weak_from_this()] {
    auto self = weak.lock();
    if (self && self->phase_ == Phase::open) self->read_some();
  });
}

void ClientConnection::flush() {
  // A call that ends while frames are made may bring the next one with it; the loop below picks that one's frames up, too.
  if (is_flushing_) return;
  while (phase_ == Phase::open) {
    is_flushing_ = true;
    session_->produce(output_, settings_.write_buffer_bytes);
    is_flushing_ = false;
    if (phase_ != Phase::open) return;
    bool had_output = !output_.empty();
    IoState state = transport_->write(output_);
    if (state == IoState::closed) {
      // What the server said last may still lie in the socket, such as a refusal of what we were sending.
      read_some();
      if (phase_ == Phase::open) close(closed_by_server());
      return;
    }
    update_watch(state == IoState::would_block);
    // What is left of a request matters to nobody once HTTP/1 is through; HTTP/2 may have a goodbye to say.
    if (session_->is_finished() && (output_.empty() || !is_http2_)) {
      close(closed_by_server());
      return;
    }
    if (state == IoState::would_block || !had_output) return;
  }
}

void ClientConnection::update_watch(bool wants_write) {
  if (wants_write == watches_write_) return;
  watches_write_ = wants_write;
  loop_.change_watch(transport_->descriptor(), true, wants_write, *this);
}

void ClientConnection::submit(CallPointer call) {
  call->connection = this;
  was_asked_ = true;
  session_->submit(std::move(call));
  if (!is_reading_) flush();
}

void ClientConnection::abandon(const CallPointer& call) {
  call->connection = nullptr;
  if (phase_ != Phase::open) return;
  std::shared_ptr<ClientConnection> keep = shared_from_this();
  if (!session_->abandon(call, loop_.now_ms())) {
    close(unavailable("the call was given up"));
    if (pool_) pool_->on_silence(address_);
  } else if (!is_reading_) {
    flush();
  }
}

void ClientConnection::send_elsewhere(CallPointer call) {
  call->connection = nullptr;
  if (pool_)
    pool_->send_elsewhere(std::move(call));
  else
    call->finish(unavailable("the client was closed"));
}

void ClientConnection::on_call_over(const CallPointer& call) {
  call->connection = nullptr;
  idle_since_ms_ = loop_.now_ms();
  if (std::exchange(is_announced_, true)) return;
  // Not at once: the session is in the middle of something.
  loop_.post([weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    self->is_announced_ = false;
    if (self->pool_ && self->can_take()) self->pool_->on_available(*self);
  });
}

void ClientConnection::check_time(int64_t now_ms) {
  if (phase_ != Phase::open) return;
  std::shared_ptr<ClientConnection> keep = shared_from_this();
  if (!session_->check_time(now_ms)) {
    if (pool_) pool_->addresses().failed(address_);
    close(unavailable(fmt::format("{} has fallen silent", destination())));
    return;
  }
  flush();
}

void ClientConnection::close(const Status& why) {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  loop_.cancel_timer(std::exchange(connect_timer_, 0));
  if (pool_ && has_address_failed()) pool_->addresses().failed(address_);
  connector_.reset();
  if (transport_) loop_.forget(transport_->descriptor());
  if (session_) session_->on_closed(why);
  if (transport_ && was_open_) transport_->finish_writing();
  if (pool_) pool_->on_closed(*this, was_open_, why);
}

}  // namespace vigia::net
