#include "receivers/filelog/delivery.h"

#include <algorithm>
#include <utility>

#include "pipeline/backoff.h"
#include "pipeline/customer.h"

namespace vigia::receivers {

Delivery::Delivery(const pipeline::Context& context, const pipeline::RetryConfig& retry, pipeline::Consumer& output, net::EventLoop& loop,
                   net::EventLoop& data_loop, Listener listener, const std::string& customer)
    : context_(context),
      retry_(retry),
      output_(output),
      client_(pipeline::client_of(customer)),
      loop_(loop),
      data_loop_(data_loop),
      listener_(std::move(listener)),
      telemetry_(context.metrics, context.id, ""),
      retries_(context.metrics.counter("vigia_filelog_retried_requests",
                                       "Requests that the pipeline had refused and that were offered again.",
                                       {{"receiver", context.id.to_string()}})),
      dropped_(context.metrics.counter("vigia_filelog_dropped_records",
                                       "Records that the pipeline refused for good, or for longer than retry_on_failure.max_elapsed_time.",
                                       {{"receiver", context.id.to_string()}})) {}

void Delivery::send(Parcel parcel) {
  Request& request = under_way_.emplace_back();
  request.number = ++last_number_;
  request.parcel = std::move(parcel);
  if (request.parcel.item_count > 0) return offer(request);
  request.is_taken = true;
  settle_in_order();
}

void Delivery::offer(const Request& request) {
  pipeline::Batch batch;
  batch.signal = otlp::Signal::logs;
  batch.item_count = request.parcel.item_count;
  batch.client = client_;
  batch.payload.append(request.parcel.request);
  data_loop_.post([weak = weak_from_this(), &output = output_, &loop = loop_, number = request.number, batch = std::move(batch)]() mutable {
    // Whoever is abandoned may be gone, and its output with it.
    auto self = weak.lock();
    if (!self) return;
    output.consume(std::move(batch), [weak, &loop, number](Status status) {
      loop.post([weak, number, status = std::move(status)]() mutable {
        if (auto delivery = weak.lock()) delivery->answered(number, std::move(status));
      });
    });
  });
}

void Delivery::answered(uint64_t number, Status status) {
  auto found = std::find_if(under_way_.begin(), under_way_.end(), [&](const Request& one) { return one.number == number; });
  if (is_abandoned_ || found == under_way_.end()) return;
  if (!status.is_ok()) {
    telemetry_.refused.add(otlp::Signal::logs, found->parcel.item_count);
    if (!is_given_up(*found, status)) {
      refused(*found, status);
      return listener_.answered();
    }
    dropped_.add(found->parcel.item_count);
    context_.log.error("the pipeline refused log records for good; they are dropped",
                       {{"records", found->parcel.item_count}, {"error", status}});
  } else {
    telemetry_.accepted.add(otlp::Signal::logs, found->parcel.item_count);
  }
  found->is_taken = true;
  settle_in_order();
  listener_.answered();
}

bool Delivery::is_settled() const {
  return std::all_of(under_way_.begin(), under_way_.end(), [](const Request& one) { return one.failures > 0; });
}

bool Delivery::is_given_up(const Request& request, const Status& why) const {
  if (!why.is_retryable()) return true;
  bool has_limit = retry_.is_enabled && retry_.max_elapsed_time_ms > 0 && request.failures > 0;
  return has_limit && context_.clock.steady_ms() - request.first_failed_ms >= retry_.max_elapsed_time_ms;
}

void Delivery::refused(Request& request, const Status& why) {
  if (request.failures++ == 0) {
    request.first_failed_ms = context_.clock.steady_ms();
    context_.log.info("the pipeline does not take log records now; reading stops until it does", {{"error", why}});
  }
  request.waits = true;
  is_refused_ = true;
  if (timer_ != 0) return;
  int64_t wait_ms = pipeline::backoff_ms(retry_, request.failures, why.retry_delay_ms(), random_);
  timer_ = loop_.run_after_ms(wait_ms, [this] { retry(); });
}

// The first of those that were refused shows whether there is room again; all go, so that their order stays as it was.
void Delivery::retry() {
  timer_ = 0;
  for (Request& request : under_way_) {
    if (!std::exchange(request.waits, false)) continue;
    retries_.add();
    offer(request);
  }
}

void Delivery::settle_in_order() {
  while (!under_way_.empty() && under_way_.front().is_taken) {
    Request request = std::move(under_way_.front());
    under_way_.pop_front();
    listener_.taken(request.parcel.marks);
  }
  is_refused_ = std::any_of(under_way_.begin(), under_way_.end(), [](const Request& one) { return one.failures > 0 && !one.is_taken; });
}

void Delivery::abandon() {
  is_abandoned_ = true;
  loop_.cancel_timer(timer_);
  timer_ = 0;
  listener_ = {};
}

}  // namespace vigia::receivers
