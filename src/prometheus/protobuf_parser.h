#pragma once

// The delimited protobuf format: messages io.prometheus.client.MetricFamily, each behind its length.
//
// A metric with several values (a summary, a histogram) is read as the samples that the text formats would have, then, when it is a native
// histogram, as one event of its own.

#include <string>
#include <vector>

#include "otlp/wire.h"
#include "prometheus/exposition.h"

namespace vigia::prometheus {

class ProtobufParser final : public ExpositionParser {
 public:
  ProtobufParser(std::string_view body, const ParserOptions& options) : body_(body), rest_(body), options_(options) {}

  Event next() override;
  void set_text(std::string_view text, bool) override { body_ = rest_ = text; }
  std::string_view rest() const override { return rest_; }
  void labels(LabelList& out) const override;

 private:
  enum class Kind : uint8_t { plain, count, sum, bucket, quantile, native };
  // One sample of the metric.
  struct Part {
    Kind kind = Kind::plain;
    double boundary = 0;
    double value = 0;
    std::string_view exemplar;  // the message, or nothing
  };
  struct Family {
    std::string_view message, name, help, unit;
    uint64_t type = 0;
  };
  // What a Histogram message says, its native part in histogram_.
  struct HistogramFields {
    double count = 0, sum = 0;
    bool is_native = false;
    std::vector<std::string_view> exemplars;
  };

  bool take_family();
  bool read_family();
  bool take_metric();
  bool read_metric(std::string_view message);
  void read_plain(std::string_view message, bool is_counter);
  bool read_summary(std::string_view message);
  bool read_histogram(std::string_view message);
  bool read_histogram_fields(std::string_view message, HistogramFields& fields);
  bool read_native_sides(std::string_view message);
  bool read_bucket(std::string_view message);
  void take_native_exemplars(std::vector<std::string_view> exemplars);
  Event hand_out(const Part& part);
  void add_exemplar(std::string_view message, bool needs_time);
  bool fail(std::string_view what);

  std::string_view body_;
  std::string_view rest_;
  ParserOptions options_;
  Family raw_;
  otlp::Cursor metrics_{std::string_view()};
  int announced_ = 0;  // how many of help, type and unit were handed out
  bool has_family_ = false;
  std::vector<RawLabel> labels_;
  std::string label_bytes_;  // the labels as they stand in the message
  std::vector<Part> parts_;
  size_t next_part_ = 0;
  Part part_;  // handed out last
  std::vector<std::string_view> native_exemplars_;
  std::string identity_bytes_;
};

}  // namespace vigia::prometheus
