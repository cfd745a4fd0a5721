#include "receivers/prometheus/scrape_round.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "otlp/wire.h"
#include "prometheus/special_values.h"
#include "receivers/prometheus/blob_store.h"
#include "receivers/prometheus/exported_labels.h"
#include "receivers/prometheus/point_parts.h"

namespace vigia::receivers {

namespace {

using prometheus::ExpositionParser;
using prometheus::Label;
using prometheus::LabelList;
using Event = prometheus::ExpositionParser::Event;

// Which field of a point of this kind exemplars are; 0 where there are none.
uint32_t exemplars_number(otlp::MetricKind kind) {
  constexpr uint32_t numbers[] = {0, 5, 5, 8, 11, 0};
  return numbers[static_cast<size_t>(kind)];
}

bool is_legacy_name(std::string_view name, bool allows_colon) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (allows_colon && c == ':');
  });
}

}  // namespace

bool ScrapeRound::take(ExpositionParser& parser, size_t most_entries) {
  for (size_t taken = 0; taken < most_entries; taken++) switch (Event event = parser.next(); event) {
      case Event::help:
        table_.set_help(parser.family(), parser.text());
        break;
      case Event::type:
        table_.set_type(parser.family(), parser.type());
        break;
      case Event::unit:
        table_.set_unit(parser.family(), parser.text());
        break;
      case Event::sample:
      case Event::histogram:
        if (!take_sample(parser, event == Event::histogram)) return true;
        break;
      case Event::more:
        return true;
      case Event::end:
        if (!limit_error_.is_ok()) fail(limit_error_);
        return true;
      case Event::broken:
        fail(parser.error());
        return true;
    }
  return false;
}

bool ScrapeRound::take_sample(ExpositionParser& parser, bool is_native) {
  counts_.scraped++;
  uint32_t index = series_of(parser, is_native);
  if (index == SeriesTable::none) return error_.is_ok();
  counts_.kept++;
  bool has_time = parser.timestamp_ms() && job_.honors_timestamps;
  int64_t time_ms = has_time ? *parser.timestamp_ms() : time_ms_;
  push(index, parser, time_ms, has_time);
  return true;
}

uint32_t ScrapeRound::series_of(ExpositionParser& parser, bool is_native) {
  uint32_t index = parser.is_expected() ? table_.take_expected() : table_.find(parser.identity());
  if (index != SeriesTable::none) {
    Series& series = table_[index];
    bool is_again = !table_.see(series);
    if (series.role == SeriesRole::dropped) return SeriesTable::none;
    bool has_time = parser.timestamp_ms() && job_.honors_timestamps;
    if (!is_again || has_time) return index;
    counts_.kept++;
    counts_.duplicates++;
    return SeriesTable::none;
  }
  if (Status status = set_final_labels(parser); !status.is_ok()) {
    fail(std::move(status));
    return SeriesTable::none;
  }
  if (is_dropped_) {
    table_.add(parser.identity(), nullptr, false);
    return SeriesTable::none;
  }
  counts_.added++;
  return table_.add(parser.identity(), &labels_, is_native);
}

Status ScrapeRound::set_final_labels(ExpositionParser& parser) {
  labels_.clear();
  parser.labels(labels_);
  labels_.remove_if([](const Label& label) { return label.value.empty(); });
  labels_.sort();
  auto twice = std::adjacent_find(labels_.begin(), labels_.end(), [](const Label& a, const Label& b) { return a.name == b.name; });
  if (twice != labels_.end())
    return invalid_argument(fmt::format("the label {} stands twice in {}", twice->name, labels_.to_string().substr(0, 300)));
  add_target_labels();
  is_dropped_ = !prometheus::apply_rules(job_.metric_relabel_rules, labels_);
  if (is_dropped_) return {};
  for (const Label& label : external_labels_) labels_.set(label.name, label.value);
  set_customers_aside(job_.customer, labels_);
  labels_.sort();
  if (!check_labels())
    return invalid_argument(fmt::format("{} has no name, or one that is not allowed", labels_.to_string().substr(0, 300)));
  if (is_over_label_limits())
    return resource_exhausted(fmt::format("a limit of the job for labels is exceeded by {}", labels_.to_string().substr(0, 300)));
  return {};
}

// The target's labels go before those of the text, which are kept under other names, unless the job honours them.
void ScrapeRound::add_target_labels() {
  std::vector<Label> conflicting;
  for (const Label& label : target_.labels) {
    if (job_.honors_labels) {
      if (!labels_.has(label.name)) labels_.set(label.name, label.value);
      continue;
    }
    if (std::string_view exposed = labels_.get(label.name); !exposed.empty()) conflicting.push_back({label.name, std::string(exposed)});
    labels_.set(label.name, label.value);
  }
  std::stable_sort(conflicting.begin(), conflicting.end(), [](const Label& a, const Label& b) { return a.name.size() < b.name.size(); });
  for (const Label& label : conflicting) keep_exported(label, labels_);
}

bool ScrapeRound::check_labels() {
  std::string_view name = labels_.get(prometheus::name_label);
  if (name.empty()) return false;
  if (!job_.has_legacy_names) return true;
  return is_legacy_name(name, true) &&
         std::all_of(labels_.begin(), labels_.end(), [](const Label& label) { return is_legacy_name(label.name, false); });
}

bool ScrapeRound::is_over_label_limits() {
  const ScrapeLimits& limits = job_.limits;
  if (limits.labels > 0 && labels_.size() > limits.labels) return true;
  if (limits.label_name_bytes == 0 && limits.label_value_bytes == 0) return false;
  return std::any_of(labels_.begin(), labels_.end(), [&](const Label& label) {
    return (limits.label_name_bytes > 0 && label.name.size() > limits.label_name_bytes) ||
           (limits.label_value_bytes > 0 && label.value.size() > limits.label_value_bytes);
  });
}

void ScrapeRound::push(uint32_t index, const ExpositionParser& parser, int64_t time_ms, bool has_time) {
  const Series& series = table_[index];
  if (job_.limits.samples > 0 && counts_.kept > job_.limits.samples) {
    if (limit_error_.is_ok())
      limit_error_ = resource_exhausted(fmt::format("there are more samples than the sample_limit of {}", job_.limits.samples));
    return;
  }
  // A point without a time would be one of 1970 to whoever stores it.
  bool has_unusable_time = has_time && ns_of(time_ms) == 0;
  if (series.role == SeriesRole::unusable || has_unusable_time) {
    counts_.unusable++;
    return;
  }
  if (series.role == SeriesRole::created) {
    double seconds = parser.value();
    if (seconds > 0 && seconds < 9e9) take_created(series, static_cast<uint64_t>(seconds * 1000) * 1'000'000);
    return;
  }
  if (parser.created_ms() > 0 && series.role != SeriesRole::bucket && series.role != SeriesRole::quantile)
    take_created(series, ns_of(parser.created_ms()));
  Sample sample;
  sample.series = index;
  // A target that exposes the mark of staleness itself means a number that is none.
  sample.value = prometheus::is_stale(parser.value()) ? std::nan("") : parser.value();
  if (has_time || series.role == SeriesRole::native || !parser.exemplars().empty()) {
    SampleDetail detail;
    detail.time_ms = time_ms;
    detail.has_time = has_time;
    if (!keep_extra(detail, series, parser)) return;
    details_.push_back(detail);
    sample.detail = static_cast<uint32_t>(details_.size());
  }
  is_as_before_ &= series.is_live && !series.is_twin && !has_time;
  add(sample, series);
}

void ScrapeRound::add(const Sample& sample, const Series& series) {
  auto index = static_cast<uint32_t>(samples_.size());
  if (runs_.empty() || runs_.back().metric != series.metric) runs_.push_back({series.metric, index, index});
  runs_.back().end = index + 1;
  has_infos_ |= series.role == SeriesRole::target_info || series.role == SeriesRole::scope_info;
  samples_.push_back(sample);
}

bool ScrapeRound::keep_extra(SampleDetail& detail, const Series& series, const ExpositionParser& parser) {
  constexpr size_t most_bytes = size_t{1} << 30;
  bool is_native = series.role == SeriesRole::native;
  if (!is_native && parser.exemplars().empty()) return true;
  std::string extra;
  bool is_good = extras_.size() < most_bytes && (!is_native || append_native_histogram(extra, parser.histogram()));
  if (!is_good) {
    counts_.unusable += is_native;
    return !is_native;
  }
  uint32_t number = exemplars_number(table_.metrics()[series.metric].kind);
  if (number != 0) append_exemplars(extra, number, parser, detail.time_ms);
  detail.extra = static_cast<uint32_t>(extras_.size() + 1) & 0x7FFFFFFF;
  otlp::append_varint(extras_, extra.size());
  extras_ += extra;
  return true;
}

std::string_view ScrapeRound::extra_of(const SampleDetail& detail) const {
  return detail.extra == 0 ? std::string_view() : sized_blob_at(extras_.data() + detail.extra - 1);
}

void ScrapeRound::take_created(const Series& series, uint64_t ns) { created_.push_back({series.metric, series.point, ns}); }

void ScrapeRound::tell_stale(uint32_t index) {
  table_[index].is_live = false;
  Sample sample;
  sample.series = index;
  sample.value = prometheus::stale_value();
  add(sample, table_[index]);
}

void ScrapeRound::finish() {
  if (error_.is_ok()) {
    finish_good();
    return;
  }
  samples_.clear();
  details_.clear();
  runs_.clear();
  created_.clear();
  extras_.clear();
  for (uint32_t i = 0; i < table_.size(); i++)
    if (table_[i].is_live) tell_stale(i);
}

// What target_info and otel_scope_info say goes to the resource and the scope they belong to, and is kept until they say something else.
void ScrapeRound::take_infos() {
  if (!has_infos_) return;
  auto info_of = [&](const Series& series) -> std::string* {
    const MetricEntry& metric = table_.metrics()[series.metric];
    if (series.role == SeriesRole::target_info) return &table_.resources()[metric.resource].info;
    if (series.role == SeriesRole::scope_info && metric.scope != 0) return &table_.scopes()[metric.scope].info;
    return nullptr;
  };
  for (const Sample& sample : samples_)
    if (std::string* info = info_of(table_[sample.series])) info->clear();
  for (const Sample& sample : samples_)
    if (std::string* info = info_of(table_[sample.series])) *info += table_.attributes_of(table_[sample.series]);
}

void ScrapeRound::find_live() {
  for (const Sample& sample : samples_) {
    Series& series = table_[sample.series];
    bool is_point = series.role != SeriesRole::target_info && series.role != SeriesRole::scope_info && !series.is_twin;
    bool has_time = sample.detail != 0 && details_[sample.detail - 1].has_time;
    series.is_live = is_point && (!has_time || job_.tracks_timestamps_staleness);
    counts_.duplicates += series.is_twin;
  }
}

void ScrapeRound::finish_good() {
  if (counts_.added > 0) table_.mark_twins();
  take_infos();
  if (!is_as_before_) find_live();
  if (!table_.has_seen_all())
    for (uint32_t i = 0; i < table_.size(); i++)
      if (table_[i].is_live && table_[i].last_seen != table_.scrape()) tell_stale(i);
  auto place = [](const Created& created) { return std::pair(created.metric, created.point); };
  auto is_before = [&](const Created& a, const Created& b) { return place(a) < place(b); };
  if (!std::is_sorted(created_.begin(), created_.end(), is_before)) std::sort(created_.begin(), created_.end(), is_before);
}

}  // namespace vigia::receivers
