#include "receivers/prometheus/point_writer.h"

#include <algorithm>
#include <numeric>

#include "net/socket.h"
#include "otlp/attribute_view.h"
#include "otlp/attribute_write.h"
#include "otlp/metric_writer.h"
#include "pipeline/customer.h"
#include "prometheus/special_values.h"
#include "prometheus/unit_words.h"
#include "receivers/prometheus/exported_labels.h"
#include "receivers/prometheus/point_parts.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;
using prometheus::Label;
using prometheus::MetricType;

// The Collector's, so that what is asked by scope finds the same.
constexpr std::string_view own_scope = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver";
constexpr size_t slice_bytes = 1 << 20;
constexpr uint64_t cumulative = 2;
constexpr std::string_view default_start_time_metric = "process_start_time_seconds";

// Whether a host's name says more than "this machine".
bool is_telling_host(const std::string& host) {
  if (host.empty() || host == "localhost") return false;
  Result<net::SocketAddress> number = net::SocketAddress::from_number(host, 0);
  if (!number.is_ok()) return true;
  std::string text = number->to_string();
  return !text.starts_with("127.") && !text.starts_with("0.0.0.0:") && !text.starts_with("[::1]:") && !text.starts_with("[::]:");
}

// Host and port of an instance; the port is "" when it has none.
std::pair<std::string, std::string> split_instance(const std::string& instance) {
  size_t colon = instance.rfind(':');
  bool has_port = colon != std::string::npos && (instance.find(':') == colon || instance.starts_with('['));
  if (!has_port) return {instance, ""};
  std::string host = instance.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, instance.substr(colon + 1)};
}

std::string trimmed_name(std::string_view name, MetricKind kind, std::string_view unit) {
  if (kind == MetricKind::sum && name.ends_with("_total")) name.remove_suffix(6);
  if (!unit.empty() && name.size() > unit.size() + 1 && name.ends_with(unit) && name[name.size() - unit.size() - 1] == '_')
    name.remove_suffix(unit.size() + 1);
  return std::string(name);
}

}  // namespace

std::string PointWriter::resource_content(const ResourceEntry& resource) const {
  auto [host, port] = split_instance(resource.instance);
  std::string content;
  auto add = [&](std::string_view key, std::string_view value) {
    // What the target says about itself in target_info goes before.
    for (otlp::AttributeView said : otlp::Attributes(resource.info, 1))
      if (said.key == key) return;
    otlp::append_attribute(content, 1, key, value);
  };
  add("service.name", resource.job);
  if (is_telling_host(host)) add("server.address", host);
  add("service.instance.id", resource.instance);
  if (!port.empty()) add("server.port", port);
  add("url.scheme", target_.scheme);
  return content + resource.info + pipeline::customer_resource(job_.customer);
}

void PointWriter::open_place(uint32_t resource, uint32_t scope) {
  std::pair<uint32_t, uint32_t> place(resource, scope);
  if (place_ == place) return;
  if (!place_ || place_->first != resource) writer_.open_resource(resource_content(table_.resources()[resource]));
  place_ = place;
  const ScopeEntry& entry = table_.scopes()[scope];
  if (entry.is_default())
    writer_.open_scope(own_scope, settings_.scope_version);
  else
    writer_.open_scope(entry.name, entry.version, entry.attributes + entry.info, entry.schema_url);
}

void PointWriter::open_metric(uint32_t index) {
  const MetricEntry& entry = table_.metrics()[index];
  open_place(entry.resource, entry.scope);
  const MetricFamily* family = entry.family_size == 0 ? nullptr : table_.family(entry.family());
  std::string_view help = family ? std::string_view(family->help) : std::string_view();
  std::string_view unit = family ? std::string_view(family->unit) : std::string_view();
  open_metric(settings_.trims_suffixes ? trimmed_name(entry.name, entry.kind, unit) : entry.name, help, unit, entry.type, entry.kind,
              entry.is_monotonic);
}

void PointWriter::open_metric(std::string_view name, std::string_view help, std::string_view unit, MetricType type, MetricKind kind,
                              bool is_monotonic) {
  metric_begin_ = writer_.size();
  points_before_ = point_count_;
  metric_.emplace(writer_.out(), otlp::RequestWriter::item_tag, slice_bytes);
  otlp::append_bytes_field(writer_.out(), 1, name);
  if (!help.empty()) otlp::append_bytes_field(writer_.out(), 2, help);
  if (!unit.empty()) otlp::append_bytes_field(writer_.out(), 3, prometheus::ucum_unit(unit));
  data_.emplace(writer_.out(), otlp::bytes_tag(otlp::data_number_of(kind)), slice_bytes);
  kind_ = kind;
  is_monotonic_ = is_monotonic;
  type_ = type;
}

void PointWriter::close_metric() {
  if (point_count_ == points_before_) {
    writer_.out().truncate(metric_begin_);
    data_.reset();
    metric_.reset();
    return;
  }
  bool has_temporality = kind_ == MetricKind::sum || kind_ == MetricKind::histogram || kind_ == MetricKind::exponential_histogram;
  if (has_temporality) otlp::append_varint_field(writer_.out(), 2, cumulative);
  if (is_monotonic_) otlp::append_varint_field(writer_.out(), 3, 1);
  data_->close();
  otlp::append_attribute(writer_.out(), otlp::MetricView::metadata_number, "prometheus.type", prometheus::metric_type_name(type_));
  metric_->close();
  data_.reset();
  metric_.reset();
}

void PointWriter::cut() {
  if (writer_.size() > 0) slices_.append(writer_.take());
  place_.reset();
}

bool PointWriter::cut_if_long() {
  if (writer_.size() < slice_bytes) return false;
  close_metric();
  cut();
  return true;
}

Chain PointWriter::take() {
  cut();
  return std::move(slices_);
}

// --- The scrape itself ---

void PointWriter::write_report_number(std::string_view name, std::string_view help, std::string_view unit, double value) {
  open_place(0, 0);
  open_metric(name, help, unit, help.empty() ? MetricType::unknown : MetricType::gauge, MetricKind::gauge, false);
  point_.clear();
  otlp::append_fixed64_field(point_, 3, ns_of(report_time_ms_));
  if (report_is_stale_)
    otlp::append_varint_field(point_, 8, otlp::no_recorded_value_flag);
  else
    otlp::append_double_field(point_, 4, value);
  point_ += report_attributes_;
  otlp::append_bytes_field(writer_.out(), 1, point_);
  point_count_++;
  close_metric();
}

void PointWriter::write_report(const ScrapeReport& report, int64_t time_ms) {
  report_time_ms_ = time_ms;
  report_is_stale_ = report.is_gone;
  report_attributes_.clear();
  prometheus::LabelList labels = target_.labels;
  for (const Label& label : external_labels_) labels.set(label.name, label.value);
  set_customers_aside(job_.customer, labels);
  for (const Label& label : labels)
    if (label.name != prometheus::job_label && label.name != prometheus::instance_label)
      otlp::append_attribute(report_attributes_, 7, label.name, label.value);
  auto number = [](uint64_t count) { return static_cast<double>(count); };
  write_report_number("up", "The scraping was successful", "", report.is_up ? 1 : 0);
  write_report_number("scrape_duration_seconds", "Duration of the scrape", "seconds", report.duration_s);
  write_report_number("scrape_samples_scraped", "The number of samples the target exposed", "", number(report.counts.scraped));
  write_report_number("scrape_samples_post_metric_relabeling", "The number of samples remaining after metric relabeling was applied", "",
                      number(report.counts.kept));
  write_report_number("scrape_series_added", "The approximate number of new series in this scrape", "", number(report.counts.added));
  if (!report.has_extras) return;
  write_report_number("scrape_timeout_seconds", "", "", static_cast<double>(target_.timeout_ms) / 1000);
  write_report_number("scrape_sample_limit", "", "", number(job_.limits.samples));
  write_report_number("scrape_body_size_bytes", "", "", report.body_bytes);
}

// --- Samples ---

void PointWriter::write(const ScrapeRound& round) {
  round_ = &round;
  if (settings_.uses_start_time_metric) find_start_time();
  const std::vector<Sample>& samples = round.samples();
  // A counting sort by metric that keeps the order of the text: a place for each metric, then each sample into its metric's place.
  std::vector<uint32_t> ends(table_.metrics().size() + 1, 0);
  auto metric_of = [&](const Sample& sample) { return table_.series_at(sample.series).metric; };
  for (const Sample& sample : samples) ends[metric_of(sample)]++;
  const std::vector<uint32_t> metrics = table_.metric_order();
  uint32_t end = 0;
  for (uint32_t metric : metrics) end += std::exchange(ends[metric], end);
  std::vector<uint32_t> order(samples.size());
  for (uint32_t i = 0; i < samples.size(); i++) order[ends[metric_of(samples[i])]++] = i;
  uint32_t begin = 0;
  for (uint32_t metric : metrics) {
    if (ends[metric] > begin) write_metric(metric, Order(order).subspan(begin, ends[metric] - begin));
    begin = ends[metric];
  }
}

void PointWriter::find_start_time() {
  process_start_ns_ = 0;
  std::vector<bool> is_start_time;
  for (const MetricEntry& metric : table_.metrics())
    is_start_time.push_back(settings_.start_time_metric ? settings_.start_time_metric->is_found_in(metric.name)
                                                        : metric.name == default_start_time_metric);
  for (const Sample& sample : round_->samples()) {
    const Series& series = table_.series_at(sample.series);
    if (series.role != SeriesRole::value || !is_start_time[series.metric] || !(sample.value > 0 && sample.value < 9e9)) continue;
    process_start_ns_ = static_cast<uint64_t>(sample.value * 1000) * 1'000'000;
    return;
  }
}

uint64_t PointWriter::start_of(const Series& series) const {
  const std::vector<Created>& created = round_->created();
  if (created.empty()) return process_start_ns_;
  auto wanted = std::pair(series.metric, series.point);
  auto found = std::lower_bound(created.begin(), created.end(), wanted,
                                [](const Created& one, const auto& other) { return std::pair(one.metric, one.point) < other; });
  bool is_found = found != created.end() && found->metric == series.metric && found->point == series.point;
  return is_found ? found->ns : process_start_ns_;
}

void PointWriter::write_metric(uint32_t index, Order order) {
  const MetricEntry& metric = table_.metrics()[index];
  SeriesRole role = table_.series_at(round_->samples()[order.front()].series).role;
  if (role == SeriesRole::target_info || role == SeriesRole::scope_info) return;
  bool has_parts = metric.kind == MetricKind::histogram || metric.kind == MetricKind::summary;
  if (has_parts) gather_points(order);
  open_metric(index);
  for (size_t i = 0; i < order.size();) {
    if (cut_if_long()) open_metric(index);
    const Sample& sample = round_->samples()[order[i]];
    if (metric.kind == MetricKind::exponential_histogram) write_native(sample, metric);
    if (metric.kind == MetricKind::gauge || metric.kind == MetricKind::sum) write_number(sample, metric);
    if (!has_parts) {
      i++;
      continue;
    }
    uint64_t point = table_.series_at(sample.series).point;
    size_t end = i + 1;
    while (end < order.size() && table_.series_at(round_->samples()[order[end]].series).point == point) end++;
    if (metric.kind == MetricKind::histogram)
      write_histogram(order.subspan(i, end - i));
    else
      write_summary(order.subspan(i, end - i));
    i = end;
  }
  close_metric();
  if (writer_.size() >= slice_bytes) cut();
}

void PointWriter::write_number(const Sample& sample, const MetricEntry& metric) {
  const Series& series = table_.series_at(sample.series);
  if (series.is_twin) return;
  bool is_gone = prometheus::is_stale(sample.value);
  uint64_t start_ns = metric.is_monotonic ? start_of(series) : 0;
  std::string_view attributes = table_.attributes_of(series);
  std::string_view exemplars = round_->extra_of(sample);
  size_t size = attributes.size() + exemplars.size() + (start_ns ? 9 : 0) + 9 + (is_gone ? 2 : 9);
  Appender& out = writer_.out();
  otlp::append_varint(out, otlp::bytes_tag(1));
  otlp::append_varint(out, size);
  if (start_ns) otlp::append_fixed64_field(out, 2, start_ns);
  otlp::append_fixed64_field(out, 3, ns_of(sample.time_ms));
  if (is_gone)
    otlp::append_varint_field(out, 8, otlp::no_recorded_value_flag);
  else
    otlp::append_double_field(out, 4, sample.value);
  otlp::append_raw(out, attributes);
  otlp::append_raw(out, exemplars);
  point_count_++;
}

void PointWriter::append_head(const Series& series, int64_t time_ms) {
  point_ = table_.attributes_of(series);
  if (uint64_t start_ns = start_of(series)) otlp::append_fixed64_field(point_, 2, start_ns);
  otlp::append_fixed64_field(point_, 3, ns_of(time_ms));
}

void PointWriter::write_native(const Sample& sample, const MetricEntry&) {
  append_head(table_.series_at(sample.series), sample.time_ms);
  if (prometheus::is_stale(sample.value))
    otlp::append_varint_field(point_, 10, otlp::no_recorded_value_flag);
  else
    point_ += round_->extra_of(sample);
  otlp::append_bytes_field(writer_.out(), 1, point_);
  point_count_++;
}

}  // namespace vigia::receivers
