#pragma once

// The inside of the HTTP client: calls, the protocols they are made with, and connections. Private to net/.
// Everything belongs to one loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "net/http_client.h"
#include "net/session_internal.h"
#include "net/transport.h"

namespace vigia::net {

class ClientConnection;

// One request on its way, until `finish` was called.
class Call {
 public:
  Call(ClientRequest request, Function<void(Result<ClientResponse>)> done) : request_(std::move(request)), done_(std::move(done)) {}

  ClientRequest& request() { return request_; }
  bool is_finished() const { return !done_; }
  // The first call counts. May run what sends the next request.
  void finish(Result<ClientResponse> result) {
    if (!done_) return;
    auto done = std::move(done_);
    done(std::move(result));
  }

  // The connection that works on it, if any: told when nobody waits for the answer any more.
  ClientConnection* connection = nullptr;
  EventLoop::TimerId deadline_timer = 0;
  bool was_sent_again = false;  // after the server refused it unread; that happens once
  int redirects = 0;

 private:
  ClientRequest request_;
  Function<void(Result<ClientResponse>)> done_;
};
using CallPointer = std::shared_ptr<Call>;

// The protocol on an open connection.
class ClientSession {
 public:
  // What the session asks of its connection.
  class Host {
   public:
    virtual ~Host() = default;
    // The server has surely not looked at this call: another connection may send it.
    virtual void send_elsewhere(CallPointer call) = 0;
    virtual void on_call_over(const CallPointer& call) = 0;
  };

  virtual ~ClientSession() = default;
  virtual bool can_take() const = 0;
  // It will never take a call again.
  virtual bool is_leaving() const = 0;
  virtual void submit(CallPointer call) = 0;
  // False: the connection is of no more use.
  virtual bool receive(std::string_view bytes) = 0;
  virtual void produce(OutputQueue& output, size_t high_water_bytes) = 0;
  // Nobody waits for this call any more: its time is over. False: the connection is of no more use.
  virtual bool abandon(const CallPointer& call, int64_t now_ms) = 0;
  // The connection is gone; calls in flight fail with this, or go elsewhere.
  virtual void on_closed(const Status& why) = 0;
  virtual bool is_finished() const = 0;
  virtual size_t calls_in_flight() const = 0;
  // Whether the other side has shown that it speaks the protocol, or need not before it is asked something.
  virtual bool is_confirmed() const = 0;
  // False: the server has not given the sign of life that it was asked for.
  virtual bool check_time(int64_t now_ms) = 0;
};

// How a proxy that is not a tunnel wants to be asked: with whole URLs, and perhaps with credentials.
struct ProxyForm {
  std::string authorization;  // the value of Proxy-Authorization, or ""
};

std::unique_ptr<ClientSession> new_http1_client_session(const ClientSettings& settings, std::optional<ProxyForm> proxy,
                                                        MemoryLedger& ledger, ClientSession::Host& host);
std::unique_ptr<ClientSession> new_http2_client_session(const ClientSettings& settings, bool is_tls, MemoryLedger& ledger, int64_t now_ms,
                                                        ClientSession::Host& host);

// Whether so many bytes more of an answer may be taken. A long answer is the first thing to be let go when memory is short: who asked for it can ask
// again, and what others send must not be refused because of it.
Status may_take(const ClientSettings& settings, const MemoryLedger& ledger, const BodyCollector& body, size_t more);

// "host:port", without the port where it is the scheme's own.
std::string client_authority(const ClientSettings& settings);

}  // namespace vigia::net
