#include "net/http_client.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include <fmt/core.h>

#include "base/text.h"
#include "net/client_connection_internal.h"
#include "net/socket.h"

namespace vigia::net {

namespace {

constexpr int64_t sweep_interval_ms = 2000;

// The connections and waiting calls of one loop.
class LoopPool final : public ClientConnection::Pool {
 public:
  LoopPool(const ClientSettings& settings, EventLoop& loop, Resolver& resolver, MemoryLedger& ledger, Logger log)
      : settings_(settings), loop_(loop), resolver_(resolver), ledger_(ledger), log_(std::move(log)) {}
  ~LoopPool() override { close(); }

  void submit(CallPointer call);
  void close();

  void on_open(ClientConnection& connection) override;
  void on_available(ClientConnection& connection) override { give_work(connection); }
  void on_closed(ClientConnection& connection, bool was_open, const Status& why) override;
  void send_elsewhere(CallPointer call) override;
  void on_silence(const SocketAddress& address) override;
  AddressMemory& addresses() override { return addresses_; }
  const Logger& log() const override { return log_; }

 private:
  void arm_deadline(const CallPointer& call);
  std::string_view what_is_waited_for() const;
  void fail_waiting(const Status& why);
  void give_work(ClientConnection& connection);
  void open_connections();
  size_t lasting_connections() const;
  size_t wanted_connections() const;
  ClientConnection* available();
  void sweep();

  const ClientSettings& settings_;
  EventLoop& loop_;
  Resolver& resolver_;
  MemoryLedger& ledger_;
  Logger log_;
  std::string read_buffer_;
  AddressMemory addresses_;
  std::deque<CallPointer> waiting_;
  std::unordered_map<ClientConnection*, std::shared_ptr<ClientConnection>> connections_;
  size_t opening_ = 0;
  bool speaks_http2_ = false;  // as the last connection found
  bool is_closed_ = false;
  EventLoop::TimerId sweep_timer_ = 0;
};

void LoopPool::submit(CallPointer call) {
  if (is_closed_) {
    call->finish(unavailable("the client was closed"));
    return;
  }
  arm_deadline(call);
  if (waiting_.empty())
    if (ClientConnection* connection = available()) {
      connection->submit(std::move(call));
      return;
    }
  if (waiting_.size() >= settings_.max_waiting_requests) {
    loop_.cancel_timer(call->deadline_timer);
    call->finish(unavailable(fmt::format("{} requests wait for a connection to {} already", waiting_.size(),
                                         HostPort{settings_.host, settings_.port}.to_string())));
    return;
  }
  waiting_.push_back(std::move(call));
  open_connections();
}

void LoopPool::arm_deadline(const CallPointer& call) {
  int64_t timeout_ms = call->request().timeout_ms;
  if (timeout_ms <= 0 || call->deadline_timer != 0) return;
  call->deadline_timer = loop_.run_after_ms(timeout_ms, [this, call, timeout_ms] {
    if (call->is_finished()) return;
    std::string_view why = call->connection ? "" : what_is_waited_for();
    if (call->connection) call->connection->abandon(call);
    std::erase(waiting_, call);
    call->finish(deadline_exceeded(fmt::format("no answer from {} within {}{}{}", HostPort{settings_.host, settings_.port}.to_string(),
                                               format_duration_ns(timeout_ms * 1'000'000), why.empty() ? "" : ": ", why)));
  });
}

// Why a call has no connection yet, for people.
std::string_view LoopPool::what_is_waited_for() const {
  for (auto& [pointer, connection] : connections_)
    if (std::string_view what = connection->what_is_waited_for(); !what.empty()) return what;
  return {};
}

ClientConnection* LoopPool::available() {
  for (auto& [pointer, connection] : connections_)
    if (connection->can_take()) return pointer;
  return nullptr;
}

// Connections that take calls now or may soon; not those that the server asked to go away.
size_t LoopPool::lasting_connections() const {
  return static_cast<size_t>(
      std::count_if(connections_.begin(), connections_.end(), [](const auto& entry) { return !entry.first->is_leaving(); }));
}

size_t LoopPool::wanted_connections() const {
  bool one_is_enough = !settings_.allow_http1 || speaks_http2_ || (settings_.allow_http2 && settings_.tls && connections_.empty());
  size_t most = one_is_enough ? 1 : settings_.max_connections_per_loop;
  return std::min(most, lasting_connections() - opening_ + waiting_.size());
}

void LoopPool::open_connections() {
  if (read_buffer_.empty()) read_buffer_.resize(64 * 1024);
  if (sweep_timer_ == 0) sweep_timer_ = loop_.run_after_ms(sweep_interval_ms, [this] { sweep(); });
  while (!is_closed_ && lasting_connections() < wanted_connections()) {
    auto connection = std::make_shared<ClientConnection>(settings_, loop_, resolver_, ledger_, read_buffer_, *this);
    connections_.emplace(connection.get(), connection);
    opening_++;
    connection->open();
    if (connections_.count(connection.get()) == 0) break;  // it failed at once, and so would the next
  }
}

void LoopPool::on_open(ClientConnection& connection) {
  opening_--;
  speaks_http2_ = connection.is_http2();
  give_work(connection);
}

void LoopPool::give_work(ClientConnection& connection) {
  while (!waiting_.empty() && connection.can_take()) {
    CallPointer call = std::move(waiting_.front());
    waiting_.pop_front();
    connection.submit(std::move(call));
  }
}

void LoopPool::on_closed(ClientConnection& connection, bool was_open, const Status& why) {
  auto entry = connections_.find(&connection);
  if (entry == connections_.end()) return;
  loop_.post([gone = std::move(entry->second)] {});  // it may be in the middle of a call
  connections_.erase(entry);
  if (!was_open) {
    opening_--;
    log_.debug("cannot connect", {{"host", settings_.host}, {"port", settings_.port}, {"error", why}});
    // Whoever waits learns it now, unless an open connection will take them; when to try again is for the caller to decide.
    if (lasting_connections() == opening_) fail_waiting(why);
    return;
  }
  if (!waiting_.empty()) open_connections();
}

void LoopPool::fail_waiting(const Status& why) {
  std::deque<CallPointer> waiting = std::move(waiting_);
  waiting_.clear();
  for (CallPointer& call : waiting) {
    loop_.cancel_timer(call->deadline_timer);
    call->finish(why);
  }
}

void LoopPool::send_elsewhere(CallPointer call) {
  loop_.post([this, call = std::move(call)]() mutable {
    if (!call->is_finished()) submit(std::move(call));
  });
}

// Nobody may live there any more: the next calls shall not find that out one by one, each on another idle connection.
void LoopPool::on_silence(const SocketAddress& address) {
  std::vector<std::shared_ptr<ClientConnection>> suspects;
  for (auto& [pointer, connection] : connections_)
    if (connection->is_idle() && connection->address() == address) suspects.push_back(connection);
  for (auto& connection : suspects) connection->close(unavailable("another connection to the same address has fallen silent"));
}

void LoopPool::sweep() {
  std::vector<std::shared_ptr<ClientConnection>> all;
  for (auto& [pointer, connection] : connections_) all.push_back(connection);
  for (auto& connection : all) {
    bool is_idle_too_long = connection->is_idle() && settings_.idle_connection_timeout_ms > 0 &&
                            loop_.now_ms() - connection->idle_since_ms() > settings_.idle_connection_timeout_ms;
    if (is_idle_too_long && !connection->is_http2())
      connection->close(unavailable("the connection was idle"));
    else
      connection->check_time(loop_.now_ms());
  }
  sweep_timer_ = connections_.empty() ? 0 : loop_.run_after_ms(sweep_interval_ms, [this] { sweep(); });
}

void LoopPool::close() {
  if (std::exchange(is_closed_, true)) return;
  loop_.cancel_timer(std::exchange(sweep_timer_, 0));
  auto connections = std::move(connections_);
  connections_.clear();
  for (auto& [pointer, connection] : connections) {
    connection->detach();
    connection->close(unavailable("the client was closed"));
  }
  fail_waiting(unavailable("the client was closed"));
}

class PooledClient final : public HttpClient, public std::enable_shared_from_this<PooledClient> {
 public:
  PooledClient(const ClientSettings& settings, LoopGroup& loops, Resolver& resolver, MemoryLedger& ledger, Logger log)
      : settings_(settings), loops_(loops) {
    for (size_t i = 0; i < loops.size(); i++) pools_.push_back(std::make_unique<LoopPool>(settings_, loops.at(i), resolver, ledger, log));
  }

  void send(ClientRequest request, Function<void(Result<ClientResponse>)> done) override {
    for (size_t i = 0; i < loops_.size(); i++)
      if (loops_.at(i).is_current_thread()) {
        submit(i, std::move(request), std::move(done), 0);
        return;
      }
    CHECK(false);  // the contract says: on a loop
  }

  void close(Function<void()> closed) override {
    auto left = std::make_shared<std::atomic<size_t>>(pools_.size());
    auto all_closed = std::make_shared<Function<void()>>(std::move(closed));
    for (size_t i = 0; i < pools_.size(); i++)
      loops_.at(i).post([self = shared_from_this(), i, left, all_closed] {
        self->pools_[i]->close();
        if (left->fetch_sub(1) == 1) (*all_closed)();
      });
  }

 private:
  void submit(size_t pool, ClientRequest request, Function<void(Result<ClientResponse>)> done, int redirects);
  std::optional<std::string> redirect_path(const ClientResponse& response, const std::string& method) const;

  const ClientSettings settings_;
  LoopGroup& loops_;
  std::vector<std::unique_ptr<LoopPool>> pools_;  // each used by its own loop only
};

void PooledClient::submit(size_t pool, ClientRequest request, Function<void(Result<ClientResponse>)> done, int redirects) {
  EventLoop& loop = loops_.at(pool);
  int64_t begin_ms = loop.now_ms();
  // The call needs its own timer cancelled when it is over, and the request again when it is redirected.
  auto call_holder = std::make_shared<CallPointer>();
  auto finish = [this, self = shared_from_this(), pool, &loop, begin_ms, call_holder, redirects,
                 done = std::move(done)](Result<ClientResponse> result) mutable {
    CallPointer call = std::move(*call_holder);
    loop.cancel_timer(call->deadline_timer);
    std::optional<std::string> path =
        result.is_ok() && redirects < settings_.max_redirects ? redirect_path(*result, call->request().method) : std::nullopt;
    if (!path) {
      done(std::move(result));
      return;
    }
    ClientRequest again = std::move(call->request());
    again.path = std::move(*path);
    // All the hops together have the time of one request.
    if (again.timeout_ms > 0) again.timeout_ms = std::max<int64_t>(again.timeout_ms - (loop.now_ms() - begin_ms), 1);
    submit(pool, std::move(again), std::move(done), redirects + 1);
  };
  auto call = std::make_shared<Call>(std::move(request), std::move(finish));
  *call_holder = call;
  pools_[pool]->submit(std::move(call));
}

// Where a redirect leads, when that is the same server and the request may be repeated as it is: 301 to 303 would make a GET of a POST.
std::optional<std::string> PooledClient::redirect_path(const ClientResponse& response, const std::string& method) const {
  bool is_for_all = response.status == 307 || response.status == 308;
  bool is_for_get = method == "GET" && response.status >= 301 && response.status <= 303;
  if (!is_for_all && !is_for_get) return std::nullopt;
  std::string_view location = response.headers.get("location");
  std::string origin = fmt::format("{}://{}", settings_.tls ? "https" : "http", client_authority(settings_));
  if (location.starts_with(origin)) location.remove_prefix(origin.size());
  if (!location.starts_with('/') || location.starts_with("//")) return std::nullopt;
  return std::string(location);
}

}  // namespace

std::shared_ptr<HttpClient> HttpClient::create(const ClientSettings& settings, LoopGroup& loops, Resolver& resolver, MemoryLedger& ledger,
                                               Logger log) {
  return std::make_shared<PooledClient>(settings, loops, resolver, ledger, std::move(log));
}

}  // namespace vigia::net
