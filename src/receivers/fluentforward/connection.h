#pragma once

// One sender: its bytes become messages, these become requests of about a mebibyte, and these go to the pipeline one after the other. A
// message is acknowledged when the pipeline has answered OK for its last record.
//
// A request that the pipeline refuses for now is kept and offered again, and meanwhile no more is read than lies ready already: the sender
// has to wait. That goes on when the sender has closed the connection. When it has lasted for max_retry_time, or the pipeline refuses for
// good, what was to be acknowledged is not, and the connection is closed: the sender has the data still. From senders that ask for no
// acknowledgement it is lost, and counted as refused.
//
// Lives on the connection's loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/msgpack.h"
#include "receivers/fluentforward/handshake.h"
#include "receivers/fluentforward/message.h"
#include "receivers/fluentforward/records.h"
#include "receivers/fluentforward/service.h"

namespace vigia::otlp {
class RequestWriter;
}

namespace vigia::receivers {

class ForwardConnection final : public std::enable_shared_from_this<ForwardConnection> {
 public:
  ForwardConnection(std::shared_ptr<ForwardService> service, net::StreamConnection& peer);

  // As of net::StreamHandler.
  void receive(std::string_view bytes);
  bool wants_input() const;
  bool is_finished() const { return (is_over_ || is_draining_) && !is_busy() && !has_work(); }
  void begin_drain() { is_draining_ = true; }
  bool check_time(int64_t now_ms);
  // The peer is gone. What came whole still goes on.
  void on_closed();

 private:
  // A message that is being read.
  struct Open {
    explicit Open(ForwardMessage opened) : message(std::move(opened)), walk(message) {}
    ForwardMessage message;
    RecordWalk walk;
  };
  // A request that the pipeline has, or will be offered again.
  struct Piece {
    Slice request;
    size_t record_count = 0;
    int64_t first_offer_ms = 0;
    int64_t next_delay_ms = 0;
  };

  bool is_busy() const { return piece_.has_value(); }
  bool has_work() const { return open_ || work_offset_ < work_.size() || whole_bytes_ > 0; }
  void find_messages();
  void forget_input(size_t bytes);
  void shake_hands(std::string_view ping);
  void take_for(const std::string& customer);
  void break_off(std::string_view why);

  void advance();
  void take_work();
  void fill(otlp::RequestWriter& writer, size_t& record_count);
  bool open_next();
  void finish_message();

  void offer();
  void on_answer(const Status& status);
  bool may_retry(const Status& status) const;
  void retry_later(const Status& status);
  void give_up(const Status& status);
  void acknowledge();

  const std::shared_ptr<ForwardService> service_;
  net::StreamConnection* peer_;  // Null once it is gone.
  net::EventLoop& loop_;
  const std::string peer_address_;
  std::shared_ptr<const pipeline::Client> client_;
  std::string resource_;  // Of all records.
  std::optional<Handshake> handshake_;

  Appender input_;
  msgpack::Scanner scanner_;
  size_t whole_bytes_ = 0;  // So much of the input are whole messages.

  Slice work_;  // Messages that are being read, one behind the other.
  size_t work_offset_ = 0;
  std::unique_ptr<Open> open_;
  std::vector<std::string> acks_;  // To be said when the piece has been taken.
  std::optional<Piece> piece_;

  bool is_over_ = false;  // Nothing more is taken: the protocol was broken, or something could not be kept.
  bool is_draining_ = false;
  int64_t opened_ms_;
  int64_t heard_ms_;
  int64_t partial_since_ms_ = 0;  // 0: no message is there by half.
};

}  // namespace vigia::receivers
