#pragma once

// An HTTP server: HTTP/1.1 and HTTP/2 on one port, told apart by ALPN or by the first bytes.

#include <cstdint>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "net/event_loop.h"
#include "net/http.h"
#include "net/tls.h"

namespace vigia::net {

struct ServerSettings {
  std::string endpoint;                   // "host:port", "[::1]:4317", ":8080", "unix:///run/x.sock"
  std::shared_ptr<TlsServerContext> tls;  // null: plain text

  size_t max_connections = 20'000;
  size_t max_header_bytes = 64 * 1024;
  uint32_t max_concurrent_streams = 256;  // of one HTTP/2 connection
  uint32_t stream_window_bytes = 1 << 20;
  uint32_t connection_window_bytes = 1 << 20;
  size_t read_buffer_bytes = 256 * 1024;

  int64_t header_timeout_ms = 10'000;  // for the TLS handshake and for each request's head
  // A body must arrive at no less than this rate, after a grace period of header_timeout_ms.
  int64_t min_body_bytes_per_s = 256;
  // A peer that takes nothing of what we have for it for so long is dropped.
  int64_t write_timeout_ms = 30'000;
  bool keeps_http1_alive = true;
  int64_t idle_timeout_ms = 0;         // 0: HTTP/1 connections 60 s, HTTP/2 for ever (keepalive finds dead ones)
  int64_t max_connection_idle_ms = 0;  // gRPC keepalive.server_parameters; 0 is for ever
  int64_t max_connection_age_ms = 0;
  int64_t max_connection_age_grace_ms = 0;
  int64_t keepalive_time_ms = 7'200'000;
  int64_t keepalive_timeout_ms = 20'000;
  int64_t min_ping_interval_ms = 300'000;  // a client that pings more often is sent away …
  bool permit_pings_without_stream = false;
};

class HttpServer {
 public:
  // Listens, and begins to serve on all loops. The service must outlive the server.
  static Result<std::unique_ptr<HttpServer>> start(const ServerSettings& settings, HttpService& service, LoopGroup& loops,
                                                   MemoryLedger& ledger, Logger log);
  // Listens, and takes connections only once begin() is called; until then it may be dropped without drain().
  static Result<std::unique_ptr<HttpServer>> listen(const ServerSettings& settings, HttpService& service, LoopGroup& loops,
                                                    MemoryLedger& ledger, Logger log);
  virtual void begin() = 0;
  virtual ~HttpServer() = default;

  virtual int port() const = 0;
  virtual std::string address() const = 0;  // "127.0.0.1:4317" with the bound port
  virtual size_t open_connections() const = 0;

  // Stops listening at once, tells clients to go (GOAWAY; Connection: close), lets requests in flight finish and closes
  // what is left after `grace_ms`. `drained` is called once, on any thread, when no connection is left; only then may the server be
  // destroyed.
  virtual void drain(int64_t grace_ms, Function<void()> drained) = 0;
};

}  // namespace vigia::net
