#pragma once

// What a target exposes, read entry by entry, whatever the format:
//
//   auto parser = open_exposition(content_type, fallback, options);
//   parser->set_text(body, true);
//   for (;;) switch (parser->next()) …
//
// A parser borrows the text, and its views hold until the next call of next(). Nothing is allocated for a sample whose series is known:
// identity() names the series by the bytes it was written with, and labels() are read only when that is new.
//
// The formats of lines can be read while they arrive: set_text() gives whole lines, `more` asks for the lines behind them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "prometheus/labels.h"

namespace vigia::prometheus {

enum class MetricType : uint8_t { unknown, counter, gauge, histogram, gauge_histogram, summary, info, stateset };
// "unknown", "gaugehistogram": as OpenMetrics and the metadata of OTLP have them.
std::string_view metric_type_name(MetricType type);

// A label as it was written.
struct RawLabel {
  std::string_view name;
  std::string_view value;
  bool has_escapes = false;  // in either; append_unescaped() resolves them
};
void append_unescaped(std::string& out, std::string_view text);

struct Exemplar {
  size_t first_label = 0;  // of ExpositionParser::exemplar_labels()
  size_t label_count = 0;
  double value = 0;
  std::optional<int64_t> timestamp_ms;
};

// A native histogram with whole counts; those with fractions are cut to whole ones.
struct NativeHistogram {
  struct Span {
    int32_t offset = 0;  // empty buckets before it; of the first span, the index of its first bucket
    uint32_t length = 0;
  };
  struct Side {
    std::vector<Span> spans;
    std::vector<uint64_t> counts;  // one for each bucket of the spans
  };
  int32_t schema = 0;
  uint64_t count = 0;
  double sum = 0;
  double zero_threshold = 0;
  uint64_t zero_count = 0;
  Side positive;
  Side negative;
  bool is_gauge = false;
};

// The series that stands behind the last one mostly: what its identity hashes to (hash64), and how long that is. A size of 0: nobody knows.
struct ExpectedSeries {
  uint64_t seed = 0;
  uint64_t hash = 0;
  uint32_t size = 0;
};

class ExpositionParser {
 public:
  enum class Event : uint8_t { help, type, unit, sample, histogram, more, end, broken };

  virtual ~ExpositionParser() = default;
  virtual Event next() = 0;

  // --- The text ---
  // Whether it may come in pieces. REQUIRES elsewhere: one text, which is the last.
  virtual bool reads_pieces() const { return false; }
  // A piece ends behind a newline, unless it is the last, and begins with what rest() of the one before was: an entry that goes on behind the
  // piece (a newline in quotes), or that looks broken there, is read again when there is more.
  virtual void set_text(std::string_view text, bool is_last) = 0;
  virtual std::string_view rest() const = 0;
  // What is looked at before every sample. A series that is expected is not read, but known by its hash: is_expected() tells. Only identities
  // that this parser took before may be expected.
  void set_expected(const ExpectedSeries* expected) { expected_ = expected; }
  bool is_expected() const { return is_expected_; }

  // --- help, type, unit ---
  std::string_view family() const { return family_; }
  std::string_view text() const { return text_; }  // of help and unit
  MetricType type() const { return type_; }

  // --- sample, histogram ---
  // The same bytes are the same series; other bytes may be, too (white space, order of labels).
  std::string_view identity() const { return identity_; }
  double value() const { return value_; }
  const std::optional<int64_t>& timestamp_ms() const { return timestamp_ms_; }
  // When the series began, 0 when it does not say.
  int64_t created_ms() const { return created_ms_; }
  const NativeHistogram& histogram() const { return histogram_; }
  const std::vector<Exemplar>& exemplars() const { return exemplars_; }
  const RawLabel* exemplar_labels(const Exemplar& exemplar) const { return exemplar_labels_.data() + exemplar.first_label; }
  // All labels of the sample with the name as `__name__`, unescaped, in the order they were written.
  virtual void labels(LabelList& out) const = 0;

  // --- broken ---
  // "line 12: expected a value after the metric, found …".
  const Status& error() const { return error_; }

 protected:
  const ExpectedSeries* expected_ = nullptr;
  bool is_expected_ = false;
  std::string_view family_, text_, identity_;
  MetricType type_ = MetricType::unknown;
  double value_ = 0;
  std::optional<int64_t> timestamp_ms_;
  int64_t created_ms_ = 0;
  NativeHistogram histogram_;
  std::vector<Exemplar> exemplars_;
  std::vector<RawLabel> exemplar_labels_;
  Status error_;
};

// What may be asked of a target, by the names of the configuration.
enum class ScrapeProtocol : uint8_t { protobuf, openmetrics_0_0_1, openmetrics_1_0_0, text_0_0_4, text_1_0_0 };
std::optional<ScrapeProtocol> scrape_protocol_by_name(std::string_view name);
const std::vector<std::string>& scrape_protocol_names();
// The value of Accept, the most wanted first. `escaping` is what is asked for names beyond the old character set: "allow-utf-8", "underscores", …
std::string accept_header(const std::vector<ScrapeProtocol>& protocols, std::string_view escaping);

struct ParserOptions {
  bool reads_native_histograms = false;
  bool keeps_classic_histograms = false;  // beside a native one
};
// UNIMPLEMENTED when the content type is none of ours and there is no fallback.
Result<std::unique_ptr<ExpositionParser>> open_exposition(std::string_view content_type, std::optional<ScrapeProtocol> fallback,
                                                          const ParserOptions& options);

}  // namespace vigia::prometheus
