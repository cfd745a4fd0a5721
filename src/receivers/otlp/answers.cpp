#include "receivers/otlp/answers.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/log.h"
#include "net/grpc.h"
#include "net/rpc_status.h"

namespace vigia::receivers {

namespace {

std::string status_json(const Status& status) {
  std::string text = fmt::format(R"({{"code":{},"message":")", static_cast<int>(status.code()));
  append_json_escaped(text, status.message());
  return text + "\"}";
}

}  // namespace

Dialect dialect_of(const net::RequestHead& head) {
  if (net::is_grpc_request(head)) return Dialect::grpc;
  return net::is_media_type(head.headers.get("content-type"), "application/json") ? Dialect::http_json : Dialect::http_proto;
}

net::Response accepted_response(Dialect dialect, otlp::Signal signal, const otlp::PartialSuccess& partial, MemoryLedger& ledger) {
  switch (dialect) {
    case Dialect::grpc:
      return net::grpc_response(Slice::copy_of(otlp::encode_export_response(partial), ledger), ledger);
    case Dialect::http_json:
      return net::text_response(200, "application/json", otlp::encode_export_response_json(signal, partial), ledger);
    case Dialect::http_proto:
      break;
  }
  return net::text_response(200, "application/x-protobuf", otlp::encode_export_response(partial), ledger);
}

net::Response error_response(Dialect dialect, const Status& status, MemoryLedger& ledger, int http_status) {
  if (dialect == Dialect::grpc) return net::grpc_error(status);
  if (http_status == 0) http_status = net::http_status_of(status);
  net::Response response = dialect == Dialect::http_json
                               ? net::text_response(http_status, "application/json", status_json(status), ledger)
                               : net::text_response(http_status, "application/x-protobuf", net::encode_rpc_status(status), ledger);
  if (status.is_retryable() && status.retry_delay_ms() > 0)
    response.headers.add("retry-after", std::to_string(std::max<int64_t>(1, (status.retry_delay_ms() + 999) / 1000)));
  return response;
}

Status outside_view(Status status) {
  switch (status.code()) {
    case StatusCode::resource_exhausted:
    case StatusCode::invalid_argument:
    case StatusCode::unauthenticated:
    case StatusCode::permission_denied:
    case StatusCode::unavailable:
      return status;
    default:
      break;
  }
  if (!status.is_retryable()) return internal_error(status.message());
  return unavailable(status.message()).retryable_after_ms(status.retry_delay_ms());
}

}  // namespace vigia::receivers
