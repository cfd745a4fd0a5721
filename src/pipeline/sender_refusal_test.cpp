// A batch that is refused for good because of some items: the others are sent, and only those at fault are set aside.

#include "pipeline/test_sender.h"

namespace vigia::pipeline {
namespace {

using test::Answer;
using test::FakeRecord;
using test::SenderTest;
using test::small_config;

// A length-delimited protobuf field.
std::string field(int number, const std::string& body) {
  std::string text(1, static_cast<char>(number << 3 | 2));
  for (size_t length = body.size();; length >>= 7) {
    text += static_cast<char>((length & 127) | (length > 127 ? 128 : 0));
    if (length <= 127) break;
  }
  return text + body;
}

// A request with spans that are called <0>, <1>, …
std::string request_of(size_t items) {
  std::string spans;
  for (size_t i = 0; i < items; i++) spans += field(2, field(5, "<" + std::to_string(i) + ">"));
  return field(1, field(2, spans));
}

class SenderRefusalTest : public SenderTest {
 protected:
  struct SetAside {
    std::vector<size_t> items;
    std::vector<std::string> bodies;
    std::vector<Status> reasons;
    std::vector<Batch> batches;
  };

  static SenderConfig wide_config() {
    SenderConfig config = small_config();
    config.queue.size = 100;
    return config;
  }
  void make_with_hook(const SenderConfig& config) {
    make(config);
    sender_->set_aside_to([this](Batch batch, const Status& why) {
      set_aside_.items.push_back(batch.item_count);
      set_aside_.bodies.push_back(batch.payload.to_string());
      set_aside_.reasons.push_back(why);
      set_aside_.batches.push_back(std::move(batch));
    });
  }
  // The other side refuses requests with one of these spans in them.
  void refuse(std::vector<size_t> bad, Status why = invalid_argument("a bad span")) {
    peer_.judge = [bad = std::move(bad), why = std::move(why)](const Batch& batch) {
      std::string body = batch.payload.to_string();
      for (size_t item : bad)
        if (body.find("<" + std::to_string(item) + ">") != std::string::npos) return why;
      return Status();
    };
  }
  Answer send_spans(size_t items, std::shared_ptr<Receipt::Record> record) {
    Answer answer;
    kit_.on_loop([&] {
      Batch batch;
      batch.item_count = items;
      batch.payload = Chain(Slice::copy_of(request_of(items), kit_.ledger));
      batch.receipts.emplace_back(std::move(record));
      sender_->consume(std::move(batch), answer.done());
    });
    for (int i = 0; i < 30; i++) kit_.settle();
    return answer;
  }
  double set_aside_items() { return kit_.metric("vigia_exporter_set_aside_items_total{exporter=\"otlp/x\",data_type=\"traces\"}"); }

  SetAside set_aside_;
  std::shared_ptr<FakeRecord> record_ = std::make_shared<FakeRecord>();
};

TEST_F(SenderRefusalTest, OnlyTheItemAtFaultIsSetAside) {
  for (size_t bad : {size_t{0}, size_t{500}, size_t{999}}) {
    make_with_hook(wide_config());
    set_aside_ = {};
    size_t tries = peer_.tried_items.size();
    double sent = counter("sent");
    refuse({bad});
    auto record = std::make_shared<FakeRecord>();
    send_spans(1000, record);
    ASSERT_EQ(set_aside_.items, std::vector<size_t>{1});
    EXPECT_NE(set_aside_.bodies[0].find("<" + std::to_string(bad) + ">"), std::string::npos);
    EXPECT_EQ(set_aside_.reasons[0].message(), "a bad span");
    EXPECT_EQ(counter("sent") - sent, 999);
    EXPECT_EQ(queue_size(), 0);
    EXPECT_LE(peer_.tried_items.size() - tries, 1u + 2 * 10);
    EXPECT_EQ(record->released, 0) << "the receipt is the hook's to settle";
    set_aside_.batches[0].settle();
    EXPECT_EQ(record->released, 1);
  }
  EXPECT_EQ(set_aside_items(), 3);
  EXPECT_EQ(counter("send_failed"), 3) << "the Collector counts permanent failures here";
}

TEST_F(SenderRefusalTest, SeveralItemsAtFaultAreFoundEach) {
  SenderConfig config = wide_config();
  config.queue.consumers = 4;
  make_with_hook(config);
  refuse({3, 4, 70});
  send_spans(100, record_);
  EXPECT_EQ(set_aside_.items, (std::vector<size_t>{1, 1, 1}));
  EXPECT_EQ(counter("sent"), 97);
}

TEST_F(SenderRefusalTest, TheSearchHasABudgetAndWhatIsLeftIsSetAsideWhole) {
  make_with_hook(wide_config());
  std::vector<size_t> bad;
  for (size_t i = 0; i < 1000; i += 10) bad.push_back(i);
  refuse(bad);
  send_spans(1000, record_);
  EXPECT_LE(peer_.tried_items.size(), 1u + 64);
  EXPECT_GT(counter("sent"), 0);
  EXPECT_EQ(counter("sent") + set_aside_items(), 1000);
  EXPECT_EQ(counter("send_failed"), set_aside_items());
  set_aside_.batches.clear();
  EXPECT_EQ(record_->kept, 1) << "a hook that lets go unsettled keeps the record";
}

TEST_F(SenderRefusalTest, WhoRefusesEverythingIsNotAskedForLong) {
  make_with_hook(wide_config());
  peer_.judge = [](const Batch&) { return invalid_argument("no"); };
  send_spans(1000, record_);
  EXPECT_LE(peer_.tried_items.size(), 1u + 2 * 11);
  EXPECT_EQ(set_aside_items(), 1000);
}

TEST_F(SenderRefusalTest, RefusalsThatSayNothingAboutTheItemsAreNotSearched) {
  make_with_hook(wide_config());
  for (StatusCode code : {StatusCode::unauthenticated, StatusCode::permission_denied, StatusCode::unimplemented, StatusCode::not_found}) {
    size_t tries = peer_.tried_items.size();
    refuse({1}, Status(code, "no"));
    send_spans(10, record_);
    EXPECT_EQ(peer_.tried_items.size(), tries + 1);
    EXPECT_EQ(set_aside_.items.back(), 10u);
  }
  EXPECT_EQ(set_aside_items(), 40);
}

TEST_F(SenderRefusalTest, ADurableQueueWithoutAHookDropsOnlyTheItemAtFault) {
  SenderConfig config = wide_config();
  config.queue.storage = "file_storage";
  make(config);
  refuse({7});
  send_spans(100, record_);
  EXPECT_EQ(counter("sent"), 99);
  EXPECT_EQ(counter("send_failed"), 1);
  EXPECT_EQ(set_aside_items(), 0);
  EXPECT_EQ(record_->released, 1) << "it is dealt with: the journal does not give it again";
}

TEST_F(SenderRefusalTest, WithoutAHookAQueueInMemoryDropsTheWholeBatchAsEver) {
  make(wide_config());
  refuse({7});
  send_spans(100, record_);
  EXPECT_EQ(peer_.tried_items.size(), 1u);
  EXPECT_EQ(counter("send_failed"), 100);
  EXPECT_EQ(record_->released, 1);
}

TEST_F(SenderRefusalTest, PartsThatFailForNowAreRetried) {
  make_with_hook(wide_config());
  std::deque<Status> faults = {unavailable("down"), unavailable("down")};
  refuse({7});
  peer_.judge = [&faults, strict = peer_.judge](const Batch& batch) {
    if (batch.item_count == 100 || faults.empty()) return strict(batch);
    Status status = faults.front();
    faults.pop_front();
    return status;
  };
  send_spans(100, record_);
  for (int second = 0; second < 5; second++) kit_.advance_ms(1000);
  for (int i = 0; i < 20; i++) kit_.settle();
  EXPECT_EQ(counter("sent"), 99);
  EXPECT_EQ(set_aside_.items, std::vector<size_t>{1});
}

TEST_F(SenderRefusalTest, WhoWaitsForTheResultIsAnsweredOnceWhenAllIsDealtWith) {
  for (bool has_queue : {true, false}) {
    SenderConfig config = wide_config();
    config.queue.waits_for_result = true;
    config.queue.is_enabled = has_queue;
    make_with_hook(config);
    refuse({7});
    Answer answer = send_spans(100, record_);
    EXPECT_EQ(answer.count(), 1u);
    EXPECT_TRUE(answer.get().is_ok()) << answer.get().to_string();
  }
  EXPECT_EQ(counter("sent"), 198);
}

TEST_F(SenderRefusalTest, ADurableStopInTheMiddleOfASearchKeepsTheRecord) {
  SenderConfig config = wide_config();
  config.queue.storage = "file_storage";
  make_with_hook(config);
  refuse({7});
  std::atomic<int> stopped{0};
  peer_.judge = [&, strict = peer_.judge](const Batch& batch) {
    if (peer_.tried_items.size() == 3) sender_->stop(kit_.clock.steady_ms() + 10'000, [&] { stopped++; });
    return strict(batch);
  };
  send_spans(100, record_);
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(record_->kept, 1);
  EXPECT_EQ(record_->released, 0);
  EXPECT_EQ(set_aside_items(), 0);
}

}  // namespace
}  // namespace vigia::pipeline
