#include "net/grpc_stream.h"

#include <algorithm>

#include <fmt/core.h>

namespace vigia::net {

namespace {

constexpr size_t most_message_bytes = 64 << 20;

Headers status_trailers(const Status& status) {
  Headers trailers;
  if (status.is_ok()) {
    trailers.add("grpc-status", "0");
    return trailers;
  }
  Response error = grpc_error(status);
  for (const auto& [name, value] : error.headers.fields())
    if (name.starts_with("grpc-status") || name == "grpc-message") trailers.add(name, value);
  return trailers;
}

}  // namespace

GrpcServerStream::GrpcServerStream(std::unique_ptr<Responder> responder, MemoryLedger& ledger)
    : responder_(std::move(responder)), ledger_(&ledger) {}

GrpcServerStream::~GrpcServerStream() {
  if (responder_) finish(internal_error("the call was not finished"));
}

void GrpcServerStream::send(const Slice& message, Function<void(bool)> sent) {
  CHECK(responder_ != nullptr);
  if (!has_started_) {
    has_started_ = true;
    responder_->start(grpc_stream_head());
  }
  auto framed = frame_grpc_message(Chain(message), Compression::none, *ledger_);
  CHECK(framed.is_ok());  // only compression can fail
  responder_->write(std::move(*framed), std::move(sent));
}

void GrpcServerStream::finish(const Status& status) {
  CHECK(responder_ != nullptr);
  std::unique_ptr<Responder> responder = std::move(responder_);
  if (!has_started_ && !status.is_ok()) {
    responder->respond(grpc_error(status));
    return;
  }
  if (!has_started_) responder->start(grpc_stream_head());
  responder->finish(status_trailers(status));
}

GrpcMessageReader::GrpcMessageReader(size_t max_message_bytes, MemoryLedger& ledger)
    : max_message_bytes_(max_message_bytes), ledger_(ledger), content_(ledger) {}

Status GrpcMessageReader::begin_message() {
  auto flag = static_cast<unsigned char>(pending_[0]);
  length_ = 0;
  for (size_t i = 1; i < grpc_prefix_bytes; i++) length_ = length_ << 8 | static_cast<unsigned char>(pending_[i]);
  pending_.clear();
  if (flag > 1) return internal_error(fmt::format("the compressed flag of a message is {}; it must be 0 or 1", flag));
  if (length_ > max_message_bytes_)
    return resource_exhausted(fmt::format("received message larger than max ({} vs. {})", length_, max_message_bytes_));
  is_compressed_ = flag == 1;
  has_prefix_ = true;
  return {};
}

Result<Slice> GrpcMessageReader::end_message() {
  has_prefix_ = false;
  Slice content = content_.take();
  if (!is_compressed_) return content;
  auto compression = compression_by_name(encoding_);
  if (!compression || *compression == Compression::none) return internal_error("a message is compressed in an unknown way");
  return decompress(*compression, content.view(), max_message_bytes_, ledger_);
}

Status GrpcMessageReader::feed(std::string_view bytes, const std::function<void(Slice)>& take) {
  while (!bytes.empty() || (has_prefix_ && content_.size() == length_)) {
    if (!has_prefix_) {
      size_t count = std::min(grpc_prefix_bytes - pending_.size(), bytes.size());
      pending_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
      if (pending_.size() < grpc_prefix_bytes) return {};
      RETURN_IF_ERROR(begin_message());
    }
    std::string_view part = bytes.substr(0, length_ - content_.size());
    content_.append(part);
    bytes.remove_prefix(part.size());
    if (content_.size() < length_) return {};
    ASSIGN_OR_RETURN(Slice message, end_message());
    take(std::move(message));
  }
  return {};
}

void call_grpc_stream(HttpClient& client, GrpcCall call, MemoryLedger& ledger, Function<void(Slice)> on_message,
                      Function<void(Status)> done) {
  struct Reading {
    GrpcMessageReader reader;
    Function<void(Slice)> on_message;
    Status error;
  };
  auto request = grpc_client_request(std::move(call), ledger);
  if (!request.is_ok()) {
    done(std::move(request).status());
    return;
  }
  auto reading = std::make_shared<Reading>(Reading{GrpcMessageReader(most_message_bytes, ledger), std::move(on_message), {}});
  request->on_head = [reading](const ClientResponse& head) { reading->reader.set_encoding(head.headers.get("grpc-encoding")); };
  request->on_body = [reading](std::string_view piece) {
    if (reading->error.is_ok())
      reading->error = reading->reader.feed(piece, [&](Slice message) { reading->on_message(std::move(message)); });
    return true;
  };
  client.send(std::move(*request), [reading, done = std::move(done)](Result<ClientResponse> answer) mutable {
    Status status = answer.is_ok() ? grpc_status_of(*answer) : std::move(answer).status();
    if (status.is_ok() && !reading->error.is_ok()) status = std::move(reading->error);
    if (status.is_ok() && !reading->reader.is_between_messages()) status = internal_error("the stream ended within a message");
    done(std::move(status));
  });
}

}  // namespace vigia::net
