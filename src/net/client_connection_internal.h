#pragma once

// One connection of the HTTP client: name → address → connect → proxy → TLS → session. Private to net/.

#include <memory>
#include <string>
#include <vector>

#include "net/client_internal.h"
#include "net/connector_internal.h"
#include "net/dns.h"
#include "net/proxy_url.h"

namespace vigia::net {

class ClientConnection final : public IoHandler, public ClientSession::Host, public std::enable_shared_from_this<ClientConnection> {
 public:
  // Who keeps connections and the calls that wait for one.
  class Pool {
   public:
    virtual ~Pool() = default;
    virtual void on_open(ClientConnection& connection) = 0;
    // It has room for another call.
    virtual void on_available(ClientConnection& connection) = 0;
    // It is over; when it never opened, `why` says why.
    virtual void on_closed(ClientConnection& connection, bool was_open, const Status& why) = 0;
    virtual void send_elsewhere(CallPointer call) = 0;
    // A call has waited there in vain, and its connection is closed.
    virtual void on_silence(const SocketAddress& address) = 0;
    virtual AddressMemory& addresses() = 0;
    virtual const Logger& log() const = 0;
  };

  ClientConnection(const ClientSettings& settings, EventLoop& loop, Resolver& resolver, MemoryLedger& ledger, std::string& read_buffer,
                   Pool& pool);
  ~ClientConnection() override;

  void open();
  bool can_take() const { return phase_ == Phase::open && session_->can_take(); }
  bool is_leaving() const { return phase_ == Phase::closed || (phase_ == Phase::open && session_->is_leaving()); }
  bool is_open() const { return phase_ == Phase::open; }
  // Until it is open: what has not come yet, for people. "" afterwards.
  std::string_view what_is_waited_for() const;
  bool is_http2() const { return is_http2_; }
  bool is_idle() const { return phase_ == Phase::open && session_->calls_in_flight() == 0; }
  const SocketAddress& address() const { return address_; }
  int64_t idle_since_ms() const { return idle_since_ms_; }
  void submit(CallPointer call);
  void abandon(const CallPointer& call);
  void check_time(int64_t now_ms);
  void close(const Status& why);
  // The pool goes: no more calls to it.
  void detach() { pool_ = nullptr; }

  void on_io(bool readable, bool writable) override;
  void send_elsewhere(CallPointer call) override;
  void on_call_over(const CallPointer& call) override;

 private:
  enum class Phase : uint8_t { resolving, connecting, proxy, handshake, open, closed };

  std::string destination() const;
  Status closed_by_server() const;
  void connect(std::vector<SocketAddress> addresses);
  void on_connected(Result<Connector::Connected> connected);
  void ask_proxy();
  void read_proxy_answer();
  void begin_handshake();
  void advance_handshake();
  void begin_session();
  void take_early_words();
  void note_if_confirmed();
  bool has_address_failed() const;
  void read_some();
  void read_soon();
  void flush();
  void update_watch(bool wants_write);

  const ClientSettings& settings_;
  EventLoop& loop_;
  Resolver& resolver_;
  MemoryLedger& ledger_;
  std::string& read_buffer_;
  Pool* pool_;

  Phase phase_ = Phase::resolving;
  bool was_open_ = false;
  std::unique_ptr<ProxyAddress> proxy_;
  std::unique_ptr<Connector> connector_;
  SocketAddress address_;                 // the one that took the connection
  EventLoop::TimerId connect_timer_ = 0;  // until the server is known to be there
  bool is_confirmed_ = false;             // it is
  bool was_asked_ = false;                // something
  bool has_spoken_ = false;               // the server, anything at all
  bool is_proven_ = false;                // it has spoken, and what was to be expected
  std::unique_ptr<Transport> transport_;
  std::string proxy_answer_;  // and what follows it
  std::unique_ptr<ClientSession> session_;
  bool is_http2_ = false;
  OutputQueue output_;
  bool is_reading_ = false;
  bool is_flushing_ = false;
  bool watches_write_ = true;
  bool is_announced_ = false;  // the pool will be told, soon, that there is room
  int64_t idle_since_ms_ = 0;
};

}  // namespace vigia::net
