// The forward connector hands everything on, room and answers included, and joins only pipelines of one signal.

#include <gtest/gtest.h>

#include "connectors/forward/factory.h"
#include "pipeline/test_kit.h"

namespace vigia::connectors {
namespace {

TEST(Forward, HandsOnDataRoomAndAnswers) {
  pipeline::test::Kit kit;
  pipeline::test::FakeConsumer next;
  pipeline::ConnectorFactory factory = forward_connector();
  auto forward = factory.create(kit.context("forward"), {}, otlp::Signal::logs, otlp::Signal::logs, next);
  ASSERT_TRUE(forward.is_ok());
  next.reserve_error = unavailable("full");
  EXPECT_FALSE((*forward)->reserve({}).is_ok());
  next.script({unavailable("full")});
  pipeline::test::Answer answer;
  (*forward)->consume(pipeline::test::make_batch(kit.ledger, 3), answer.done());
  EXPECT_EQ(answer.get().message(), "full");
  (*forward)->consume(pipeline::test::make_batch(kit.ledger, 3), [](Status) {});
  EXPECT_EQ(next.items(), 3u);
}

TEST(Forward, ConnectsEqualSignalsOnly) {
  pipeline::ConnectorFactory factory = forward_connector();
  EXPECT_TRUE(factory.connects(otlp::Signal::traces, otlp::Signal::traces));
  EXPECT_FALSE(factory.connects(otlp::Signal::traces, otlp::Signal::metrics));
}

TEST(Forward, HasNoOptions) {
  auto decoded = pipeline::test::decode_text<int>("speed: 3\n", [](config::Section& in, int&) { forward_connector().decode(in); });
  EXPECT_EQ(decoded->diagnostics.error_count(), 1u);
}

}  // namespace
}  // namespace vigia::connectors
