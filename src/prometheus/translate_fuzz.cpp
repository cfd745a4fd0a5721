// Any bytes as a request of metrics: translation never leaves the message, keeps labels sorted and each once, and what it makes of them is a request
// whose size says what is in it.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/snappy.h"
#include "otlp/field_view.h"
#include "prometheus/remote_write.h"

namespace {

using namespace vigia;
using namespace vigia::prometheus;

// Checks what goes by.
class Checking final : public SeriesVisitor {
 public:
  explicit Checking(WriteBatch& batch) : batch_(batch) {}
  void on_family(const Family& family) override {
    CHECK(!family.name.empty());
    batch_.on_family(family);
  }
  void on_sample(LabelSpan labels, const SeriesSample& sample) override {
    check(labels, true);
    batch_.on_sample(labels, sample);
  }
  void on_histogram(LabelSpan labels, const SparseHistogram& histogram) override {
    check(labels, true);
    check(histogram.positive);
    check(histogram.negative);
    batch_.on_histogram(labels, histogram);
  }
  void on_exemplar(const SeriesExemplar& exemplar) override {
    check(exemplar.labels, false);
    batch_.on_exemplar(exemplar);
  }
  void on_refused(Refusal why, size_t points) override { batch_.on_refused(why, points); }

 private:
  static void check(LabelSpan labels, bool needs_name) {
    bool has_name = false;
    for (size_t i = 0; i < labels.size(); i++) {
      CHECK(!labels[i].name.empty());
      CHECK(i == 0 || labels[i - 1].name < labels[i].name);
      has_name = has_name || labels[i].name == "__name__";
    }
    CHECK(has_name || !needs_name);
  }
  static void check(const SparseBuckets& buckets) {
    uint64_t length = 0;
    for (const BucketSpan& span : buckets.spans) length += span.length;
    CHECK(length == buckets.deltas.size());
  }

  WriteBatch& batch_;
};

SeriesSettings settings_of(uint8_t choice) {
  SeriesSettings settings;
  settings.translate.strategy = static_cast<Strategy>(choice & 3);
  settings.has_custom_bucket_histograms = (choice & 4) != 0;
  settings.translate.resource_labels.included = {"*"};
  settings.translate.external_labels = {{"region", "eu"}};
  return settings;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  MemoryLedger ledger;
  WriteVersion version = (data[0] & 8) != 0 ? WriteVersion::v2 : WriteVersion::v1;
  WriteBatch batch(1, 2, {version, 1000, true}, ledger);
  Checking checking(batch);
  SeriesTranslator translator(settings_of(data[0]));
  translator.translate({reinterpret_cast<const char*>(data) + 1, size - 1}, checking);
  for (const WriteRequest& request : batch.take()) {
    Result<Slice> plain = snappy_decompress(request.body.view(), size_t{1} << 30, ledger);
    CHECK(plain.is_ok());
    size_t samples = 0;
    for (std::string_view series : otlp::RepeatedMessages(plain->view(), version == WriteVersion::v2 ? 5 : 1))
      samples += otlp::RepeatedMessages(series, 2).count();
    CHECK(samples == request.samples);
    split_request(request, version, ledger);
  }
  return 0;
}
