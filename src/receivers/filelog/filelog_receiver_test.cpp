// Scenario: the whole receiver between real files and a pipeline that takes, refuses and holds. Guarantee: what is refused is offered again and
// nothing is dropped; positions are kept once the pipeline has answered; it stops with nothing left behind.

#include <gtest/gtest.h>

#include <future>
#include <set>

#include "operators/test_chain.h"
#include "pipeline/storage.h"
#include "pipeline/test_kit.h"
#include "receivers/filelog/factory.h"
#include "receivers/filelog/test_log_directory.h"

namespace vigia::receivers::test {
namespace {

class FakeStorage final : public pipeline::Extension, public pipeline::Storage {
 public:
  explicit FakeStorage(const std::string& directory) { settings_.directory = directory; }
  const pipeline::StorageSettings& storage() const override { return settings_; }

 private:
  pipeline::StorageSettings settings_;
};

class FilelogReceiverTest : public testing::Test {
 protected:
  FilelogReceiverTest()
      : logs_(std::string("receiver-") + testing::UnitTest::GetInstance()->current_test_info()->name()), storage_(logs_ / "storage") {
    kit_.extensions[pipeline::ComponentId::parse("file_storage")] = &storage_;
  }
  ~FilelogReceiverTest() override { stop(); }

  void start(const std::string& more = "", const std::string& start_at = "beginning") {
    config_ = config_of("include: ['" + logs_ / "*.log" + "']\nstart_at: " + start_at + "\n" + more);
    pipeline::Outputs outputs;
    outputs.logs = &output_;
    receiver_ = std::move(factory_.create(kit_.context("filelog"), config_, outputs).value());
    Status status = receiver_->start();
    ASSERT_TRUE(status.is_ok()) << status.to_string();
  }
  void stop(int64_t grace_ms = 1'000) {
    if (!receiver_) return;
    std::promise<void> stopped;
    receiver_->stop(kit_.clock.steady_ms() + grace_ms, [&] { stopped.set_value(); });
    std::future<void> future = stopped.get_future();
    wait_until([&] { return future.wait_for(std::chrono::milliseconds(0)) == std::future_status::ready; }, grace_ms > 0);
    receiver_.reset();
  }
  // Turns the clock until it holds: threads that wait for time see it when they are woken.
  bool wait_until(const std::function<bool()>& holds, bool turns_clock = true) {
    for (int i = 0; i < 3'000; i++) {
      if (holds()) return true;
      on_background([&] {
        if (turns_clock) kit_.clock.advance_ms(5);
      });
      kit_.settle();
    }
    ADD_FAILURE() << "not in time";
    return false;
  }
  void on_background(const std::function<void()>& call) {
    std::promise<void> ended;
    kit_.background.loop().post([&] {
      call();
      ended.set_value();
    });
    ended.get_future().wait();
  }
  bool wait_for_items(size_t count) {
    return wait_until([&] { return output_.items() >= count; });
  }

  pipeline::test::Kit kit_;
  LogDirectory logs_;
  FakeStorage storage_;
  pipeline::ReceiverFactory factory_ = filelog_receiver();
  FilelogConfig config_;
  pipeline::test::FakeConsumer output_;
  std::unique_ptr<pipeline::Receiver> receiver_;
};

TEST_F(FilelogReceiverTest, LinesArriveAndAreCounted) {
  logs_.append("a.log", lines(0, 2'500));
  start();
  EXPECT_TRUE(wait_for_items(2'500));
  logs_.append("a.log", lines(0, 10));
  EXPECT_TRUE(wait_for_items(2'510));
  EXPECT_GE(output_.taken().size(), 4U);
  // The answer is counted a moment after the data has arrived.
  EXPECT_TRUE(wait_until([&] { return kit_.metric("otelcol_receiver_accepted_log_records{receiver=\"filelog\"") == 2'510; }));
  EXPECT_EQ(kit_.metric("otelcol_fileconsumer_open_files"), 1);
}

// A line may say that it is another customer's, and operators may believe it.
TEST_F(FilelogReceiverTest, AllOfItIsTheCustomers) {
  logs_.append("a.log", "{\"message\":\"plain\"}\n{\"customer.id\":\"b\",\"customer_id\":\"b\",\"pod\":\"x\"}\n");
  start(R"(customer: a
operators:
  - type: json_parser
  - {type: move, if: 'attributes["customer.id"] != nil', from: 'attributes["customer.id"]', to: 'resource["customer.id"]'}
  - {type: copy, if: 'attributes.customer_id != nil', from: attributes.customer_id, to: resource.customer_id}
  - {type: move, if: 'attributes.pod != nil', from: attributes.pod, to: resource.pod})");
  EXPECT_TRUE(wait_for_items(2));
  std::set<std::string> resources;
  for (const auto& taken : output_.taken()) {
    EXPECT_EQ(taken.client->customer, "a");
    for (std::string_view group : otlp::resource_groups(taken.bytes))
      resources.insert(operators::json_of(otlp::ResourceGroup(group).resource().attributes()));
  }
  EXPECT_EQ(resources, (std::set<std::string>{R"({"customer.id":"a"})", R"({"customer.id":"a","pod":"x"})"}));
}

TEST_F(FilelogReceiverTest, WhatIsRefusedIsOfferedAgain) {
  output_.script({unavailable("full"), unavailable("full"), resource_exhausted("full").retryable_after_ms(10)});
  logs_.append("a.log", lines(0, 100));
  start();
  EXPECT_TRUE(wait_for_items(100));
  EXPECT_EQ(output_.items(), 100U);
  EXPECT_EQ(kit_.metric("vigia_filelog_retried_requests"), 3);
  EXPECT_EQ(kit_.metric("vigia_filelog_dropped_records"), 0);
}

TEST_F(FilelogReceiverTest, ReadingStopsWhileThePipelineTakesNothing) {
  output_.hold();
  logs_.append("a.log", lines(0, 20'000));
  start();
  EXPECT_TRUE(wait_until([&] { return output_.tries() == 4; }));
  for (int i = 0; i < 50; i++) on_background([&] { kit_.clock.advance_ms(20); });
  EXPECT_EQ(output_.tries(), 4U);
  EXPECT_LT(kit_.metric("vigia_filelog_entries"), 6'000);
  output_.hold(false);
  output_.release();
  EXPECT_TRUE(wait_for_items(20'000));
}

TEST_F(FilelogReceiverTest, WhatIsRefusedForGoodIsDroppedAndTold) {
  output_.script({invalid_argument("never")});
  logs_.append("a.log", lines(0, 10));
  start();
  EXPECT_TRUE(wait_until([&] { return kit_.metric("vigia_filelog_dropped_records") == 10; }));
  EXPECT_EQ(kit_.sink->count("refused log records for good"), 1U);
  logs_.append("a.log", lines(10, 12));
  EXPECT_TRUE(wait_for_items(2));
}

TEST_F(FilelogReceiverTest, PositionsAreKeptOnceThePipelineHasAnswered) {
  logs_.append("a.log", lines(0, 10));
  start("storage: file_storage");
  EXPECT_TRUE(wait_for_items(10));
  stop();
  logs_.append("a.log", lines(10, 15));
  output_.hold();
  start("storage: file_storage");
  EXPECT_TRUE(wait_until([&] { return output_.tries() == 2; }));
  stop(0);
  output_.hold(false);
  output_.release(unavailable("gone"));
  start("storage: file_storage");
  EXPECT_TRUE(wait_for_items(20));
  EXPECT_EQ(output_.items(), 20U) << "held once, and taken once";
}

// A program that is killed before it has seen any log must not take what comes until it is back for what was there first.
TEST_F(FilelogReceiverTest, ThatThereWasNothingIsKeptAtOnce) {
  start("storage: file_storage", "end");
  EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(logs_ / "storage/filelog/filelog.positions"); }));
  stop(0);
  logs_.append("a.log", lines(0, 10));
  start("storage: file_storage", "end");
  EXPECT_TRUE(wait_for_items(10));
}

TEST_F(FilelogReceiverTest, ASuccessorGoesOnWithoutAStorage) {
  logs_.append("a.log", lines(0, 10));
  start();
  EXPECT_TRUE(wait_for_items(10));
  stop();
  logs_.append("a.log", lines(10, 15));
  start();
  EXPECT_TRUE(wait_for_items(15));
  EXPECT_EQ(output_.items(), 15U);
}

TEST_F(FilelogReceiverTest, DamagedPositionsAreSetAside) {
  logs_.append("a.log", lines(0, 10));
  std::filesystem::create_directories(logs_ / "storage/filelog");
  logs_.append("storage/filelog/filelog.positions", "nonsense");
  start("storage: file_storage");
  EXPECT_TRUE(wait_for_items(10));
  EXPECT_TRUE(std::filesystem::exists(logs_ / "storage/filelog/filelog.positions.damaged"));
  EXPECT_EQ(kit_.sink->count("are damaged"), 1U);
}

TEST_F(FilelogReceiverTest, AStorageThatIsNotThereIsAnError) {
  config_ = config_of("include: ['" + logs_ / "*.log" + "']\nstorage: file_storage/other");
  pipeline::Outputs outputs;
  outputs.logs = &output_;
  auto receiver = std::move(factory_.create(kit_.context("filelog"), config_, outputs).value());
  EXPECT_NE(receiver->start().to_string().find("file_storage/other"), std::string::npos);
}

TEST_F(FilelogReceiverTest, OverTheMemoryLimitNothingIsRead) {
  kit_.ledger.set_process_over_limit(true);
  logs_.append("a.log", lines(0, 10));
  start();
  for (int i = 0; i < 50; i++) on_background([&] { kit_.clock.advance_ms(20); });
  EXPECT_EQ(output_.items(), 0U);
  kit_.ledger.set_process_over_limit(false);
  EXPECT_TRUE(wait_for_items(10));
}

}  // namespace
}  // namespace vigia::receivers::test
