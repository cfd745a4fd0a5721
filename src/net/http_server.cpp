#include "net/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "net/server_connection_internal.h"
#include "net/socket.h"

namespace vigia::net {

namespace {

constexpr int64_t sweep_interval_ms = 1000;
constexpr int64_t sweep_interval_when_draining_ms = 250;

// What is behind the port: one of the two.
struct Served {
  HttpService* http = nullptr;
  StreamService* streams = nullptr;
};

// The connections of one loop.
class ServerLoop {
 public:
  ServerLoop(const ServerSettings& settings, const Served& served, EventLoop& loop, MemoryLedger& ledger, Logger log)
      : settings_(settings), context_{settings, served.http, loop, ledger, served.streams}, log_(std::move(log)) {}

  EventLoop& loop() { return context_.loop; }
  // Any thread: how many connections there are, those on their way included.
  std::atomic<size_t>& load() { return load_; }

  void adopt(Socket socket, std::string peer_address);
  void begin_drain(int64_t grace_ms, Function<void()> drained);

 private:
  void remove(ServerConnection& connection);
  void sweep();
  void sweep_later();
  void end_if_drained();

  const ServerSettings& settings_;
  SessionContext context_;
  Logger log_;
  std::atomic<size_t> load_{0};
  std::string read_buffer_;
  std::unordered_map<ServerConnection*, std::shared_ptr<ServerConnection>> connections_;
  EventLoop::TimerId sweep_timer_ = 0;
  EventLoop::TimerId grace_timer_ = 0;
  bool is_draining_ = false;
  Function<void()> drained_;
};

void ServerLoop::adopt(Socket socket, std::string peer_address) {
  if (is_draining_) {
    load_--;
    return;
  }
  if (read_buffer_.empty()) read_buffer_.resize(settings_.read_buffer_bytes);
  int on = 1;
  ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ssl_st* session = settings_.tls ? settings_.tls->new_session(log_) : nullptr;
  auto connection = std::make_shared<ServerConnection>(Transport(std::move(socket), session), PeerFacts{std::move(peer_address), {}, false},
                                                       context_, read_buffer_, log_, [this](ServerConnection& closed) { remove(closed); });
  connections_.emplace(connection.get(), connection);
  if (sweep_timer_ == 0) sweep_later();
  connection->open();
}

void ServerLoop::remove(ServerConnection& connection) {
  auto entry = connections_.find(&connection);
  if (entry == connections_.end()) return;
  // It may be in the middle of a call: it goes when that is over.
  loop().post([gone = std::move(entry->second)] {});
  connections_.erase(entry);
  load_--;
  end_if_drained();
}

void ServerLoop::sweep() {
  std::vector<std::shared_ptr<ServerConnection>> all;
  all.reserve(connections_.size());
  for (auto& [pointer, connection] : connections_) all.push_back(connection);
  for (auto& connection : all) connection->check_time(loop().now_ms());
  sweep_timer_ = 0;
  if (!connections_.empty()) sweep_later();
}

void ServerLoop::sweep_later() {
  loop().cancel_timer(sweep_timer_);
  sweep_timer_ = loop().run_after_ms(is_draining_ ? sweep_interval_when_draining_ms : sweep_interval_ms, [this] { sweep(); });
}

void ServerLoop::begin_drain(int64_t grace_ms, Function<void()> drained) {
  is_draining_ = true;
  drained_ = std::move(drained);
  // Before the connections are told: the last of them may end the drain, and with it the timer.
  grace_timer_ = loop().run_after_ms(grace_ms, [this] {
    grace_timer_ = 0;
    while (!connections_.empty()) connections_.begin()->second->close();
  });
  std::vector<std::shared_ptr<ServerConnection>> all;
  for (auto& [pointer, connection] : connections_) all.push_back(connection);
  for (auto& connection : all) connection->begin_drain();
  if (!connections_.empty()) sweep_later();
  end_if_drained();
}

void ServerLoop::end_if_drained() {
  if (!is_draining_ || !connections_.empty() || !drained_) return;
  loop().cancel_timer(std::exchange(sweep_timer_, 0));
  loop().cancel_timer(std::exchange(grace_timer_, 0));
  // Behind the tasks that still drop closed connections.
  loop().post([drained = std::exchange(drained_, {})]() mutable { drained(); });
}

class Server final : public HttpServer, public StreamServer, public IoHandler {
 public:
  Server(const ServerSettings& settings, const Served& served, LoopGroup& loops, MemoryLedger& ledger, Logger log, Socket listener,
         SocketAddress bound)
      : settings_(settings), log_(std::move(log)), listener_(std::move(listener)), bound_(bound), accept_loop_(loops.next()) {
    for (size_t i = 0; i < loops.size(); i++) loops_.push_back(std::make_unique<ServerLoop>(settings_, served, loops.at(i), ledger, log_));
    loops_left_ = loops_.size();
  }

  void begin() override {
    accept_loop_.post([this] { watch_listener(); });
  }
  int port() const override { return bound_.port(); }
  std::string address() const override { return bound_.to_string(); }
  size_t open_connections() const override {
    size_t total = 0;
    for (const auto& loop : loops_) total += loop->load();
    return total;
  }
  void drain(int64_t grace_ms, Function<void()> drained) override;
  void on_io(bool readable, bool writable) override;

 private:
  void watch_listener();
  void pause_accepting();
  void hand_over(Socket socket, std::string peer);
  ServerLoop& least_loaded();

  const ServerSettings settings_;
  Logger log_;
  Socket listener_;
  SocketAddress bound_;
  EventLoop& accept_loop_;
  EventLoop::TimerId pause_timer_ = 0;
  std::vector<std::unique_ptr<ServerLoop>> loops_;
  std::atomic<size_t> loops_left_{0};
  Function<void()> drained_;
};

void Server::watch_listener() {
  if (!listener_.is_open()) return;
  Status status = accept_loop_.watch(listener_.descriptor(), true, false, *this);
  if (!status.is_ok()) log_.error("cannot accept connections", {{"address", address()}, {"error", status}});
}

void Server::on_io(bool, bool) {
  constexpr int most_at_once = 64;
  for (int i = 0; i < most_at_once; i++) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    Socket socket(::accept4(listener_.descriptor(), reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) pause_accepting();
      return;
    }
    if (open_connections() >= settings_.max_connections) {
      log_.warn("too many connections; one was closed", {{"address", address()}, {"limit", settings_.max_connections}});
      continue;
    }
    hand_over(std::move(socket), SocketAddress(reinterpret_cast<const sockaddr*>(&storage), size).to_string());
  }
}

void Server::pause_accepting() {
  log_.error("cannot accept connections for a moment: the system has no descriptors or memory left", {{"address", address()}});
  accept_loop_.forget(listener_.descriptor());
  pause_timer_ = accept_loop_.run_after_ms(200, [this] {
    pause_timer_ = 0;
    watch_listener();
  });
}

ServerLoop& Server::least_loaded() {
  return **std::min_element(loops_.begin(), loops_.end(), [](const auto& a, const auto& b) { return a->load() < b->load(); });
}

void Server::hand_over(Socket socket, std::string peer) {
  ServerLoop& target = least_loaded();
  target.load()++;
  target.loop().dispatch(
      [&target, socket = std::move(socket), peer = std::move(peer)]() mutable { target.adopt(std::move(socket), std::move(peer)); });
}

void Server::drain(int64_t grace_ms, Function<void()> drained) {
  drained_ = std::move(drained);
  accept_loop_.post([this, grace_ms] {
    accept_loop_.forget(listener_.descriptor());
    accept_loop_.cancel_timer(pause_timer_);
    listener_.close();
    for (auto& loop : loops_)
      loop->loop().dispatch([this, grace_ms, target = loop.get()] {
        target->begin_drain(grace_ms, [this] {
          if (loops_left_.fetch_sub(1) != 1) return;
          Function<void()> all_drained = std::move(drained_);  // the call may be the end of this server
          all_drained();
        });
      });
  });
}

Result<std::unique_ptr<Server>> listen_with(const ServerSettings& settings, const Served& served, LoopGroup& loops, MemoryLedger& ledger,
                                            Logger log) {
  ASSIGN_OR_RETURN(Socket listener, listen_on(settings.endpoint));
  ASSIGN_OR_RETURN(SocketAddress bound, local_address(listener));
  return std::make_unique<Server>(settings, served, loops, ledger, std::move(log), std::move(listener), bound);
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ServerSettings& settings, HttpService& service, LoopGroup& loops,
                                                      MemoryLedger& ledger, Logger log) {
  auto server = listen(settings, service, loops, ledger, std::move(log));
  if (server.is_ok()) (*server)->begin();
  return server;
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const ServerSettings& settings, HttpService& service, LoopGroup& loops,
                                                       MemoryLedger& ledger, Logger log) {
  ASSIGN_OR_RETURN(std::unique_ptr<Server> server, listen_with(settings, {.http = &service}, loops, ledger, std::move(log)));
  return std::unique_ptr<HttpServer>(std::move(server));
}

Result<std::unique_ptr<StreamServer>> StreamServer::listen(const ServerSettings& settings, StreamService& service, LoopGroup& loops,
                                                           MemoryLedger& ledger, Logger log) {
  ASSIGN_OR_RETURN(std::unique_ptr<Server> server, listen_with(settings, {.streams = &service}, loops, ledger, std::move(log)));
  return std::unique_ptr<StreamServer>(std::move(server));
}

}  // namespace vigia::net
