#pragma once

// gRPC over the HTTP layer: message framing, status in trailers, compression.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/compress.h"
#include "base/function.h"
#include "base/status.h"
#include "net/http.h"
#include "net/http_client.h"

namespace vigia::net {

inline constexpr size_t grpc_prefix_bytes = 5;

bool is_grpc_request(const RequestHead& head);

// The one message of a unary call's body, still compressed.
struct GrpcMessage {
  Compression compression = Compression::none;
  Slice content;
};
// Checks prefix, length, and that there is one message only.
Result<GrpcMessage> read_grpc_message(const RequestHead& head, const Slice& body);

// Answers of a unary call. A retry delay in the status becomes RetryInfo in grpc-status-details-bin.
Response grpc_response(Slice message, MemoryLedger& ledger);
Response grpc_error(const Status& status);

// A message with its prefix, compressed when asked to.
Result<Chain> frame_grpc_message(const Chain& message, Compression compression, MemoryLedger& ledger);

// A call to another server. The status of the reply carries the server's RetryInfo as its retry delay.
struct GrpcCall {
  std::string path;  // "/package.Service/Method"
  Headers metadata;
  Chain message;  // not framed
  Compression compression = Compression::none;
  int64_t timeout_ms = 0;
};
void call_grpc(HttpClient& client, GrpcCall call, MemoryLedger& ledger, Function<void(Result<Slice>)> done);

// What unary and streaming calls (grpc_stream.h) share.
Response grpc_stream_head();
Result<ClientRequest> grpc_client_request(GrpcCall call, MemoryLedger& ledger);
Status grpc_status_of(const ClientResponse& answer);

}  // namespace vigia::net
