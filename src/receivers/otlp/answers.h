#pragma once

// What an OTLP server answers, by the OTLP specification: to gRPC in trailers, to HTTP in the request's own content type.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "net/http.h"
#include "otlp/export_response.h"
#include "otlp/signal.h"

namespace vigia::receivers {

enum class Dialect : uint8_t { grpc, http_proto, http_json };

// Which dialect a request speaks, as far as its head tells; JSON's errors are JSON, everything else's are protobuf.
Dialect dialect_of(const net::RequestHead& head);

// Success, perhaps a partial one: then the sender must not send the rest again.
net::Response accepted_response(Dialect dialect, otlp::Signal signal, const otlp::PartialSuccess& partial, MemoryLedger& ledger);

// Failure. `http_status` 0: the one that belongs to the status.
net::Response error_response(Dialect dialect, const Status& status, MemoryLedger& ledger, int http_status = 0);

// What a pipeline's refusal looks like from outside: transient errors become UNAVAILABLE, permanent ones INTERNAL, except where
// the status says something more exact that senders understand.
Status outside_view(Status status);

}  // namespace vigia::receivers
