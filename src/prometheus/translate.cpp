#include "prometheus/translate.h"

#include <algorithm>

namespace vigia::prometheus {

namespace {

using otlp::MetricKind;

constexpr std::string_view service_name = "service.name";
constexpr std::string_view service_namespace = "service.namespace";
constexpr std::string_view service_instance = "service.instance.id";

bool is_identifying(std::string_view key) { return key == service_name || key == service_namespace || key == service_instance; }

// What a receiver of Prometheus' formats noted of a metric whose type OTLP does not have.
std::string_view noted_type(const otlp::MetricView& metric) {
  std::optional<otlp::ValueView> type = metric.metadata().find("prometheus.type");
  return type ? type->string() : std::string_view();
}

FamilyType type_of(const otlp::MetricView& metric) {
  switch (metric.kind()) {
    case MetricKind::gauge:
      return noted_type(metric) == "unknown" ? FamilyType::unknown : FamilyType::gauge;
    case MetricKind::sum: {
      if (metric.is_monotonic()) return FamilyType::counter;
      std::string_view noted = noted_type(metric);
      return noted == "info" ? FamilyType::info : noted == "stateset" ? FamilyType::stateset : FamilyType::gauge;
    }
    case MetricKind::histogram:
    case MetricKind::exponential_histogram:
      return FamilyType::histogram;
    case MetricKind::summary:
      return FamilyType::summary;
    case MetricKind::none:
      break;
  }
  return FamilyType::unknown;
}

}  // namespace

Translator::Translator(const TranslateSettings& settings)
    : settings_(settings), metric_namer_(settings.strategy, settings.name_space), gathered_(LabelNamer(settings.strategy)) {
  target_info_ = metric_namer_.prefix() + "target_info";
  for (const auto& [name, value] : settings_.external_labels) gathered_.add(name, value, external_text_);
  gathered_.finish(external_text_, external_);
}

void Translator::translate(std::string_view request, PointVisitor& visitor) {
  for (std::string_view resource_message : otlp::resource_groups(request)) {
    otlp::ResourceGroup resource_group(resource_message);
    enter_resource(resource_group.resource());
    latest_ns_ = 0;
    for (std::string_view scope_message : resource_group.scope_groups()) {
      otlp::ScopeGroup scope_group(scope_message);
      enter_scope(scope_group);
      for (std::string_view metric : scope_group.items()) translate_metric(metric, visitor);
    }
    visit_target_info(resource_group.resource(), visitor);
  }
}

// --- What all points of a resource and of a scope have in common ---

void Translator::read_identity(const otlp::ResourceView& resource) {
  std::string_view name;
  std::string_view name_space;
  std::string_view instance;
  for (const otlp::AttributeView& attribute : resource.attributes()) {
    if (attribute.key == service_name) name = gathered_.value_text(attribute.value(), resource_text_);
    if (attribute.key == service_namespace) name_space = gathered_.value_text(attribute.value(), resource_text_);
    if (attribute.key == service_instance) instance = gathered_.value_text(attribute.value(), resource_text_);
  }
  identity_.clear();
  if (!instance.empty()) identity_.push_back({"instance", instance});
  if (!name.empty() && !name_space.empty()) {
    char* job = resource_text_.take(name_space.size() + 1 + name.size());
    char* at = std::copy(name_space.begin(), name_space.end(), job);
    *at++ = '/';
    at = std::copy(name.begin(), name.end(), at);
    name = {job, static_cast<size_t>(at - job)};
  }
  if (!name.empty()) identity_.push_back({"job", name});
}

void Translator::enter_resource(const otlp::ResourceView& resource) {
  resource_text_.reset();
  read_identity(resource);
  for (const otlp::AttributeView& attribute : resource.attributes())
    if (settings_.resource_labels.matches(attribute.key)) gathered_.add(attribute, resource_text_);
  gathered_.finish(resource_text_, attributes_);
  merge_labels(identity_, attributes_, resource_);
}

void Translator::enter_scope(const otlp::ScopeGroup& group) {
  scope_text_.reset();
  if (!settings_.has_scope_labels) {
    scope_ = resource_;
    return;
  }
  const otlp::ScopeView& scope = group.scope();
  for (const otlp::AttributeView& attribute : scope.attributes()) {
    bool is_field = attribute.key == "name" || attribute.key == "version" || attribute.key == "schema_url";
    if (is_field || attribute.key.empty()) continue;
    constexpr std::string_view prefix = "otel_scope_";
    char* name = scope_text_.take(prefix.size() + attribute.key.size());
    char* end = std::copy(attribute.key.begin(), attribute.key.end(), std::copy(prefix.begin(), prefix.end(), name));
    gathered_.add({name, static_cast<size_t>(end - name)}, gathered_.value_text(attribute.value(), scope_text_), scope_text_);
  }
  gathered_.add("otel_scope_name", scope.name(), scope_text_);
  gathered_.add("otel_scope_version", scope.version(), scope_text_);
  if (settings_.has_scope_schema_url) gathered_.add("otel_scope_schema_url", group.schema_url(), scope_text_);
  gathered_.finish(scope_text_, attributes_);
  // Only job and instance could stand before it, and have other names.
  merge_labels(attributes_, resource_, scope_);
}

// --- Metrics and points ---

bool Translator::name_family(const otlp::MetricView& metric, Family& family) {
  NameKind kind = family.is_monotonic ? NameKind::monotonic_counter : family.kind == MetricKind::gauge ? NameKind::gauge : NameKind::other;
  std::string_view unit = metric.unit();
  metric_namer_.build(metric.name(), unit, kind, name_);
  if (name_.empty()) return false;
  build_unit(unit, settings_.strategy, unit_);
  family.name = name_;
  family.unit = unit_;
  return true;
}

void Translator::translate_metric(std::string_view message, PointVisitor& visitor) {
  otlp::MetricView metric(message);
  Family family;
  family.kind = metric.kind();
  if (family.kind == MetricKind::none || metric.points().empty()) return visitor.on_unusable(metric);
  family.type = type_of(metric);
  family.is_monotonic = metric.is_monotonic();
  family.temporality = metric.temporality();
  family.help = metric.description();
  bool is_wanted = name_family(metric, family);
  if (!is_wanted)
    visitor.on_unusable(metric);
  else
    is_wanted = visitor.on_family(family, metric);
  for (std::string_view point_message : metric.points()) {
    otlp::DataPointView point(point_message, family.kind);
    latest_ns_ = std::max(latest_ns_, point.time_unix_ns());
    if (is_wanted) visitor.on_point(family, labels_of(point), point_message);
  }
}

LabelSpan Translator::labels_of(const otlp::DataPointView& point) {
  point_text_.reset();
  for (const otlp::AttributeView& attribute : point.attributes()) gathered_.add(attribute, point_text_);
  gathered_.finish(point_text_, attributes_);
  // The name is the metric's, whatever an attribute says.
  std::erase_if(attributes_, [](const LabelView& label) { return label.name == "__name__"; });
  merge_labels(scope_, attributes_, with_attributes_);
  if (external_.empty()) return with_attributes_;
  merge_labels(with_attributes_, external_, labels_);
  return labels_;
}

// --- target_info ---

// What a resource says besides who it is. It needs somebody to be about, and something to say.
void Translator::visit_target_info(const otlp::ResourceView& resource, PointVisitor& visitor) {
  if (!settings_.has_target_info || latest_ns_ == 0 || identity_.empty()) return;
  point_text_.reset();
  for (const otlp::AttributeView& attribute : resource.attributes())
    if (!is_identifying(attribute.key)) gathered_.add(attribute, point_text_);
  gathered_.finish(point_text_, attributes_);
  if (attributes_.empty()) return;
  merge_labels(identity_, attributes_, with_attributes_);
  merge_labels(with_attributes_, settings_.has_external_labels_on_target_info ? LabelSpan(external_) : LabelSpan(), labels_);
  visitor.on_target_info(target_info_, labels_, latest_ns_);
}

}  // namespace vigia::prometheus
