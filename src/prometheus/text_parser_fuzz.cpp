// Any bytes as an exposition in text: no crash, nothing read out of bounds, and the slow reader agrees.

#include "prometheus/text_parser.h"

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "prometheus/test_exposition_oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::prometheus;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  TextParser parser(text);
  test::Lines lines = test::read_all(parser);
  if (size < 200 && text.find('\0') == std::string_view::npos) CHECK(lines == test::ExpositionOracle(text, false).read_all());
  return 0;
}
