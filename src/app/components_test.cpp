// Guarantee: factories tell of their components' configurations what durable pipelines have to know before anything is made.

#include "app/components.h"

#include <gtest/gtest.h>

#include "pipeline/sender_config.h"
#include "pipeline/test_kit.h"

namespace vigia::app {
namespace {

// What a factory makes of a section without mistakes.
std::any decoded(const pipeline::ComponentFactory& factory, const std::string& yaml) {
  auto result = pipeline::test::decode_text<std::any>(yaml, [&](config::Section& in, std::any& out) { out = factory.decode(in); });
  EXPECT_EQ(result->errors(), "");
  return result->config;
}

TEST(Components, ExportersWithAQueueSayWhatIsInTheirSection) {
  std::vector<std::string> with_queue;
  for (const pipeline::ExporterFactory& factory : all_components().exporters) {
    if (!factory.sender) continue;
    with_queue.push_back(factory.type);
    std::any config = decoded(factory, "{endpoint: 'http://h:1', sending_queue: {storage: file_storage/a, queue_size: 7}}");
    const pipeline::SenderConfig* sender = factory.sender(config);
    ASSERT_NE(sender, nullptr);
    EXPECT_EQ(sender->queue.storage, "file_storage/a");
    EXPECT_EQ(sender->queue.size, 7u);
  }
  EXPECT_EQ(with_queue, (std::vector<std::string>{"otlp", "otlphttp", "prometheus", "prometheusremotewrite"}));
}

TEST(Components, ProcessorsThatMergeSayUpToWhichSize) {
  std::vector<std::string> merging;
  for (const pipeline::ProcessorFactory& factory : all_components().processors) {
    if (!factory.batch_items) continue;
    merging.push_back(factory.type);
    EXPECT_EQ(factory.batch_items(decoded(factory, "{send_batch_size: 123}")), 123u);
  }
  EXPECT_EQ(merging, std::vector<std::string>{"batch"});
}

}  // namespace
}  // namespace vigia::app
