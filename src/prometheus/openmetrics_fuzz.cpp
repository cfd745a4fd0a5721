// Any bytes as an exposition in OpenMetrics: no crash, nothing read out of bounds, the slow reader agrees, and pieces are the same.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "prometheus/openmetrics_parser.h"
#include "prometheus/test_exposition_oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::prometheus;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  OpenMetricsParser parser(text);
  test::Lines lines = test::read_all(parser);
  if (size < 200 && text.find('\0') == std::string_view::npos) CHECK(lines == test::ExpositionOracle(text, true).read_all());
  OpenMetricsParser pieces(text);
  CHECK(test::read_in_pieces(pieces, text) == lines);
  CHECK(pieces.error().to_string() == parser.error().to_string());
  return 0;
}
