#include "base/snappy.h"
#include "otlp/field_view.h"
#include "prometheus/remote_write_internal.h"

namespace vigia::prometheus {

namespace {

using otlp::bytes_tag;

// Where things stand in a request, and in a series.
struct Numbers {
  uint32_t series;
  uint32_t samples;
  uint32_t histograms;
  uint32_t exemplars;
};

Numbers numbers_of(WriteVersion version) {
  return version == WriteVersion::v2 ? Numbers{series_number_v2, 2, 3, 4} : Numbers{series_number_v1, 2, 4, 3};
}

size_t count_of(std::string_view series, uint32_t number) { return otlp::RepeatedMessages(series, number).count(); }

void count_series(std::string_view series, const Numbers& numbers, WriteRequest& request) {
  request.samples += count_of(series, numbers.samples);
  request.histograms += count_of(series, numbers.histograms);
  request.exemplars += count_of(series, numbers.exemplars);
}

// Its exemplars go with its later samples.
std::string half_of_series(std::string_view series, const Numbers& numbers, bool is_second) {
  size_t count = count_of(series, numbers.samples) + count_of(series, numbers.histograms);
  size_t index = 0;
  std::string half;
  otlp::Field field;
  for (otlp::Cursor cursor(series); cursor.next(field);) {
    bool is_sample = field.tag == bytes_tag(numbers.samples) || field.tag == bytes_tag(numbers.histograms);
    bool is_here = is_sample ? (index < count / 2) != is_second : field.tag != bytes_tag(numbers.exemplars) || is_second;
    index += is_sample;
    if (is_here) half += field.whole;
  }
  return half;
}

WriteRequest half_of_request(std::string_view plain, const Numbers& numbers, bool is_second, MemoryLedger& ledger) {
  size_t count = count_of(plain, numbers.series);
  size_t index = 0;
  Appender half(ledger, plain.size() / 2 + 1024);
  WriteRequest request;
  otlp::Field field;
  for (otlp::Cursor cursor(plain); cursor.next(field);) {
    if (field.tag != bytes_tag(numbers.series)) {
      half.append(field.whole);
    } else if (count == 1) {
      std::string series = half_of_series(field.content, numbers, is_second);
      otlp::append_bytes_field(half, numbers.series, series);
      count_series(series, numbers, request);
    } else if ((index++ < count / 2) != is_second) {
      half.append(field.whole);
      count_series(field.content, numbers, request);
    }
  }
  request.body = snappy_compress(half.view(), ledger);
  return request;
}

}  // namespace

std::vector<WriteRequest> split_request(const WriteRequest& request, WriteVersion version, MemoryLedger& ledger) {
  std::vector<WriteRequest> halves;
  if (request.samples + request.histograms < 2) return halves;
  constexpr size_t most_bytes = size_t{1} << 30;
  Result<Slice> plain = snappy_decompress(request.body.view(), most_bytes, ledger);
  CHECK(plain.is_ok());  // It is ours.
  for (bool is_second : {false, true}) {
    halves.push_back(half_of_request(plain->view(), numbers_of(version), is_second, ledger));
    halves.back().shard = request.shard;
  }
  return halves;
}

}  // namespace vigia::prometheus
