#include "processors/resource/resource_processor.h"

#include "otlp/rewrite.h"

namespace vigia::processors {

using otlp::Place;
using otlp::ResourceView;
using otlp::Verdict;

void ResourceProcessor::consume(pipeline::Batch batch, pipeline::Done done) {
  ottl::RequestFacts facts;
  if (batch.client) facts = {batch.client->peer_address, batch.client->customer, &batch.client->metadata};
  const ottl::EditContext context = editor_.context_of(facts);

  auto decide = [&](const Place&, std::string_view resource) {
    return editor_.affects(resource, ResourceView::attributes_number) ? Verdict::edit : Verdict::keep;
  };
  auto edit = [&](const Place&, std::string_view resource, Appender& out) {
    editor_.apply(resource, ResourceView::attributes_number, context, out);
  };
  Chain edited;
  for (const Slice& request : batch.payload.slices()) edited.append(otlp::rewrite_some(request, otlp::Level::resource, decide, edit));
  batch.payload = std::move(edited);
  next_.consume(std::move(batch), std::move(done));
}

}  // namespace vigia::processors
