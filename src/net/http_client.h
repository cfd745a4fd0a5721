#pragma once

// An HTTP client on the event loops: HTTP/1.1 and HTTP/2, pooled connections, TLS, proxies, deadlines.

#include <cstdint>
#include <memory>
#include <string>

#include "base/log.h"
#include "net/event_loop.h"
#include "net/http.h"
#include "net/tls.h"

namespace vigia::net {

class Resolver;

struct ClientSettings {
  std::string host;  // "unix:/path" is a socket file
  int port = 0;
  std::shared_ptr<TlsClientContext> tls;  // null: plain text
  // With TLS the server may choose among these; in plain text HTTP/2 is spoken at once when http1 is not allowed.
  bool allow_http1 = true;
  bool allow_http2 = false;
  std::string authority;  // "" is host:port

  std::string proxy_url;                 // "http://user:password@host:port"; "" is none
  int64_t connect_timeout_ms = 20'000;   // for all addresses together, TLS and HTTP/2's first word included
  size_t max_connections_per_loop = 16;  // HTTP/1.1; HTTP/2 uses one
  int64_t idle_connection_timeout_ms = 90'000;
  size_t max_response_bytes = 16 << 20;
  size_t max_waiting_requests = 10'000;  // on one loop, for a connection; more are refused
  int max_redirects = 0;
  // HTTP/2 keepalive pings; 0 is off. Without them, too, a sign of life is asked for when a call has timed out.
  int64_t keepalive_time_ms = 0;
  int64_t keepalive_timeout_ms = 10'000;  // for a sign of life
  bool keepalive_without_stream = false;
  uint32_t stream_window_bytes = 1 << 20;
  size_t write_buffer_bytes = 512 * 1024;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  Slice body;
  Headers trailers;
};

struct ClientRequest {
  std::string method = "POST";
  std::string path = "/";  // with the query
  Headers headers;
  Chain body;
  int64_t timeout_ms = 0;  // 0 is none
  // When set, the answer's head and the pieces of its body come here as they arrive, and ClientResponse has no body. A stream may be
  // longer than max_response_bytes. When on_body says false the rest is not wanted: the call fails with CANCELLED.
  Function<void(const ClientResponse& head)> on_head;
  Function<bool(std::string_view piece)> on_body;
};

// One destination. Requests are sent on the loop that asks.
class HttpClient {
 public:
  static std::shared_ptr<HttpClient> create(const ClientSettings& settings, LoopGroup& loops, Resolver& resolver, MemoryLedger& ledger,
                                            Logger log);
  virtual ~HttpClient() = default;

  // REQUIRES: called on a loop of the group. `done` is called once, on the same loop. An error is UNAVAILABLE when nothing of an
  // answer came, DEADLINE_EXCEEDED when the time was over.
  virtual void send(ClientRequest request, Function<void(Result<ClientResponse>)> done) = 0;

  // Closes all connections and fails what is still under way. `closed` is called on any thread; only then may the client be dropped.
  virtual void close(Function<void()> closed) = 0;
};

}  // namespace vigia::net
