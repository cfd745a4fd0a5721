#pragma once

// Hands requests to the pipeline, a few at a time, and tells in their order up to where it has taken them. What is refused is offered again until
// it is taken, and meanwhile nothing new is: the files are the buffer. Lives on the background loop.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/random.h"
#include "net/event_loop.h"
#include "pipeline/component.h"
#include "pipeline/sender_config.h"
#include "pipeline/telemetry.h"
#include "receivers/filelog/entry_batch.h"

namespace vigia::receivers {

class Delivery : public std::enable_shared_from_this<Delivery> {
 public:
  // How many requests may be under way. More than one, so that a pipeline that waits for its disk does not wait for us as well.
  static constexpr size_t most_under_way = 4;

  struct Listener {
    std::function<void(const std::vector<Mark>&)> taken;
    std::function<void()> answered;  // There may be room now, or nothing more to wait for.
  };

  // `loop` is the background loop, `data_loop` where the pipeline is called.
  Delivery(const pipeline::Context& context, const pipeline::RetryConfig& retry, pipeline::Consumer& output, net::EventLoop& loop,
           net::EventLoop& data_loop, Listener listener, const std::string& customer = {});

  bool has_room() const { return !is_refused_ && under_way_.size() < most_under_way; }
  // Nothing is under way but what was refused.
  bool is_settled() const;
  void send(Parcel parcel);
  // No more tries, and nobody is told any more. What is under way goes its way without us.
  void abandon();

 private:
  struct Request {
    uint64_t number = 0;
    Parcel parcel;
    int failures = 0;
    int64_t first_failed_ms = 0;
    bool is_taken = false;
    bool waits = false;  // For its next try.
  };

  void offer(const Request& request);
  void answered(uint64_t number, Status status);
  void refused(Request& request, const Status& why);
  bool is_given_up(const Request& request, const Status& why) const;
  void retry();
  void settle_in_order();

  const pipeline::Context context_;
  const pipeline::RetryConfig retry_;
  pipeline::Consumer& output_;
  const std::shared_ptr<const pipeline::Client> client_;
  net::EventLoop& loop_;
  net::EventLoop& data_loop_;
  Listener listener_;
  const pipeline::ReceiverTelemetry telemetry_;
  Counter& retries_;
  Counter& dropped_;
  Random random_ = Random::from_system();
  std::deque<Request> under_way_;  // By their numbers.
  uint64_t last_number_ = 0;
  bool is_refused_ = false;
  bool is_abandoned_ = false;
  net::EventLoop::TimerId timer_ = 0;
};

}  // namespace vigia::receivers
