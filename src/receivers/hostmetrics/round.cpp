#include "receivers/hostmetrics/round.h"

#include <algorithm>

#include "base/utf8.h"
#include "otlp/attribute_write.h"

namespace vigia::receivers {

namespace {

constexpr int64_t slice_ns = 10'000'000;
constexpr std::string_view scope_prefix =
    "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver/internal/scraper/";
constexpr std::string_view machine_schema = "https://opentelemetry.io/schemas/1.9.0";
constexpr uint32_t attributes_number = otlp::point_attributes_number(otlp::MetricKind::sum);

std::string_view key_of(std::string_view key_value) {
  otlp::Cursor cursor(key_value);
  otlp::Field field;
  while (cursor.next(field))
    if (field.id() == 1) return field.content;
  return {};
}

// Copies those attributes that are kept.
void keep_some(std::string_view attributes, const std::vector<std::string>& kept, std::string& out) {
  out.clear();
  otlp::Cursor cursor(attributes);
  otlp::Field field;
  while (cursor.next(field))
    if (std::find(kept.begin(), kept.end(), key_of(field.content)) != kept.end()) out += field.whole;
}

template <typename Value>
void merge(Aggregation aggregation, Value value, uint64_t count, Value& total) {
  if (count == 0)
    total = value;
  else if (aggregation == Aggregation::min)
    total = std::min(total, value);
  else if (aggregation == Aggregation::max)
    total = std::max(total, value);
  else
    total += value;
}

}  // namespace

void Round::begin() {
  writer_.emplace(ledger_, expected_size_);
  is_resource_open_ = is_scope_open_ = false;
  point_count_ = 0;
  look_at_the_clock();
  begin_slice();
}

void Round::begin_slice() { slice_end_ns_ = clock_.steady_ns() + slice_ns; }

// All scrapers of the machine share one resource, which has no attributes of its own.
void Round::enter_scraper(std::string_view scraper, uint64_t start_ns) {
  scope_ = scope_prefix;
  scope_ += scraper;
  scope_ += "scraper";
  start_ns_ = start_ns;
  is_scope_open_ = false;
  if (schema_url_ == machine_schema && resource_ == common_resource_) return;
  resource_ = common_resource_;
  schema_url_ = machine_schema;
  is_resource_open_ = false;
}

void Round::enter_resource(std::string_view resource, std::string_view schema_url, uint64_t start_ns) {
  resource_ = common_resource_;
  resource_ += resource;
  schema_url_ = schema_url;
  start_ns_ = start_ns;
  is_resource_open_ = is_scope_open_ = false;
}

otlp::RequestWriter& Round::open() {
  if (!is_resource_open_) writer_->open_resource(resource_, schema_url_);
  if (!is_resource_open_ || !is_scope_open_) writer_->open_scope(scope_, version_);
  is_resource_open_ = is_scope_open_ = true;
  return *writer_;
}

Slice Round::take() {
  if (!writer_) return {};
  Slice request = writer_->take();
  writer_.reset();
  // The next round is about as large as this one.
  expected_size_ = std::max<size_t>(4096, request.size() + request.size() / 8);
  return request;
}

template <typename Value>
void MetricPoints::add_any(Value value, std::string_view attributes) {
  if (!choice_.is_wanted) return;
  if (!choice_.attributes) {
    write(value, attributes);
    return;
  }
  Round::Merged& merged = merged_with(attributes);
  if constexpr (std::is_same_v<Value, double>)
    merge(choice_.aggregation, value, merged.count, merged.real);
  else
    merge(choice_.aggregation, value, merged.count, merged.whole);
  is_whole_ = !std::is_same_v<Value, double>;
  merged.count++;
}

template <typename Value>
void MetricPoints::write(Value value, std::string_view attributes) {
  if (!writer_)
    writer_.emplace(round_.open(), otlp::MetricTitle{fact_.name, fact_.description, fact_.unit, fact_.kind, fact_.is_monotonic});
  writer_->point(value, otlp::PointHead{round_.start_ns_, round_.now_ns_, attributes});
  round_.point_count_++;
}

// A metric has few attributes left when some are left out, so a list is searched faster than a table. Its strings are used again.
Round::Merged& MetricPoints::merged_with(std::string_view attributes) {
  auto& list = round_.merged_;
  size_t count = round_.merged_count_;
  if (list.size() <= count) list.emplace_back();
  Round::Merged& fresh = list[count];
  keep_some(attributes, *choice_.attributes, fresh.attributes);
  for (size_t i = 0; i < count; i++)
    if (list[i].attributes == fresh.attributes) return list[i];
  fresh.count = 0;
  round_.merged_count_++;
  return fresh;
}

void MetricPoints::write_merged() {
  for (size_t i = 0; i < round_.merged_count_; i++) {
    Round::Merged& one = round_.merged_[i];
    bool is_average = choice_.aggregation == Aggregation::avg;
    if (is_whole_)
      write(is_average ? one.whole / static_cast<int64_t>(one.count) : one.whole, one.attributes);
    else
      write(is_average ? one.real / static_cast<double>(one.count) : one.real, one.attributes);
  }
  round_.merged_count_ = 0;
}

void MetricPoints::close() {
  write_merged();
  if (writer_) writer_->close();
  writer_.reset();
}

template void MetricPoints::add_any(int64_t, std::string_view);
template void MetricPoints::add_any(double, std::string_view);

std::string make_attributes(std::initializer_list<std::pair<std::string_view, std::string_view>> attributes) {
  std::string out;
  for (const auto& [key, value] : attributes) {
    // Names of mounts and devices may be any bytes.
    if (is_valid_utf8(value))
      otlp::append_attribute(out, attributes_number, key, value);
    else
      otlp::append_attribute(out, attributes_number, key, repair_utf8(value));
  }
  return out;
}

}  // namespace vigia::receivers
