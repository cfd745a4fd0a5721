// Scenario: any bytes, as a request of any signal, through everything that happens to a request on its way.
// Guarantee: no crash, no read or write outside; what comes out of any step is let in by the door again, with the same items.

#include "otlp/validate.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "otlp/count.h"
#include "otlp/log_view.h"
#include "otlp/metric_view.h"
#include "otlp/rewrite.h"
#include "otlp/span_view.h"
#include "otlp/split.h"

namespace vigia::otlp {

namespace {

size_t read_attributes(const Attributes& attributes);

size_t read_value(const ValueView& value) {
  size_t seen = value.string().size() + value.bytes().size() + static_cast<size_t>(value.integer()) + value.boolean();
  for (std::string_view element : value.array()) seen += read_value(ValueView(element));
  return seen + (value.kind() == ValueKind::map ? read_attributes(value.map()) : 0);
}

size_t read_attributes(const Attributes& attributes) {
  size_t seen = 0;
  for (const AttributeView& attribute : attributes) seen += attribute.key.size() + read_value(attribute.value());
  return seen;
}

size_t read_span(std::string_view message) {
  SpanView span(message);
  size_t seen = span.name().size() + span.trace_id().size() + span.status().text().size() + read_attributes(span.attributes());
  for (std::string_view event : span.events()) seen += read_attributes(SpanEventView(event).attributes());
  for (std::string_view link : span.links()) seen += read_attributes(SpanLinkView(link).attributes());
  return seen;
}

size_t read_metric(std::string_view message) {
  MetricView metric(message);
  size_t seen = metric.name().size() + read_attributes(metric.metadata());
  for (std::string_view point : metric.points()) {
    seen += read_attributes(DataPointView(point, metric.kind()).attributes());
    HistogramPointView(point).for_each_bucket_count([&](uint64_t count) { seen += count; });
    ExponentialHistogramPointView(point).positive().for_each_count([&](uint64_t count) { seen += count; });
    for (std::string_view exemplar : NumberPointView(point).exemplars())
      seen += read_attributes(ExemplarView(exemplar).filtered_attributes());
  }
  return seen;
}

size_t read_request(Signal signal, std::string_view request) {
  size_t seen = 0;
  for_each_item(request, [&](const ResourceGroup& group, const ScopeGroup& scope_group, std::string_view item) {
    seen += read_attributes(group.resource().attributes()) + scope_group.scope().name().size();
    if (signal == Signal::traces) seen += read_span(item);
    if (signal == Signal::metrics) seen += read_metric(item);
    if (signal == Signal::logs) seen += read_attributes(LogRecordView(item).attributes()) + read_value(LogRecordView(item).body());
  });
  return seen;
}

size_t checked_count(Signal signal, const Slice& slice, MemoryLedger& ledger) {
  auto checked = validate(signal, slice, ledger);
  CHECK(checked.is_ok());
  CHECK(checked->body.data() == slice.data());
  return checked->item_count;
}

void split_and_compare(Signal signal, const Checked& request, size_t most_items, MemoryLedger& ledger) {
  Splitter splitter(signal, Chain(request.body), request.item_count, ledger);
  size_t items = 0;
  while (splitter.items_left() > 0) {
    Part part = splitter.next(most_items);
    CHECK(part.item_count > 0 && part.item_count <= most_items);
    for (const Slice& slice : part.payload.slices()) items += checked_count(signal, slice, ledger);
  }
  CHECK(items == request.item_count);
}

void filter_and_rewrite(Signal signal, const Slice& body, MemoryLedger& ledger) {
  for (int level = 0; level <= static_cast<int>(Level::data_point); level++) {
    if (level >= static_cast<int>(Level::span_event) && (level == static_cast<int>(Level::data_point)) != (signal == Signal::metrics))
      continue;
    if (level >= static_cast<int>(Level::span_event) && signal == Signal::logs) continue;
    size_t visited = 0;
    auto decide = [&](const Place&, std::string_view) { return static_cast<Verdict>(visited++ % 3); };
    auto edit = [](const Place&, std::string_view old, Appender& out) {
      out.append(old);
      append_bytes_field(out, 2000, "added");
    };
    checked_count(signal, rewrite_some(body, static_cast<Level>(level), decide, edit), ledger);
  }
}

}  // namespace

}  // namespace vigia::otlp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia;
  using namespace vigia::otlp;
  if (size < 2) return 0;
  MemoryLedger ledger;
  Signal signal = all_signals[data[0] % 3];
  size_t most_items = data[1] % 7 + 1;
  auto checked = validate(signal, Slice::copy_of({reinterpret_cast<const char*>(data) + 2, size - 2}, ledger), ledger);
  if (!checked.is_ok()) return 0;
  CHECK(checked_count(signal, checked->body, ledger) == checked->item_count);
  CHECK(count_items(signal, checked->body.view()) == checked->item_count);
  volatile size_t seen = read_request(signal, checked->body.view());
  (void)seen;
  split_and_compare(signal, *checked, most_items, ledger);
  filter_and_rewrite(signal, checked->body, ledger);
  return 0;
}
