#include "net/session_internal.h"

namespace vigia::net {

namespace {

// A peer that takes nothing of what it is told is not heard while more than this waits for it.
constexpr size_t most_unsent_bytes = 64 * 1024;

// Between a server connection and a StreamHandler.
class StreamSession final : public Session, public StreamConnection {
 public:
  StreamSession(const SessionContext& context, const PeerFacts& peer, Flusher& flusher)
      : peer_address_(peer.address), loop_(context.loop), flusher_(flusher), handler_(context.streams->open(*this)) {}

  // StreamConnection
  const std::string& peer_address() const override { return peer_address_; }
  EventLoop& loop() override { return loop_; }
  void send(std::string_view bytes) override {
    unsent_ += bytes;
    refresh();
  }
  void refresh() override {
    // The handler may speak while it is being made, before there is a session that could be flushed.
    if (handler_) flusher_.flush_soon();
  }

  // Session
  bool receive(std::string_view bytes) override { return handler_->receive(bytes); }
  void produce(OutputQueue& output, size_t) override {
    leaving_bytes_ += unsent_.size();
    output.append_copy(unsent_);
    unsent_.clear();
  }
  void on_all_written() override { leaving_bytes_ = 0; }
  bool wants_read() const override { return handler_->wants_input() && leaving_bytes_ + unsent_.size() <= most_unsent_bytes; }
  bool is_busy() const override { return !handler_->is_finished(); }
  bool is_finished() const override { return handler_->is_finished(); }
  void begin_drain() override { handler_->begin_drain(); }
  bool check_time(int64_t now_ms) override { return handler_->check_time(now_ms); }

  // There are no requests that could be answered.
  void respond(uint64_t, Response) override {}
  void start(uint64_t, Response) override {}
  void write(uint64_t, Chain, Function<void(bool)>) override {}
  void finish(uint64_t, Headers) override {}

 private:
  std::string peer_address_;
  EventLoop& loop_;
  Flusher& flusher_;
  std::string unsent_;
  size_t leaving_bytes_ = 0;  // Given to the connection, and not yet known to have left.
  std::unique_ptr<StreamHandler> handler_;
};

}  // namespace

std::unique_ptr<Session> new_stream_session(const SessionContext& context, const PeerFacts& peer, Flusher& flusher) {
  return std::make_unique<StreamSession>(context, peer, flusher);
}

}  // namespace vigia::net
