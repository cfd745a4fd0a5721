// The way of a connection until it is open: name → address → connect → proxy → TLS → session.

#include <fmt/core.h>

#include "base/text.h"
#include "net/client_connection_internal.h"
#include "net/http1_parser.h"

namespace vigia::net {

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
    // Which address it was is in the message; what it was asked for by adds to that when it is a name, or when there is a proxy.
    Status why = std::move(connected).status();
    bool is_said = why.message().find(fmt::format(" {}: ", destination())) != std::string::npos;
    close(is_said ? std::move(why) : std::move(why).with_context(destination()));
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

}  // namespace vigia::net
