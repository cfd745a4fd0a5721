#include "net/grpc.h"

#include <charconv>

#include <fmt/core.h>

#include "base/text.h"
#include "net/rpc_status.h"

namespace vigia::net {

namespace {

constexpr std::string_view accepted_encodings = "identity,gzip,zstd,deflate";

// grpc-message is percent-encoded where it is not plain printable ASCII, and where a header would lose it: spaces around it.
std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    auto byte = static_cast<unsigned char>(c);
    bool is_outer_space = c == ' ' && (i == 0 || i + 1 == text.size());
    if (byte < 0x20 || byte > 0x7E || c == '%' || is_outer_space)
      encoded += fmt::format("%{:02X}", byte);
    else
      encoded += c;
  }
  return encoded;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); i++) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

uint32_t message_length(std::string_view prefix) {
  uint32_t length = 0;
  for (size_t i = 1; i < grpc_prefix_bytes; i++) length = length << 8 | static_cast<unsigned char>(prefix[i]);
  return length;
}

// "1500m" and the like: the largest unit that keeps the precision within eight digits.
std::string timeout_text(int64_t timeout_ms) {
  if (timeout_ms < 100'000'000) return fmt::format("{}m", timeout_ms);
  return fmt::format("{}S", std::min<int64_t>(timeout_ms / 1000, 99'999'999));
}

Result<Slice> message_of_answer(const ClientResponse& answer, MemoryLedger& ledger) {
  RETURN_IF_ERROR(grpc_status_of(answer));
  std::string_view body = answer.body.view();
  if (body.size() < grpc_prefix_bytes || message_length(body) != body.size() - grpc_prefix_bytes)
    return internal_error("the server's answer is not one gRPC message").retryable_after_ms(0);
  Slice content = answer.body.sub(body.substr(grpc_prefix_bytes));
  if (body[0] == 0) return content;
  auto compression = compression_by_name(answer.headers.get("grpc-encoding"));
  if (!compression || *compression == Compression::none)
    return internal_error("the server's answer is compressed in an unknown way").retryable_after_ms(0);
  constexpr size_t most_bytes = 16 << 20;
  return decompress(*compression, content.view(), most_bytes, ledger);
}

}  // namespace

Status grpc_status_of(const ClientResponse& answer) {
  bool is_trailers_only = answer.trailers.get("grpc-status").empty();
  const Headers& where = is_trailers_only ? answer.headers : answer.trailers;
  std::optional<int64_t> code = parse_int(where.get("grpc-status"));
  if (!code) {
    // Not a gRPC server, or a proxy before it.
    auto code_of_http = answer.status == 401   ? StatusCode::unauthenticated
                        : answer.status == 403 ? StatusCode::permission_denied
                        : answer.status == 404 ? StatusCode::unimplemented
                        : answer.status == 429 || answer.status == 502 || answer.status == 503 || answer.status == 504
                            ? StatusCode::unavailable
                            : StatusCode::unknown;
    return {code_of_http, fmt::format("the server answered HTTP {} without a gRPC status", answer.status)};
  }
  if (*code == 0) return {};
  auto known = *code > 0 && *code <= 16 ? static_cast<StatusCode>(*code) : StatusCode::unknown;
  std::string details = from_base64(where.get("grpc-status-details-bin")).value_or("");
  return decode_rpc_status(known, percent_decode(where.get("grpc-message")), details);
}

bool is_grpc_request(const RequestHead& head) {
  std::string_view type = head.headers.get("content-type");
  return head.version == HttpVersion::http2 && equals_ignoring_case(type.substr(0, 16), "application/grpc") &&
         (type.size() == 16 || type[16] == '+' || type[16] == ';');
}

Result<GrpcMessage> read_grpc_message(const RequestHead& head, const Slice& body) {
  std::string_view bytes = body.view();
  if (bytes.size() < grpc_prefix_bytes) return internal_error("the request ended before its message");
  auto flag = static_cast<unsigned char>(bytes[0]);
  if (flag > 1) return internal_error(fmt::format("the compressed flag of the message is {}; it must be 0 or 1", flag));
  size_t length = message_length(bytes);
  if (length > bytes.size() - grpc_prefix_bytes)
    return internal_error(fmt::format("the message is cut short: {} of {} bytes came", bytes.size() - grpc_prefix_bytes, length));
  if (length < bytes.size() - grpc_prefix_bytes) return internal_error("there is more than one message in a unary call");
  GrpcMessage message;
  message.content = body.sub(bytes.substr(grpc_prefix_bytes));
  if (flag == 0) return message;
  std::string_view encoding = head.headers.get("grpc-encoding");
  auto compression = compression_by_name(encoding);
  if (!compression) return unimplemented(fmt::format("grpc: Decompressor is not installed for grpc-encoding \"{}\"", encoding));
  if (*compression == Compression::none) return internal_error("the message is marked as compressed, but there is no grpc-encoding");
  message.compression = *compression;
  return message;
}

Response grpc_stream_head() {
  Response head;
  head.headers.add("content-type", "application/grpc");
  head.headers.add("grpc-accept-encoding", accepted_encodings);
  return head;
}

Response grpc_response(Slice message, MemoryLedger& ledger) {
  Response response = grpc_stream_head();
  Appender body(ledger, grpc_prefix_bytes + message.size());
  body.push_back(0);
  for (int shift = 24; shift >= 0; shift -= 8) body.push_back(static_cast<char>(message.size() >> shift & 255));
  body.append(message.view());
  response.body.append(body.take());
  response.trailers.add("grpc-status", "0");
  return response;
}

Response grpc_error(const Status& status) {
  CHECK(!status.is_ok());
  Response response;
  response.headers.add("content-type", "application/grpc");
  response.headers.add("grpc-status", std::to_string(static_cast<int>(status.code())));
  response.headers.add("grpc-message", percent_encode(status.message()));
  if (status.is_retryable() && status.retry_delay_ms() > 0) {
    std::string details = to_base64(encode_rpc_status(status));
    while (details.ends_with('=')) details.pop_back();
    response.headers.add("grpc-status-details-bin", details);
  }
  response.headers.add("grpc-accept-encoding", accepted_encodings);
  return response;
}

Result<Chain> frame_grpc_message(const Chain& message, Compression compression, MemoryLedger& ledger) {
  Chain content;
  if (compression == Compression::none) {
    content = message;
  } else {
    ASSIGN_OR_RETURN(Slice packed, compress(compression, message, ledger));
    content.append(std::move(packed));
  }
  if (content.size() > UINT32_MAX) return resource_exhausted("the message is larger than 4 GiB");
  char prefix[grpc_prefix_bytes] = {compression == Compression::none ? '\0' : '\1'};
  for (size_t i = 0; i < 4; i++) prefix[1 + i] = static_cast<char>(content.size() >> (24 - 8 * i) & 255);
  Chain framed(Slice::copy_of({prefix, sizeof prefix}, ledger));
  framed.append(std::move(content));
  return framed;
}

Result<ClientRequest> grpc_client_request(GrpcCall call, MemoryLedger& ledger) {
  ClientRequest request;
  ASSIGN_OR_RETURN(request.body, frame_grpc_message(call.message, call.compression, ledger));
  request.path = std::move(call.path);
  request.headers = std::move(call.metadata);
  request.headers.set("content-type", "application/grpc");
  request.headers.set("te", "trailers");
  if (call.compression != Compression::none) request.headers.set("grpc-encoding", compression_name(call.compression));
  request.headers.set("grpc-accept-encoding", accepted_encodings);
  if (call.timeout_ms > 0) request.headers.set("grpc-timeout", timeout_text(call.timeout_ms));
  request.timeout_ms = call.timeout_ms;
  return request;
}

void call_grpc(HttpClient& client, GrpcCall call, MemoryLedger& ledger, Function<void(Result<Slice>)> done) {
  auto request = grpc_client_request(std::move(call), ledger);
  if (!request.is_ok()) {
    done(std::move(request).status());
    return;
  }
  client.send(std::move(*request), [&ledger, done = std::move(done)](Result<ClientResponse> answer) mutable {
    if (answer.is_ok())
      done(message_of_answer(*answer, ledger));
    else
      done(std::move(answer).status());
  });
}

}  // namespace vigia::net
