#include "app/load/answer.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "net/grpc.h"
#include "otlp/wire.h"

namespace vigia::app {
namespace {

constexpr size_t longest_complaint = 500;
constexpr size_t most_answer_bytes = 1 << 20;

std::string shortened(std::string_view text) { return std::string(text.substr(0, longest_complaint)); }

Answer failure(std::string_view complaint) { return {Verdict::failed, 0, shortened(complaint)}; }

// An Export…ServiceResponse: field 1 is the partial success, in it 1 the number of rejected items and 2 the reason.
Answer read_export_response(std::string_view message) {
  Answer answer;
  otlp::Cursor response(message);
  otlp::Field field;
  while (response.next(field)) {
    if (field.tag != otlp::bytes_tag(1)) continue;
    otlp::Cursor partial_success(field.content);
    otlp::Field part;
    while (partial_success.next(part)) {
      if (part.tag == otlp::varint_tag(1)) answer.rejected_items = part.number;
      if (part.tag == otlp::bytes_tag(2)) answer.complaint = shortened(part.content);
    }
    if (!partial_success.ok()) return failure("the receiver's partial success is broken");
  }
  if (!response.ok()) return failure("the receiver's answer is not a protobuf message");
  return answer;
}

Answer read_grpc_answer(const net::ClientResponse& response, MemoryLedger& ledger) {
  std::string_view text = response.trailers.get("grpc-status");
  std::string_view message = response.trailers.get("grpc-message");
  if (text.empty()) {
    // An error without content comes as headers alone.
    text = response.headers.get("grpc-status");
    message = response.headers.get("grpc-message");
  }
  std::optional<int64_t> code = parse_int(text);
  if (!code || *code < 0 || *code > 16) return failure("the answer has no gRPC status, and HTTP status " + std::to_string(response.status));
  auto status = static_cast<StatusCode>(*code);
  if (status != StatusCode::ok) {
    bool is_refusal = status == StatusCode::resource_exhausted || status == StatusCode::unavailable;
    std::string complaint = std::string(status_code_name(status)) + ": " + std::string(message);
    return {is_refusal ? Verdict::refused : Verdict::failed, 0, shortened(complaint)};
  }
  std::string_view body = response.body.view();
  if (body.size() < net::grpc_prefix_bytes) return failure("the answer is no gRPC message");
  body.remove_prefix(net::grpc_prefix_bytes);
  if (response.body.view()[0] == 0) return read_export_response(body);
  // Some servers answer in the encoding of the request without being asked to.
  std::optional<Compression> compression = compression_by_name(response.headers.get("grpc-encoding"));
  if (!compression) return failure("the answer is compressed in an unknown way");
  Result<Slice> plain = decompress(*compression, body, most_answer_bytes, ledger);
  return plain.is_ok() ? read_export_response(plain->view()) : failure(plain.status().to_string());
}

Answer read_http_answer(const net::ClientResponse& response) {
  if (response.status == 200) {
    // Some receivers answer in JSON or with nothing at all; then there is no partial success to be read.
    bool is_protobuf = response.headers.get("content-type") == "application/x-protobuf";
    return is_protobuf ? read_export_response(response.body.view()) : Answer{};
  }
  bool is_refusal = response.status == 429 || (response.status >= 502 && response.status <= 504);
  return {is_refusal ? Verdict::refused : Verdict::failed, 0, "HTTP status " + std::to_string(response.status)};
}

}  // namespace

Answer read_answer(LoadProtocol protocol, const Result<net::ClientResponse>& result, MemoryLedger& ledger) {
  if (!result.is_ok()) return failure(result.status().to_string());
  return protocol == LoadProtocol::grpc ? read_grpc_answer(*result, ledger) : read_http_answer(*result);
}

}  // namespace vigia::app
