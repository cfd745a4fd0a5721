#pragma once

// What a server connection and the protocol spoken on it know of each other. Private to net/.
// Everything here runs on the connection's loop.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"
#include "net/http_server.h"
#include "net/stream_server.h"
#include "net/transport.h"

namespace vigia::net {

// What is the same for all connections of a server on one loop.
struct SessionContext {
  const ServerSettings& settings;
  HttpService* service;  // Null on a server of streams.
  EventLoop& loop;
  MemoryLedger& ledger;
  StreamService* streams = nullptr;
};

// Facts about the connection that every request head repeats.
struct PeerFacts {
  std::string address;
  std::string certificate_subject;
  bool is_tls = false;
};

// Makes the responder for a request of this connection.
class ResponderSource {
 public:
  virtual ~ResponderSource() = default;
  virtual std::unique_ptr<Responder> make_responder(uint64_t stream_id) = 0;
};

// Sends what a session has to say, when nobody asked it just now. The connection may be over when the call returns.
class Flusher {
 public:
  virtual ~Flusher() = default;
  virtual void flush_soon() = 0;
};

class Session {
 public:
  virtual ~Session() = default;

  // Takes what arrived. False: the peer broke the protocol; what is queued is sent, then the connection is closed.
  virtual bool receive(std::string_view bytes) = 0;
  // Moves what the protocol wants to say into the queue, until that holds about `high_water_bytes`.
  virtual void produce(OutputQueue& output, size_t high_water_bytes) = 0;
  // Called when all that was produced has left.
  virtual void on_all_written() = 0;

  virtual bool wants_read() const { return true; }
  // Whether it waits for its handlers or has answers to write.
  virtual bool is_busy() const = 0;
  // Nothing more will be said or heard: close once the queue is empty.
  virtual bool is_finished() const = 0;
  // Tells the peer to go; requests in flight are still answered, and those that still arrive are taken as long as they do.
  virtual void begin_drain() = 0;
  // Called about once a second. False: the peer is too slow, dead or idle for too long.
  virtual bool check_time(int64_t now_ms) = 0;

  // Answers of handlers. Ids of requests that are gone are ignored.
  virtual void respond(uint64_t stream_id, Response response) = 0;
  virtual void start(uint64_t stream_id, Response head) = 0;
  virtual void write(uint64_t stream_id, Chain piece, Function<void(bool)> written) = 0;
  virtual void finish(uint64_t stream_id, Headers trailers) = 0;
};

std::unique_ptr<Session> new_http1_session(const SessionContext& context, const PeerFacts& peer, ResponderSource& responders);
std::unique_ptr<Session> new_http2_session(const SessionContext& context, const PeerFacts& peer, ResponderSource& responders);
std::unique_ptr<Session> new_stream_session(const SessionContext& context, const PeerFacts& peer, Flusher& flusher);

// Collects a body of which the peer may have said how long it will be. Memory grows with what has come, not with what was said.
class BodyCollector {
 public:
  explicit BodyCollector(MemoryLedger& ledger) : bytes_(ledger) {}

  void expect(size_t size) { expected_size_ = size; }
  // How much memory append() would have to take for so many bytes; mostly 0.
  size_t growth_for(size_t more) const { return bytes_.free_bytes() >= more ? 0 : next_capacity(bytes_.size() + more) - bytes_.size(); }
  void append(std::string_view bytes) {
    if (bytes_.free_bytes() < bytes.size()) bytes_.reserve(next_capacity(bytes_.size() + bytes.size()));
    bytes_.append(bytes);
  }
  size_t size() const { return bytes_.size(); }
  std::string_view view() const { return bytes_.view(); }
  Slice take() { return bytes_.take(); }

 private:
  size_t next_capacity(size_t needed) const;

  Appender bytes_;
  size_t expected_size_ = 0;
};

// How long a server that is stopping waits for the next bytes of a request that has come by half.
inline constexpr int64_t drain_patience_ms = 1000;

// Whether a body that began at `started_ms` and has `received` bytes by now comes slower than the settings allow.
bool is_too_slow(const ServerSettings& settings, int64_t started_ms, int64_t now_ms, size_t received);

}  // namespace vigia::net
