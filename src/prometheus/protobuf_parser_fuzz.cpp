// Any bytes as an exposition in protobuf, with and without native histograms: no crash, nothing read out of bounds.

#include "prometheus/protobuf_parser.h"

#include <cstdint>
#include <string_view>

#include "prometheus/test_exposition_oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::prometheus;
  if (size == 0) return 0;
  std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  ProtobufParser parser(body, {(data[0] & 1) != 0, (data[0] & 2) != 0});
  test::read_all(parser);
  return 0;
}
