#pragma once

// One accepted connection. Private to net/. Lives on its loop; its owner holds it in a shared_ptr, responders hold weak ones.

#include <memory>
#include <string>

#include "base/function.h"
#include "base/log.h"
#include "net/session_internal.h"

namespace vigia::net {

class ServerConnection final : public IoHandler,
                               public ResponderSource,
                               public Flusher,
                               public std::enable_shared_from_this<ServerConnection> {
 public:
  // `closed` is called when the connection is over; the owner then drops it.
  ServerConnection(Transport transport, PeerFacts peer, const SessionContext& context, std::string& read_buffer, Logger log,
                   Function<void(ServerConnection&)> closed);
  ~ServerConnection() override;

  void open();
  void begin_drain();
  // Called about once a second.
  void check_time(int64_t now_ms);
  void close();

  // IoHandler
  void on_io(bool readable, bool writable) override;
  void on_hang_up() override;
  // ResponderSource
  std::unique_ptr<Responder> make_responder(uint64_t stream_id) override;
  // Flusher
  void flush_soon() override;

  // An answer of a handler, on the loop; then what it produced is sent.
  template <typename Use>
  void with_session(Use&& use) {
    if (!session_ || phase_ == Phase::closed) return;
    use(*session_);
    flush_unless_reading();
  }

 private:
  enum class Phase : uint8_t { handshake, detect, open, lingering, closed };

  void advance_handshake();
  void read_some();
  bool take(std::string_view bytes);
  bool detect_protocol(std::string_view bytes);
  void open_stream();
  void flush_unless_reading();
  void flush();
  void linger();
  bool is_stuck(int64_t now_ms);
  void update_watch(bool wants_write);

  Transport transport_;
  PeerFacts peer_;
  SessionContext context_;
  std::string& read_buffer_;  // shared by the connections of a loop: nothing stays in it
  Logger log_;
  Function<void(ServerConnection&)> closed_;

  Phase phase_ = Phase::handshake;
  std::unique_ptr<Session> session_;
  std::string first_bytes_;  // until the protocol is known
  OutputQueue output_;
  bool is_reading_ = false;
  bool is_broken_ = false;  // close once what is queued has left
  bool watches_read_ = true;
  bool watches_write_ = false;
  bool is_draining_ = false;
  int64_t since_ms_;
  uint64_t written_bytes_seen_ = UINT64_MAX;  // when the socket last took something
  int64_t written_ms_ = 0;
};

}  // namespace vigia::net
