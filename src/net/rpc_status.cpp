#include "net/rpc_status.h"

#include <ctime>

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"

namespace vigia::net {

namespace {

constexpr std::string_view retry_info_type = "type.googleapis.com/google.rpc.RetryInfo";

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
void append_number(std::string& out, int field, uint64_t value) {
  append_varint(out, static_cast<uint64_t>(field) << 3);
  append_varint(out, value);
}
void append_bytes(std::string& out, int field, std::string_view bytes) {
  append_varint(out, static_cast<uint64_t>(field) << 3 | 2);
  append_varint(out, bytes.size());
  out += bytes;
}

// A field of these few small messages. Groups and fixed fields do not occur in them and end the reading.
struct SmallField {
  uint64_t number = 0;
  uint64_t value = 0;
  std::string_view bytes;
};
bool take_varint(std::string_view& text, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !text.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}
bool take_field(std::string_view& text, SmallField& field) {
  uint64_t key = 0;
  if (!take_varint(text, key)) return false;
  field.number = key >> 3;
  if ((key & 7) == 0) return take_varint(text, field.value);
  uint64_t size = 0;
  if ((key & 7) != 2 || !take_varint(text, size) || size > text.size()) return false;
  field.bytes = text.substr(0, static_cast<size_t>(size));
  text.remove_prefix(static_cast<size_t>(size));
  return true;
}

// The delay in an Any that holds a RetryInfo; nothing in others.
std::optional<int64_t> retry_delay_ms(std::string_view any) {
  SmallField field;
  std::string_view value;
  bool is_retry_info = false;
  while (take_field(any, field)) {
    if (field.number == 1) is_retry_info = field.bytes.ends_with("google.rpc.RetryInfo");
    if (field.number == 2) value = field.bytes;
  }
  if (!is_retry_info) return std::nullopt;
  int64_t delay_ms = 0;
  while (take_field(value, field)) {
    if (field.number != 1) continue;
    std::string_view duration = field.bytes;
    SmallField part;
    while (take_field(duration, part)) {
      auto number = static_cast<int64_t>(part.value);
      if (part.number == 1) delay_ms += std::clamp<int64_t>(number, 0, 86'400) * 1000;
      if (part.number == 2) delay_ms += std::clamp<int64_t>(number, 0, 999'999'999) / 1'000'000;
    }
  }
  return delay_ms;
}

std::optional<int64_t> retry_after_ms(std::string_view value, int64_t now_wall_ns) {
  if (std::optional<int64_t> seconds = parse_int(value); seconds && *seconds >= 0) return std::min<int64_t>(*seconds, 86'400) * 1000;
  tm parts{};
  std::string text(value);
  if (!strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts)) return std::nullopt;
  int64_t wait_s = timegm(&parts) - now_wall_ns / 1'000'000'000;
  return std::clamp<int64_t>(wait_s, 0, 86'400) * 1000;
}

}  // namespace

std::string encode_rpc_status(const Status& status) {
  std::string out;
  append_number(out, 1, static_cast<uint64_t>(status.code()));
  append_bytes(out, 2, status.message());
  if (!status.is_retryable() || status.retry_delay_ms() <= 0) return out;
  std::string duration;
  append_number(duration, 1, static_cast<uint64_t>(status.retry_delay_ms() / 1000));
  append_number(duration, 2, static_cast<uint64_t>(status.retry_delay_ms() % 1000 * 1'000'000));
  std::string retry_info;
  append_bytes(retry_info, 1, duration);
  std::string any;
  append_bytes(any, 1, retry_info_type);
  append_bytes(any, 2, retry_info);
  append_bytes(out, 3, any);
  return out;
}

Status decode_rpc_status(StatusCode code, std::string message, std::string_view details) {
  std::optional<int64_t> delay_ms;
  SmallField field;
  while (take_field(details, field)) {
    if (field.number == 2 && message.empty()) message = field.bytes;
    if (field.number == 3 && !delay_ms) delay_ms = retry_delay_ms(field.bytes);
  }
  Status status(code == StatusCode::ok ? StatusCode::unknown : code, std::move(message));
  bool may_retry = status.is_retryable() || code == StatusCode::resource_exhausted;
  if (delay_ms && may_retry) return std::move(status).retryable_after_ms(*delay_ms);
  return status;
}

int http_status_of(const Status& status) {
  switch (status.code()) {
    case StatusCode::ok:
      return 200;
    case StatusCode::invalid_argument:
      return 400;
    case StatusCode::unauthenticated:
      return 401;
    case StatusCode::permission_denied:
      return 403;
    case StatusCode::not_found:
      return 404;
    case StatusCode::resource_exhausted:
      return status.is_retryable() ? 429 : 413;  // 429 would be sent again, for ever
    case StatusCode::unimplemented:
      return 501;
    default:
      return status.is_retryable() ? 503 : 500;
  }
}

Status status_of_http(int http_status, std::string_view retry_after, std::string message, int64_t now_wall_ns) {
  std::string text = fmt::format("HTTP {} {}", http_status, message);
  switch (http_status) {
    case 429:
    case 502:
    case 503:
    case 504: {
      auto code = http_status == 429 ? StatusCode::resource_exhausted : StatusCode::unavailable;
      return Status(code, std::move(text)).retryable_after_ms(retry_after_ms(retry_after, now_wall_ns).value_or(0));
    }
    case 400:
      return invalid_argument(std::move(text));
    case 401:
      return {StatusCode::unauthenticated, std::move(text)};
    case 403:
      return {StatusCode::permission_denied, std::move(text)};
    case 404:
      return not_found(std::move(text));
    case 413:
      return resource_exhausted(std::move(text));
    default:
      return internal_error(std::move(text));
  }
}

}  // namespace vigia::net
