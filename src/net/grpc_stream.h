#pragma once

// Server-streaming gRPC calls: one request, any number of messages back.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/function.h"
#include "base/status.h"
#include "net/grpc.h"
#include "net/http.h"
#include "net/http_client.h"

namespace vigia::net {

// The server's side. One message is on its way at a time: the next is sent when `sent` has been called, so that a slow reader
// holds no more than that. Any thread, one call at a time. Dropped unfinished, it ends with INTERNAL.
class GrpcServerStream {
 public:
  GrpcServerStream(std::unique_ptr<Responder> responder, MemoryLedger& ledger);
  GrpcServerStream(GrpcServerStream&&) = default;
  ~GrpcServerStream();

  // `sent` gets false when the reader has gone: stop then.
  void send(const Slice& message, Function<void(bool is_open)> sent);
  void finish(const Status& status);

 private:
  std::unique_ptr<Responder> responder_;
  MemoryLedger* ledger_;
  bool has_started_ = false;
};

// Cuts a stream of gRPC's length-prefixed messages into its messages.
class GrpcMessageReader {
 public:
  GrpcMessageReader(size_t max_message_bytes, MemoryLedger& ledger);

  // How messages that are marked as compressed are packed: the value of grpc-encoding.
  void set_encoding(std::string_view encoding) { encoding_ = encoding; }
  // Takes the next bytes, and gives each message that they complete to `take`.
  Status feed(std::string_view bytes, const std::function<void(Slice)>& take);
  // Whether the stream may end here.
  bool is_between_messages() const { return pending_.empty() && content_.size() == 0 && !has_prefix_; }

 private:
  Status begin_message();
  Result<Slice> end_message();

  size_t max_message_bytes_;
  MemoryLedger& ledger_;
  std::string encoding_;
  std::string pending_;  // of a prefix that has not come whole
  bool has_prefix_ = false;
  bool is_compressed_ = false;
  size_t length_ = 0;
  Appender content_;
};

// The client's side. `on_message` is called for each message, then `done` once, both on the loop that calls.
// REQUIRES: called on a loop of the client's group.
void call_grpc_stream(HttpClient& client, GrpcCall call, MemoryLedger& ledger, Function<void(Slice)> on_message,
                      Function<void(Status)> done);

}  // namespace vigia::net
