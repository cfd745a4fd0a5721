// Scenario: components hold loggers for as long as they live, and a reload changes where lines go, from which level on and with which fields.
// Guarantee: every logger follows at once, also those that were made before, and no line is written in two places.

#include "app/switching_sink.h"

#include <gtest/gtest.h>

#include <thread>

#include "pipeline/test_kit.h"

namespace vigia::app {
namespace {

using pipeline::test::RecordingSink;

// Only errors.
class QuietSink final : public LogSink {
 public:
  bool is_enabled(LogLevel level) const override { return level >= LogLevel::error; }
  void write(LogLevel, std::string_view, const LogFields&, const LogFields&) override { lines++; }
  int lines = 0;
};

TEST(SwitchingSink, loggers_follow) {
  SystemClock clock;
  auto sink = std::make_shared<SwitchingSink>(clock);
  Logger early = Logger(sink).with({{"name", "otlp"}});
  early.error("before anything");
  EXPECT_FALSE(early.is_enabled(LogLevel::error));

  auto first = std::make_shared<RecordingSink>();
  sink->switch_to(first, {});
  early.info("one");
  auto second = std::make_shared<RecordingSink>();
  sink->switch_to(second, {{"place", "here"}});
  early.info("two");
  EXPECT_EQ(first->lines().size(), 1u);
  ASSERT_EQ(second->lines().size(), 1u);
  EXPECT_NE(second->lines()[0].text.find(R"({"place":"here", "name":"otlp"})"), std::string::npos) << second->lines()[0].text;

  auto quiet = std::make_shared<QuietSink>();
  sink->switch_to(quiet, {});
  EXPECT_FALSE(early.is_enabled(LogLevel::warn));
  early.warn("three");
  early.error("four");
  EXPECT_EQ(quiet->lines, 1);
}

TEST(SwitchingSink, switches_while_others_write) {
  SystemClock clock;
  auto sink = std::make_shared<SwitchingSink>(clock);
  auto first = std::make_shared<RecordingSink>();
  auto second = std::make_shared<RecordingSink>();
  sink->switch_to(first, {});
  constexpr size_t lines = 2000;
  std::thread writer([log = Logger(sink)] {
    for (size_t i = 0; i < lines; i++) log.info("line");
  });
  for (int i = 0; i < 200; i++) sink->switch_to(i % 2 ? first : second, {{"i", i}});
  writer.join();
  EXPECT_EQ(first->lines().size() + second->lines().size(), lines);
}

}  // namespace
}  // namespace vigia::app
