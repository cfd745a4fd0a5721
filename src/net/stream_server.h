#pragma once

// A server for protocols that are not HTTP, on TCP, TLS or a socket in the file system: it accepts connections and gives the bytes
// of each to a handler of its own. Limits, loops and the way it stops are HttpServer's.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "net/event_loop.h"
#include "net/http_server.h"

namespace vigia::net {

// One connection as its handler sees it. On the connection's loop; lives as long as the handler.
class StreamConnection {
 public:
  virtual ~StreamConnection() = default;

  // "127.0.0.1:4711"; of a socket in the file system mostly empty.
  virtual const std::string& peer_address() const = 0;
  virtual EventLoop& loop() = 0;
  // Says this after all that was said before. Whoever calls it outside of the handler's own calls may have lost the connection, and with it
  // the handler, when it returns. While the peer does not take what it is told, nothing is read from it.
  virtual void send(std::string_view bytes) = 0;
  // Looks again at what the handler says of itself (wants_input, is_finished). As with send(), the connection may be gone afterwards.
  virtual void refresh() = 0;
};

// What is done with the bytes of one connection. On its loop. Destroyed when the connection is over, whoever ended it.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;

  // Takes what arrived. False: the peer broke the protocol; what was said so far is sent, then the connection is closed.
  virtual bool receive(std::string_view bytes) = 0;
  // While this is false nothing is read, so that the peer has to wait.
  virtual bool wants_input() const { return true; }
  // Close once what was said is sent.
  virtual bool is_finished() const { return false; }
  // The server is stopping: become finished soon.
  virtual void begin_drain() = 0;
  // Called about once a second. False: the peer is too slow or silent for too long.
  virtual bool check_time(int64_t now_ms) = 0;
};

class StreamService {
 public:
  virtual ~StreamService() = default;
  // Somebody has come, and the TLS handshake is over. On the connection's loop.
  virtual std::unique_ptr<StreamHandler> open(StreamConnection& connection) = 0;
};

class StreamServer {
 public:
  // Listens, and takes connections once begin() is called; until then it may be dropped without drain(). The service must outlive the
  // server. Of the settings those about HTTP count for nothing.
  static Result<std::unique_ptr<StreamServer>> listen(const ServerSettings& settings, StreamService& service, LoopGroup& loops,
                                                      MemoryLedger& ledger, Logger log);
  virtual ~StreamServer() = default;

  virtual void begin() = 0;
  virtual int port() const = 0;
  virtual std::string address() const = 0;
  virtual size_t open_connections() const = 0;
  // As HttpServer::drain().
  virtual void drain(int64_t grace_ms, Function<void()> drained) = 0;
};

}  // namespace vigia::net
