#pragma once

// Status and Result<T>: how every call of ours that can fail says so. Nothing of ours throws.
//
//   Status s = file.sync();
//   RETURN_IF_ERROR(file.sync());
//   ASSIGN_OR_RETURN(std::string text, files.read(path));
//
// A message reads "cannot X: operand: cause". An OK status costs one null pointer.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace vigia {

// The numbers are gRPC's, so that they go onto the wire as they are.
enum class StatusCode : uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

std::string_view status_code_name(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message);
  Status(const Status& other) { *this = other; }
  Status& operator=(const Status& other);
  Status(Status&&) = default;
  Status& operator=(Status&&) = default;

  bool is_ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::ok; }
  const std::string& message() const;
  std::string to_string() const;

  // The same error with "prefix: " before its message.
  Status with_context(std::string_view prefix) &&;

  // Whether the same request may succeed later. Everything else is permanent.
  bool is_retryable() const;
  // How long the other side asked us to wait; 0 when it did not say.
  int64_t retry_delay_ms() const { return rep_ ? rep_->retry_delay_ms : 0; }
  // Marks an error as one that passes, with the wait to ask for (0: the sender decides).
  Status retryable_after_ms(int64_t delay_ms) &&;
  // Marks an error as final whatever its code says.
  Status as_permanent() &&;

 private:
  enum class Retry : uint8_t { by_code, yes, no };
  struct Rep {
    StatusCode code;
    Retry retry = Retry::by_code;
    int64_t retry_delay_ms = 0;
    std::string message;
  };
  std::unique_ptr<Rep> rep_;
};

inline Status invalid_argument(std::string message) { return {StatusCode::invalid_argument, std::move(message)}; }
inline Status not_found(std::string message) { return {StatusCode::not_found, std::move(message)}; }
inline Status unavailable(std::string message) { return {StatusCode::unavailable, std::move(message)}; }
inline Status internal_error(std::string message) { return {StatusCode::internal, std::move(message)}; }
inline Status resource_exhausted(std::string message) { return {StatusCode::resource_exhausted, std::move(message)}; }
inline Status deadline_exceeded(std::string message) { return {StatusCode::deadline_exceeded, std::move(message)}; }
inline Status unimplemented(std::string message) { return {StatusCode::unimplemented, std::move(message)}; }
inline Status data_loss(std::string message) { return {StatusCode::data_loss, std::move(message)}; }

// "cannot open /x: No such file or directory" from an errno value.
Status system_error(std::string_view what, int error_number);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<1>, std::move(value)) {}
  Result(Status status) : state_(std::in_place_index<0>, std::move(status)) { CHECK(!std::get<0>(state_).is_ok()); }

  bool is_ok() const { return state_.index() == 1; }
  explicit operator bool() const { return is_ok(); }

  const Status& status() const& {
    CHECK(!is_ok());
    return std::get<0>(state_);
  }
  Status status() && {
    CHECK(!is_ok());
    return std::get<0>(std::move(state_));
  }

  T& value() & {
    CHECK(is_ok());
    return *std::get_if<1>(&state_);
  }
  const T& value() const& {
    CHECK(is_ok());
    return *std::get_if<1>(&state_);
  }
  T&& value() && {
    CHECK(is_ok());
    return std::move(*std::get_if<1>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> state_;
};

}  // namespace vigia

#define VIGIA_JOIN_INNER(a, b) a##b
#define VIGIA_JOIN(a, b) VIGIA_JOIN_INNER(a, b)

#define RETURN_IF_ERROR(expression)                                     \
  do {                                                                  \
    ::vigia::Status status_from_expression = (expression);              \
    if (!status_from_expression.is_ok()) return status_from_expression; \
  } while (false)

#define ASSIGN_OR_RETURN(target, expression) ASSIGN_OR_RETURN_AS(VIGIA_JOIN(result_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_AS(result, target, expression)   \
  auto result = (expression);                             \
  if (!result.is_ok()) return std::move(result).status(); \
  target = std::move(result).value()
