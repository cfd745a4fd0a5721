#include "pipeline/circuit_breaker.h"

#include <algorithm>

#include "pipeline/backoff.h"

namespace vigia::pipeline {

namespace {

bool is_sign_of_life(const Status& status) {
  if (!status.is_retryable()) return true;
  return status.code() == StatusCode::resource_exhausted && status.retry_delay_ms() > 0;
}

}  // namespace

CircuitBreaker::CircuitBreaker(const CircuitBreakerConfig& config, const RetryConfig& backoff, Random random)
    : failures_to_open_(config.failures), backoff_(backoff), random_(random) {}

CircuitBreaker::Permit CircuitBreaker::ask(int64_t now_ms) {
  if (state_ == State::closed) return Permit::granted;
  if (state_ == State::half_open || now_ms < next_probe_ms_) return Permit::refused;
  state_ = State::half_open;
  return Permit::probe;
}

CircuitBreaker::Change CircuitBreaker::on_answer(const Status& status, bool is_probe, int tries, int64_t now_ms) {
  if (is_sign_of_life(status)) {
    failures_ = 0;
    return std::exchange(state_, State::closed) == State::closed ? Change::none : Change::closed;
  }
  if (state_ == State::closed) {
    if (++failures_ < failures_to_open_) return Change::none;
    round_ = std::max(tries, 1);
    opened_ms_ = now_ms;
    open(status, now_ms);
    return Change::opened;
  }
  // What was under way when the circuit opened says nothing new.
  if (!is_probe) return Change::none;
  round_ = std::max(round_ + 1, tries);
  open(status, now_ms);
  return Change::delayed;
}

void CircuitBreaker::open(const Status& status, int64_t now_ms) {
  state_ = State::open;
  next_probe_ms_ = now_ms + backoff_ms(backoff_, round_, status.retry_delay_ms(), random_);
}

}  // namespace vigia::pipeline
