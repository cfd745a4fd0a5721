#include <array>

#include "base/hash.h"
#include "exporters/debug/detailed_internal.h"
#include "otlp/log_view.h"
#include "otlp/span_view.h"

namespace vigia::exporters {

namespace {

std::string_view span_kind_name(int32_t kind) {
  static constexpr std::array<std::string_view, 6> names = {"Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"};
  return kind >= 0 && static_cast<size_t>(kind) < names.size() ? names[static_cast<size_t>(kind)] : "";
}

std::string_view status_name(int32_t code) {
  static constexpr std::array<std::string_view, 3> names = {"Unset", "Ok", "Error"};
  return code >= 0 && static_cast<size_t>(code) < names.size() ? names[static_cast<size_t>(code)] : "";
}

std::string severity_name(int32_t number) {
  static constexpr std::array<std::string_view, 6> names = {"Trace", "Debug", "Info", "Warn", "Error", "Fatal"};
  if (number == 0) return "Unspecified";
  if (number < 0 || number > 24) return "";
  auto index = static_cast<size_t>(number - 1);
  std::string name(names[index / 4]);
  return index % 4 == 0 ? name : name + std::to_string(index % 4 + 1);
}

void append_events(DetailedText& out, const otlp::SpanView& span) {
  if (span.events().empty()) return;
  out.line("Events:");
  size_t index = 0;
  for (std::string_view message : span.events()) {
    otlp::SpanEventView event(message);
    out.line("SpanEvent #{}", index++);
    out.line("     -> Name: {}", event.name());
    out.line("     -> Timestamp: {}", time_text(event.time_unix_ns()));
    out.line("     -> DroppedAttributesCount: {}", event.dropped_attributes_count());
    out.attributes("     -> Attributes:", event.attributes(), "     ");
  }
}

void append_links(DetailedText& out, const otlp::SpanView& span) {
  if (span.links().empty()) return;
  out.line("Links:");
  size_t index = 0;
  for (std::string_view message : span.links()) {
    otlp::SpanLinkView link(message);
    out.line("SpanLink #{}", index++);
    out.line("     -> Trace ID: {}", to_hex(link.trace_id()));
    out.line("     -> ID: {}", to_hex(link.span_id()));
    out.line("     -> TraceState: {}", link.trace_state());
    out.line("     -> DroppedAttributesCount: {}", link.dropped_attributes_count());
    out.attributes("     -> Attributes:", link.attributes(), "     ");
  }
}

struct Titles {
  std::string_view resource;
  std::string_view scope;
};
Titles titles_of(otlp::Signal signal) {
  if (signal == otlp::Signal::traces) return {"ResourceSpans", "ScopeSpans"};
  if (signal == otlp::Signal::metrics) return {"ResourceMetrics", "ScopeMetrics"};
  return {"ResourceLog", "ScopeLogs"};
}

}  // namespace

void DetailedText::attributes(std::string_view header, const otlp::Attributes& attributes, std::string_view indent) {
  if (attributes.empty()) return;
  line("{}:", header);
  for (const otlp::AttributeView& attribute : attributes)
    line("{}     -> {}: {}", indent, attribute.key, typed_value_text(attribute.value()));
}

void DetailedText::resource(std::string_view title, size_t index, const otlp::ResourceGroup& group) {
  line("{} #{}", title, index);
  line("Resource SchemaURL: {}", group.schema_url());
  attributes("Resource attributes", group.resource().attributes());
}

void DetailedText::scope(std::string_view title, size_t index, const otlp::ScopeGroup& group) {
  line("{} #{}", title, index);
  line("{} SchemaURL: {}", title, group.schema_url());
  line("InstrumentationScope {} {}", group.scope().name(), group.scope().version());
  attributes("InstrumentationScope attributes", group.scope().attributes());
}

void append_span(DetailedText& out, size_t index, std::string_view message) {
  otlp::SpanView span(message);
  out.line("Span #{}", index);
  out.field("Trace ID", to_hex(span.trace_id()));
  out.field("Parent ID", to_hex(span.parent_span_id()));
  out.field("ID", to_hex(span.span_id()));
  out.field("Name", span.name());
  out.field("Kind", span_kind_name(span.kind()));
  if (!span.trace_state().empty()) out.field("TraceState", span.trace_state());
  out.field("Start time", time_text(span.start_time_unix_ns()));
  out.field("End time", time_text(span.end_time_unix_ns()));
  out.field("Status code", status_name(span.status().code()));
  out.field("Status message", span.status().text());
  out.attributes("Attributes", span.attributes());
  append_events(out, span);
  append_links(out, span);
}

void append_log_record(DetailedText& out, size_t index, std::string_view message) {
  otlp::LogRecordView record(message);
  out.line("LogRecord #{}", index);
  out.line("ObservedTimestamp: {}", time_text(record.observed_time_unix_ns()));
  out.line("Timestamp: {}", time_text(record.time_unix_ns()));
  out.line("SeverityText: {}", record.severity_text());
  out.line("SeverityNumber: {}({})", severity_name(record.severity_number()), record.severity_number());
  if (!record.event_name().empty()) out.line("EventName: {}", record.event_name());
  out.line("Body: {}", typed_value_text(record.body()));
  out.attributes("Attributes", record.attributes());
  out.line("Trace ID: {}", to_hex(record.trace_id()));
  out.line("Span ID: {}", to_hex(record.span_id()));
  out.line("Flags: {}", record.flags());
}

std::string detailed_text(otlp::Signal signal, const Chain& requests) {
  DetailedText out;
  Titles titles = titles_of(signal);
  auto append_item = signal == otlp::Signal::traces ? append_span : signal == otlp::Signal::metrics ? append_metric : append_log_record;
  size_t resource_index = 0;
  for (const Slice& request : requests.slices())
    for (std::string_view group_message : otlp::resource_groups(request.view())) {
      otlp::ResourceGroup group(group_message);
      out.resource(titles.resource, resource_index++, group);
      size_t scope_index = 0;
      for (std::string_view scope_message : group.scope_groups()) {
        otlp::ScopeGroup scope_group(scope_message);
        out.scope(titles.scope, scope_index++, scope_group);
        size_t item_index = 0;
        for (std::string_view item : scope_group.items()) append_item(out, item_index++, item);
      }
    }
  return out.take();
}

}  // namespace vigia::exporters
