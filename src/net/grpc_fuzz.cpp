// Any frames into an HTTP/2 server session, and any bytes as a gRPC body: they must live and stay bounded.

#include "net/test_session.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::net;
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  TestSession test(new_http2_session);
  test.exchange(std::string(http2_client_preface) + http2_frame(4, 0, 0, ""));
  if (data[0] % 2 == 0) {
    test.exchange(bytes);
  } else {
    static constexpr const char* encodings[] = {"gzip", "zstd", "deflate", "identity"};
    test.exchange(grpc_headers(1, {{"grpc-encoding", encodings[data[0] / 2 % 4]}}) + http2_data(1, bytes.substr(0, 16'000), true));
  }
  for (auto& responder : test.service.held) responder->respond({});
  test.service.held.clear();
  test.output();
  return 0;
}
