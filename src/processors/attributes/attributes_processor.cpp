#include "processors/attributes/attributes_processor.h"

#include "otlp/log_view.h"
#include "otlp/rewrite.h"

namespace vigia::processors {

using otlp::Level;
using otlp::Place;
using otlp::Verdict;

namespace {

ottl::Item item_at(const Place& place, std::string_view record) {
  ottl::Item item;
  item.resource = place.group.resource().message();
  item.scope = place.scope_group.scope().message();
  item.record = record;
  return item;
}

// Edits without removing anything, not even groups that came empty.
template <typename Decide, typename Edit>
Slice edit_some(const Slice& request, Level level, Decide decide, Edit edit) {
  if (request.empty()) return request;
  return otlp::Rewriting(request, level, false, decide, edit).run(request.view());
}

}  // namespace

Slice AttributesProcessor::edit_items(const Slice& request, uint32_t attributes_number, const ottl::EditContext& context) const {
  auto decide = [&](const Place& place, std::string_view item) {
    bool is_edited = (selection_.selects_all() || selection_.selects(item_at(place, item))) && editor_.affects(item, attributes_number);
    return is_edited ? Verdict::edit : Verdict::keep;
  };
  auto edit = [&](const Place&, std::string_view item, Appender& out) { editor_.apply(item, attributes_number, context, out); };
  return edit_some(request, Level::item, decide, edit);
}

Slice AttributesProcessor::edit_points(const Slice& request, const ottl::EditContext& context) const {
  // The points of one metric come one after the other and are chosen together.
  std::string_view metric;
  bool is_chosen = false;
  auto decide = [&](const Place& place, std::string_view point) {
    if (place.item.data() != metric.data()) {
      metric = place.item;
      is_chosen = selection_.selects_all() || selection_.selects(item_at(place, metric));
    }
    bool is_edited = is_chosen && editor_.affects(point, otlp::point_attributes_number(place.metric_kind));
    return is_edited ? Verdict::edit : Verdict::keep;
  };
  auto edit = [&](const Place& place, std::string_view point, Appender& out) {
    editor_.apply(point, otlp::point_attributes_number(place.metric_kind), context, out);
  };
  return edit_some(request, Level::data_point, decide, edit);
}

void AttributesProcessor::consume(pipeline::Batch batch, pipeline::Done done) {
  ottl::RequestFacts facts;
  if (batch.client) facts = {batch.client->peer_address, batch.client->customer, &batch.client->metadata};
  const ottl::EditContext context = editor_.context_of(facts);

  Chain edited;
  for (const Slice& request : batch.payload.slices()) {
    if (signal_ == otlp::Signal::metrics)
      edited.append(edit_points(request, context));
    else
      edited.append(edit_items(
          request, signal_ == otlp::Signal::traces ? otlp::SpanView::attributes_number : otlp::LogRecordView::attributes_number, context));
  }
  batch.payload = std::move(edited);
  next_.consume(std::move(batch), std::move(done));
}

}  // namespace vigia::processors
