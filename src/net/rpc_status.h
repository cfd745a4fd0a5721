#pragma once

// google.rpc.Status and google.rpc.RetryInfo in protobuf: how OTLP says why, and when to come back.

#include <string>
#include <string_view>

#include "base/status.h"

namespace vigia::net {

std::string encode_rpc_status(const Status& status);
// The status of an answer that said `code` and `message`; `details` is an encoded google.rpc.Status, whose RetryInfo becomes
// the retry delay. RESOURCE_EXHAUSTED is retryable only with a RetryInfo.
Status decode_rpc_status(StatusCode code, std::string message, std::string_view details);

// HTTP's equivalents, as OTLP/HTTP wants them: UNAVAILABLE is 503, INVALID_ARGUMENT 400, …
int http_status_of(const Status& status);
// The status of an answer that is not 2xx. `retry_after` is the header's value: seconds or an HTTP date.
Status status_of_http(int http_status, std::string_view retry_after, std::string message, int64_t now_wall_ns);

}  // namespace vigia::net
