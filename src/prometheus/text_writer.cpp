#include "prometheus/text_writer.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "prometheus/number_text.h"
#include "prometheus/text_writer_internal.h"

namespace vigia::prometheus {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// OpenMetrics' names; the older format knows five of them.
std::string_view type_name(FamilyType type, bool is_open_metrics) {
  switch (type) {
    case FamilyType::counter:
      return "counter";
    case FamilyType::histogram:
      return "histogram";
    case FamilyType::summary:
      return "summary";
    case FamilyType::gauge:
    case FamilyType::info:
    case FamilyType::stateset:
      return "gauge";
    case FamilyType::unknown:
      break;
  }
  return is_open_metrics ? "unknown" : "untyped";
}

}  // namespace

// --- Heads ---

void TextWriter::begin_family(const ExposedFamily& family) {
  type_ = family.type;
  name_.clear();
  append_escaped_name(name_, family.name, escaping_);
  constexpr std::string_view total = "_total";
  // In OpenMetrics the suffix is the sample's, not the family's.
  if (is_open_metrics_ && type_ == FamilyType::counter && name_.ends_with(total)) name_.resize(name_.size() - total.size());
  is_name_plain_ = is_plain_metric_name(name_);
  if (!family.help.empty() || !is_open_metrics_) {
    head("# HELP ", {});
    escaped(family.help, is_open_metrics_);
    out_.push_back('\n');
  }
  head("# TYPE ", type_name(type_, is_open_metrics_));
  out_.push_back('\n');
}

void TextWriter::head(std::string_view keyword, std::string_view rest) {
  out_.append(keyword);
  if (is_name_plain_)
    out_.append(name_);
  else
    quoted(name_);
  out_.push_back(' ');
  out_.append(rest);
}

void TextWriter::end() {
  if (is_open_metrics_) out_.append("# EOF\n");
}

// --- Points ---

void TextWriter::point(const ExposedPoint& point) {
  const ExposedExemplar* only = !point.exemplars.empty() && point.exemplars.front() ? &*point.exemplars.front() : nullptr;
  switch (type_) {
    case FamilyType::counter:
      return sample(is_open_metrics_ ? "_total" : "", point, point.value, {}, only);
    case FamilyType::histogram:
      buckets(point);
      break;
    case FamilyType::summary:
      for (const auto& [quantile, value] : point.quantiles) {
        bound_.clear();
        is_open_metrics_ ? append_number_with_point(bound_, quantile) : append_number(bound_, quantile);
        sample("", point, value, {"quantile", bound_});
      }
      break;
    default:
      return sample("", point, point.value);
  }
  sample("_sum", point, point.sum);
  sample("_count", point, static_cast<double>(point.count));
}

void TextWriter::buckets(const ExposedPoint& point) {
  for (size_t i = 0; i <= point.bounds.size(); i++) {
    bool is_last = i == point.bounds.size();
    double bound = is_last ? infinity : point.bounds[i];
    if (!is_last && bound == infinity) continue;
    bound_.clear();
    is_open_metrics_ ? append_number_with_point(bound_, bound) : append_number(bound_, bound);
    const ExposedExemplar* exemplar = i < point.exemplars.size() && point.exemplars[i] ? &*point.exemplars[i] : nullptr;
    uint64_t count = is_last ? point.count : point.cumulative_counts[i];
    sample("_bucket", point, static_cast<double>(count), {"le", bound_}, exemplar);
  }
}

void TextWriter::sample(std::string_view suffix, const ExposedPoint& point, double value, const Extra& extra,
                        const ExposedExemplar* exemplar) {
  labels(suffix, point.labels, extra);
  out_.push_back(' ');
  number(value);
  if (point.time_ms) {
    out_.push_back(' ');
    if (is_open_metrics_) {
      seconds(*point.time_ms);
    } else {
      char digits[24];
      out_.append({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, *point.time_ms).ptr - digits)});
    }
  }
  if (exemplar && is_open_metrics_) this->exemplar(*exemplar);
  out_.push_back('\n');
}

void TextWriter::labels(std::string_view suffix, LabelSpan labels, const Extra& extra) {
  char separator = '{';
  if (is_name_plain_) {
    out_.append(name_);
    out_.append(suffix);
  } else {
    // A name that needs quotes stands among the labels.
    out_.push_back('{');
    separator = ',';
    text_.assign(name_).append(suffix);
    quoted(text_);
  }
  for (const LabelView& one : labels) label(one.name, one.value, separator);
  if (!extra.name.empty()) label(extra.name, extra.value, separator);
  if (separator == ',') out_.push_back('}');
}

void TextWriter::label(std::string_view name, std::string_view value, char& separator) {
  out_.push_back(separator);
  separator = ',';
  if (escaping_ != Escaping::dots && is_plain_label_name(name)) {
    out_.append(name);
  } else {
    text_.clear();
    append_escaped_name(text_, name, escaping_);
    if (is_plain_label_name(text_))
      out_.append(text_);
    else
      quoted(text_);
  }
  out_.push_back('=');
  quoted(value);
}

void TextWriter::exemplar(const ExposedExemplar& exemplar) {
  out_.append(" # ");
  char separator = '{';
  for (const LabelView& one : exemplar.labels) label(one.name, one.value, separator);
  out_.append(exemplar.labels.empty() ? "{} " : "} ");
  number(exemplar.value);
  if (exemplar.time_ns == 0) return;
  out_.push_back(' ');
  seconds(static_cast<int64_t>(exemplar.time_ns / 1'000'000));
}

// --- Values ---

void TextWriter::number(double value) {
  text_.clear();
  is_open_metrics_ ? append_number_with_point(text_, value) : append_number(text_, value);
  out_.append(text_);
}

void TextWriter::seconds(int64_t ms) {
  char digits[24];
  out_.append({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, ms / 1000).ptr - digits)});
  int64_t fraction = ms % 1000;
  if (fraction <= 0) return;
  char tail[4] = {'.', static_cast<char>('0' + fraction / 100), static_cast<char>('0' + fraction / 10 % 10),
                  static_cast<char>('0' + fraction % 10)};
  out_.append({tail, 4});
}

void TextWriter::escaped(std::string_view text, bool escapes_quotes) {
  std::string_view special = escapes_quotes ? "\\\n\"" : "\\\n";
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find_first_of(special, at), text.size());
    out_.append(text.substr(at, end - at));
    if (end < text.size()) out_.append(text[end] == '\n' ? "\\n" : text[end] == '"' ? "\\\"" : "\\\\");
    at = end + 1;
  }
}

void TextWriter::quoted(std::string_view text) {
  out_.push_back('"');
  escaped(text, true);
  out_.push_back('"');
}

}  // namespace vigia::prometheus
