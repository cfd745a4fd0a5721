// Any bytes in any pieces into an HTTP/1.1 server session: it must live, stay bounded, and end.

#include "net/test_session.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::net;
  TestSession test(new_http1_session);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    size_t step = 1 + static_cast<unsigned char>(rest.front()) % 97;
    test.exchange(rest.substr(1, step));
    rest.remove_prefix(std::min(rest.size(), step + 1));
  }
  for (auto& responder : test.service.held) responder->respond({});
  test.output();
  return 0;
}
