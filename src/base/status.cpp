#include "base/status.h"

#include <array>
#include <cstring>

namespace vigia {

std::string_view status_code_name(StatusCode code) {
  static constexpr std::array<std::string_view, 17> names = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  auto index = static_cast<size_t>(code);
  return index < names.size() ? names[index] : "UNKNOWN";
}

Status::Status(StatusCode code, std::string message) {
  CHECK(code != StatusCode::ok);
  rep_ = std::make_unique<Rep>(Rep{code, Retry::by_code, 0, std::move(message)});
}

Status& Status::operator=(const Status& other) {
  if (this != &other) rep_ = other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr;
  return *this;
}

const std::string& Status::message() const {
  static const std::string empty;
  return rep_ ? rep_->message : empty;
}

std::string Status::to_string() const {
  if (is_ok()) return "OK";
  return std::string(status_code_name(rep_->code)) + ": " + rep_->message;
}

Status Status::with_context(std::string_view prefix) && {
  if (rep_) rep_->message.insert(0, std::string(prefix) + ": ");
  return std::move(*this);
}

bool Status::is_retryable() const {
  if (!rep_) return false;
  if (rep_->retry != Retry::by_code) return rep_->retry == Retry::yes;
  switch (rep_->code) {
    case StatusCode::cancelled:
    case StatusCode::deadline_exceeded:
    case StatusCode::aborted:
    case StatusCode::out_of_range:
    case StatusCode::unavailable:
    case StatusCode::data_loss:
      return true;
    default:
      return false;
  }
}

Status Status::retryable_after_ms(int64_t delay_ms) && {
  CHECK(rep_);
  rep_->retry = Retry::yes;
  rep_->retry_delay_ms = delay_ms;
  return std::move(*this);
}

Status Status::as_permanent() && {
  CHECK(rep_);
  rep_->retry = Retry::no;
  return std::move(*this);
}

Status system_error(std::string_view what, int error_number) {
  auto code = StatusCode::unavailable;
  if (error_number == ENOENT) code = StatusCode::not_found;
  if (error_number == EEXIST || error_number == EADDRINUSE) code = StatusCode::already_exists;
  if (error_number == EACCES || error_number == EPERM) code = StatusCode::permission_denied;
  if (error_number == ENOSPC || error_number == EDQUOT) code = StatusCode::resource_exhausted;
  if (error_number == EINVAL) code = StatusCode::invalid_argument;
  char buffer[256];
  return {code, std::string(what) + ": " + strerror_r(error_number, buffer, sizeof buffer)};
}

}  // namespace vigia
