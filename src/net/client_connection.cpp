#include "net/client_connection_internal.h"

#include <fmt/core.h>

#include "base/text.h"
#include "net/http1_parser.h"

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

std::string_view ClientConnection::what_is_waited_for() const {
  switch (phase_) {
    case Phase::resolving:
      return "the name servers have not answered";
    case Phase::connecting:
      return "nobody has taken the connection";
    case Phase::proxy:
      return "the proxy has not answered";
    case Phase::handshake:
      return "the TLS handshake is not over";
    default:
      return {};
  }
}

// With TLS 1.3 a server refuses our certificate, or the lack of one, only after the handshake is over for us.
Status ClientConnection::closed_by_server() const {
  const std::string& why = transport_->tls_error();
  return unavailable(fmt::format("{} closed the connection{}{}", destination(), why.empty() ? "" : ": ", why));
}

void ClientConnection::open() {
  std::string host = settings_.host;
  int port = settings_.port;
  if (!settings_.proxy_url.empty()) {
    auto proxy = parse_proxy_url(settings_.proxy_url);
    if (!proxy.is_ok()) {
      close(proxy.status());
      return;
    }
    proxy_ = std::make_unique<ProxyAddress>(std::move(*proxy));
    host = proxy_->host;
    port = proxy_->port;
  }
  connect_timer_ = loop_.run_after_ms(settings_.connect_timeout_ms, [this] {
    connect_timer_ = 0;
    close(unavailable(fmt::format("cannot connect to {}: no answer within {}", destination(),
                                  format_duration_ns(settings_.connect_timeout_ms * 1'000'000))));
  });
  if (host.starts_with("unix:")) {
    connect({SocketAddress::unix_path(std::string_view(host).substr(5))});
    return;
  }
  resolver_.resolve(host, port, [weak = weak_from_this()](Result<std::vector<SocketAddress>> found) {
    auto self = weak.lock();
    if (!self || self->phase_ != Phase::resolving) return;
    if (found.is_ok())
      self->connect(std::move(*found));
    else
      self->close(found.status());
  });
}

void ClientConnection::connect(std::vector<SocketAddress> addresses) {
  phase_ = Phase::connecting;
  if (pool_) pool_->addresses().sort(addresses);
  connector_ = std::make_unique<Connector>(loop_, std::move(addresses),
                                           [this](Result<Connector::Connected> connected) { on_connected(std::move(connected)); });
  connector_->start();
}

void ClientConnection::on_connected(Result<Connector::Connected> connected) {
  std::shared_ptr<ClientConnection> keep = shared_from_this();
  std::unique_ptr<Connector> over = std::move(connector_);  // we are called by it
  if (!connected.is_ok()) {
    close(std::move(connected).status().with_context(destination()));
    return;
  }
  address_ = connected->address;
  transport_ = std::make_unique<Transport>(std::move(connected->socket), nullptr);
  bool needs_tunnel = proxy_ && (settings_.tls || !settings_.allow_http1);
  if (needs_tunnel)
    ask_proxy();
  else
    begin_handshake();
}

void ClientConnection::ask_proxy() {
  phase_ = Phase::proxy;
  std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nhost: {0}\r\n", destination());
  if (!proxy_->authorization.empty()) request += fmt::format("proxy-authorization: {}\r\n", proxy_->authorization);
  output_.append_copy(request + "\r\n");
  if (Status watched = loop_.watch(transport_->descriptor(), true, false, *this); !watched.is_ok()) {
    close(watched);
    return;
  }
  watches_write_ = false;
  if (transport_->write(output_) != IoState::open)
    close(unavailable("cannot write to the proxy " + HostPort{proxy_->host, proxy_->port}.to_string()));
}

void ClientConnection::read_proxy_answer() {
  char block[1024];
  Transport::ReadResult result = transport_->read(block, sizeof block);
  if (result.state == IoState::would_block) return;
  proxy_answer_.append(block, result.bytes);
  size_t end = proxy_answer_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (result.state == IoState::closed || proxy_answer_.size() > 16 * 1024) close(unavailable("the proxy closed the connection"));
    return;
  }
  auto head = parse_http1_response(std::string_view(proxy_answer_).substr(0, end + 4));
  if (!head.is_ok() || head->status / 100 != 2) {
    close(unavailable(head.is_ok() ? fmt::format("the proxy refused to connect to {}: HTTP {}", destination(), head->status)
                                   : head.status().message()));
    return;
  }
  proxy_answer_.erase(0, end + 4);
  if (settings_.tls && !proxy_answer_.empty()) {
    close(unavailable("the server behind the proxy does not speak TLS"));
    return;
  }
  begin_handshake();
}

void ClientConnection::begin_handshake() {
  ssl_st* tls_session = nullptr;
  if (settings_.tls) {
    std::vector<std::string> alpn;
    if (settings_.allow_http2) alpn.emplace_back("h2");
    if (settings_.allow_http1) alpn.emplace_back("http/1.1");
    auto made = settings_.tls->new_session(settings_.host, alpn, pool_ ? pool_->log() : Logger());
    if (!made.is_ok()) {
      close(made.status());
      return;
    }
    tls_session = *made;
  }
  // The socket has been a plain one so far, perhaps a proxy's.
  loop_.forget(transport_->descriptor());
  transport_ = std::make_unique<Transport>(transport_->release_socket(), tls_session);
  if (Status watched = loop_.watch(transport_->descriptor(), true, true, *this); !watched.is_ok()) {
    close(watched);
    return;
  }
  watches_write_ = true;
  phase_ = Phase::handshake;
  advance_handshake();
}

void ClientConnection::advance_handshake() {
  IoState state = transport_->handshake();
  if (state == IoState::closed) {
    const std::string& why = transport_->tls_error();
    close(unavailable(fmt::format("TLS with {} failed: {}", destination(), why.empty() ? "the server closed the connection" : why)));
    return;
  }
  if (state == IoState::would_block) {
    update_watch(transport_->wants_write());
    return;
  }
  begin_session();
}

void ClientConnection::begin_session() {
  is_http2_ = transport_->is_tls() ? transport_->alpn() == "h2" || !settings_.allow_http1 : !settings_.allow_http1;
  std::optional<ProxyForm> proxy_form;
  if (proxy_ && !settings_.tls) proxy_form = ProxyForm{proxy_->authorization};
  session_ = is_http2_ ? new_http2_client_session(settings_, transport_->is_tls(), ledger_, loop_.now_ms(), *this)
                       : new_http1_client_session(settings_, std::move(proxy_form), ledger_, *this);
  phase_ = Phase::open;
  was_open_ = true;
  idle_since_ms_ = loop_.now_ms();
  std::shared_ptr<ClientConnection> keep = shared_from_this();
  note_if_confirmed();
  if (pool_) pool_->on_open(*this);
  take_early_words();
  flush();
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
  }
  is_reading_ = false;
  if (phase_ != Phase::open) return;
  note_if_confirmed();
  if (!over.is_ok())
    close(over);
  else
    flush();
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
  if (!session_->abandon(call, loop_.now_ms()))
    close(unavailable("the call was given up"));
  else if (!is_reading_)
    flush();
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
