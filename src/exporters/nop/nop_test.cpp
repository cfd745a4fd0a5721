// The nop exporter takes everything, settles it and counts it.

#include <gtest/gtest.h>

#include "exporters/nop/factory.h"
#include "pipeline/test_kit.h"

namespace vigia::exporters {
namespace {

TEST(Nop, TakesSettlesAndCounts) {
  pipeline::test::Kit kit;
  auto exporter = nop_exporter().create(kit.context("nop"), {}, otlp::Signal::traces);
  ASSERT_TRUE(exporter.is_ok());
  auto record = std::make_shared<pipeline::test::FakeRecord>();
  pipeline::Batch batch = pipeline::test::make_batch(kit.ledger, 3);
  batch.receipts.emplace_back(record);
  pipeline::test::Answer answer;
  (*exporter)->consume(std::move(batch), answer.done());
  EXPECT_TRUE(answer.get().is_ok());
  EXPECT_EQ(record->released, 1);
  EXPECT_EQ(kit.metric("otelcol_exporter_sent_spans{exporter=\"nop\"}"), 3);
}

}  // namespace
}  // namespace vigia::exporters
