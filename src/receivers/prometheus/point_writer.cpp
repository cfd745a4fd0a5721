#include "receivers/prometheus/point_writer.h"

#include "net/socket.h"
#include "otlp/attribute_view.h"
#include "otlp/attribute_write.h"
#include "otlp/metric_writer.h"
#include "pipeline/customer.h"
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
constexpr uint64_t cumulative = 2;

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

// Of a slice that will be long the size is known.
void PointWriter::make_room() {
  constexpr size_t usual_point_bytes = 128, most_point_bytes = 64 * 1024;
  if (samples_left_ * usual_point_bytes < slice_bytes) return;
  cut();
  writer_.expect(slice_bytes);
  writer_.out().reserve(slice_bytes + most_point_bytes);
}

Chain PointWriter::take() {
  cut();
  points_taken_ = std::exchange(point_count_, 0);
  return std::exchange(slices_, Chain());
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

}  // namespace vigia::receivers
