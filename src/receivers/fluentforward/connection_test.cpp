// Scenario: a sender's bytes in any pieces, a pipeline that refuses for now, for good, or keeps its answer, senders that go away, are slow,
// or send what is no message.
// Guarantee: an acknowledgement goes out when the pipeline has answered OK for the message's last record and not before; what is refused for
// now is offered again, and the sender has to wait; what is given up is counted and not acknowledged; limits end the connection.

#include "receivers/fluentforward/connection.h"

#include <gtest/gtest.h>

#include "otlp/view.h"
#include "pipeline/test_kit.h"
#include "receivers/fluentforward/digest.h"
#include "receivers/fluentforward/test_forward.h"

namespace vigia::receivers {
namespace {

using namespace test;
using namespace std::string_literals;
using pipeline::test::FakeConsumer;
using pipeline::test::Kit;

// The server's side of a connection without a socket.
class FakePeer final : public net::StreamConnection {
 public:
  explicit FakePeer(net::EventLoop& loop) : loop_(loop) {}
  const std::string& peer_address() const override { return address_; }
  net::EventLoop& loop() override { return loop_; }
  void send(std::string_view bytes) override { said += bytes; }
  void refresh() override {}
  std::string said;

 private:
  net::EventLoop& loop_;
  std::string address_ = "192.0.2.1:5";
};

class ForwardConnectionTest : public testing::Test {
 protected:
  void open() {
    service_ = std::make_shared<ForwardService>(kit_.context("fluentforward"), config_, output_);
    kit_.on_loop([&] { handler_ = service_->open(peer_); });
  }
  void TearDown() override {
    kit_.on_loop([&] { handler_.reset(); });
    output_.hold(false);
    output_.release();
    kit_.settle();
    bool is_idle = false;
    service_->wait_until_idle([&] { is_idle = true; });
    EXPECT_TRUE(is_idle);
    service_.reset();
    kit_.settle();
    EXPECT_EQ(kit_.ledger.held_bytes(), 0);
  }

  void receive(const std::string& bytes) {
    kit_.on_loop([&] { handler_->receive(bytes); });
    kit_.settle();
  }
  void close() {
    kit_.on_loop([&] { handler_.reset(); });
    kit_.settle();
  }
  bool wants_input() {
    return ask([&] { return handler_->wants_input(); });
  }
  bool is_finished() {
    return ask([&] { return handler_->is_finished(); });
  }
  // About once a second, as the server does.
  bool is_in_time(int64_t after_ms) {
    kit_.advance_ms(after_ms);
    return ask([&] { return handler_->check_time(kit_.clock.steady_ms()); });
  }
  template <typename Question>
  bool ask(Question question) {
    bool answer = false;
    kit_.on_loop([&] { answer = question(); });
    return answer;
  }
  double metric(const std::string& name) { return kit_.metric(name + "{receiver=\"fluentforward\""); }
  static std::string message(const std::string& chunk, size_t entries = 1) {
    std::string packed;
    for (size_t i = 0; i < entries; i++) packed += entry(1, "line");
    return packed_mode("t", packed, {{"chunk", text(chunk)}});
  }

  FluentForwardConfig config_;
  Kit kit_;
  FakeConsumer output_;
  FakePeer peer_{kit_.loops.at(0)};
  std::shared_ptr<ForwardService> service_;
  std::unique_ptr<net::StreamHandler> handler_;
};

TEST_F(ForwardConnectionTest, MessagesInAnyPiecesBecomeRecords) {
  open();
  std::string stream = message("one") + "\xc0"s + message_mode("t", integer(1), log_line("x")) + message("two", 3);
  for (char byte : stream) receive(std::string(1, byte));
  EXPECT_EQ(output_.items(), 5U);
  EXPECT_EQ(peer_.said, acknowledgement("one") + acknowledgement("two"));
  EXPECT_EQ(metric("otelcol_receiver_accepted_log_records"), 5);
  EXPECT_EQ(metric("otelcol_fluent_events_parsed"), 3);
  EXPECT_EQ(metric("otelcol_fluent_records_generated"), 5);
  EXPECT_EQ(metric("otelcol_fluent_opened_connections"), 1);
  close();
  EXPECT_EQ(metric("otelcol_fluent_closed_connections"), 1);
}

TEST_F(ForwardConnectionTest, WhatComesTogetherGoesOnTogether) {
  open();
  receive(message("one") + message("two") + message("three"));
  EXPECT_EQ(output_.tries(), 1U);
  EXPECT_EQ(output_.items(), 3U);
  EXPECT_EQ(peer_.said, acknowledgement("one") + acknowledgement("two") + acknowledgement("three"));
}

TEST_F(ForwardConnectionTest, ALargeMessageGoesOnInPiecesAndIsAcknowledgedAtItsEnd) {
  open();
  output_.hold();
  receive(message("large", 50'000));
  size_t answers = 0;
  for (; answers < 20 && peer_.said.empty(); answers++) {
    output_.release();
    kit_.settle();
  }
  EXPECT_GT(answers, 1U);
  EXPECT_EQ(output_.items(), 50'000U);
  EXPECT_EQ(peer_.said, acknowledgement("large"));
  for (const auto& taken : output_.taken()) EXPECT_LT(taken.bytes.size(), size_t{1100} * 1024);
}

TEST_F(ForwardConnectionTest, NoAcknowledgementBeforeTheAnswer) {
  open();
  output_.hold();
  receive(message("one"));
  EXPECT_EQ(peer_.said, "");
  EXPECT_FALSE(is_finished());
  output_.release();
  kit_.settle();
  EXPECT_EQ(peer_.said, acknowledgement("one"));
}

TEST_F(ForwardConnectionTest, WhatIsRefusedForNowIsOfferedAgainAndTheSenderWaits) {
  open();
  output_.script({unavailable("full"), unavailable("full"), resource_exhausted("memory").retryable_after_ms(1000)});
  receive(message("one"));
  EXPECT_EQ(output_.tries(), 1U);
  EXPECT_TRUE(wants_input()) << "a little more may come";
  receive(std::string(message("more", 100'000)));
  EXPECT_FALSE(wants_input());
  kit_.advance_ms(50);
  kit_.advance_ms(100);
  EXPECT_EQ(output_.tries(), 3U);
  kit_.advance_ms(999);
  EXPECT_EQ(output_.tries(), 3U);
  EXPECT_EQ(peer_.said, "");
  kit_.advance_ms(1);
  EXPECT_EQ(peer_.said.substr(0, acknowledgement("one").size()), acknowledgement("one"));
  EXPECT_TRUE(wants_input());
  EXPECT_EQ(output_.items(), 100'001U);
  EXPECT_EQ(metric("vigia_fluentforward_retries"), 3);
  EXPECT_EQ(metric("otelcol_receiver_refused_log_records"), 0);
}

TEST_F(ForwardConnectionTest, RefusedForGoodEndsTheConnectionWithoutAnAcknowledgement) {
  open();
  output_.script({invalid_argument("no")});
  receive(message("one", 2) + message("two"));
  EXPECT_EQ(peer_.said, "");
  EXPECT_TRUE(is_finished());
  EXPECT_EQ(metric("otelcol_receiver_refused_log_records"), 3);
  EXPECT_EQ(kit_.sink->count("the sender has them still"), 1U);
}

TEST_F(ForwardConnectionTest, SendersWithoutAcknowledgementGoOnAfterARefusalForGood) {
  open();
  output_.script({invalid_argument("no")});
  receive(message_mode("t", integer(1), log_line("x")));
  EXPECT_EQ(metric("otelcol_receiver_refused_log_records"), 1);
  EXPECT_EQ(kit_.sink->count("they are lost"), 1U);
  EXPECT_FALSE(is_finished());
  receive(message_mode("t", integer(1), log_line("x")));
  EXPECT_EQ(output_.items(), 1U);
}

TEST_F(ForwardConnectionTest, RetriesEndAfterALimit) {
  config_.max_retry_time_ms = 5'000;
  open();
  output_.script(std::vector<Status>(100, unavailable("full")));
  receive(message("one"));
  for (int i = 0; i < 10; i++) kit_.advance_ms(1000);
  EXPECT_TRUE(is_finished());
  EXPECT_EQ(peer_.said, "");
  EXPECT_EQ(metric("otelcol_receiver_refused_log_records"), 1);
}

TEST_F(ForwardConnectionTest, WhatCameWholeGoesOnWhenTheSenderHasGone) {
  open();
  output_.script({unavailable("full")});
  receive(message("one"));
  receive(message("two"));
  close();
  EXPECT_EQ(output_.items(), 0U);
  kit_.advance_ms(50);
  EXPECT_EQ(output_.items(), 2U);
  EXPECT_EQ(peer_.said, "");
}

TEST_F(ForwardConnectionTest, AServerThatStopsFinishesWhatItHas) {
  open();
  output_.hold();
  receive(message("one"));
  receive(message("two") + message("three").substr(0, 10));
  kit_.on_loop([&] { handler_->begin_drain(); });
  EXPECT_FALSE(wants_input());
  EXPECT_FALSE(is_finished());
  for (int i = 0; i < 2; i++) {
    output_.release();
    kit_.settle();
  }
  EXPECT_TRUE(is_finished());
  EXPECT_EQ(peer_.said, acknowledgement("one") + acknowledgement("two"));
}

TEST_F(ForwardConnectionTest, BrokenBytesEndTheConnectionBehindWhatWasWhole) {
  for (const std::string& garbage :
       {"\xc1"s, "GET / HTTP/1.1\r\n"s, "\xdb\xff\xff\xff\xff"s, std::string(200, '\x91'), "\xdd\x7f\xff\xff\xff"s,
        packed_mode("t", "\x92"), packed_mode("t", "no", {{"compressed", text("gzip")}})}) {
    kit_.on_loop([&] { handler_.reset(); });
    peer_.said.clear();
    double failures = service_ ? metric("otelcol_fluent_parse_failures") : 0;
    open();
    receive(message("one") + garbage);
    EXPECT_EQ(peer_.said, acknowledgement("one"));
    EXPECT_TRUE(is_finished()) << garbage;
    EXPECT_EQ(metric("otelcol_fluent_parse_failures"), failures + 1);
  }
}

TEST_F(ForwardConnectionTest, MetricsOfFluentBitAreLeftOut) {
  open();
  receive(packed_mode("t", entry(1, "x"), {{"chunk", text("metrics")}, {"fluent_signal", "\x01"s}}) + message("logs"));
  EXPECT_EQ(peer_.said, acknowledgement("logs"));
  EXPECT_EQ(output_.items(), 1U);
  EXPECT_FALSE(is_finished());
}

TEST_F(ForwardConnectionTest, EntriesThatAreNoRecordsAreCounted) {
  open();
  receive(forward_mode("t", {entry(1, "a"), list({text("when?"), log_line("x")})}, {{"chunk", text("one")}}));
  EXPECT_EQ(output_.items(), 1U);
  EXPECT_EQ(metric("otelcol_receiver_failed_log_records"), 1);
  EXPECT_EQ(peer_.said, acknowledgement("one")) << "sending it again would not make them better";
  receive(forward_mode("t", {}, {{"chunk", text("empty")}}));
  EXPECT_EQ(peer_.said, acknowledgement("one") + acknowledgement("empty"));
}

TEST_F(ForwardConnectionTest, TheRestOfAMessageMustNotTakeForEver) {
  open();
  EXPECT_TRUE(is_in_time(100'000)) << "silence between messages is no harm";
  receive(message("one").substr(0, 5));
  EXPECT_TRUE(is_in_time(30'000));
  EXPECT_FALSE(is_in_time(1'000));
  EXPECT_TRUE(is_finished());
}

TEST_F(ForwardConnectionTest, IdleConnectionsEndWhenThatIsWanted) {
  config_.idle_timeout_ms = 60'000;
  open();
  EXPECT_TRUE(is_in_time(50'000));
  receive(message("one"));
  EXPECT_TRUE(is_in_time(60'000));
  EXPECT_FALSE(is_in_time(1));
}

TEST_F(ForwardConnectionTest, TheMemoryLimitStopsReadingAndEndsLargeMessagesByHalf) {
  open();
  receive(message("large", 60'000).substr(0, 400'000));
  kit_.ledger.set_limit_bytes(1);
  EXPECT_FALSE(wants_input());
  EXPECT_TRUE(is_in_time(30'000));
  EXPECT_FALSE(is_in_time(1'000));
  EXPECT_EQ(metric("vigia_fluentforward_closed_for_memory"), 1);
  kit_.ledger.set_limit_bytes(0);
}

class ForwardHandshakeConnectionTest : public ForwardConnectionTest {
 protected:
  void SetUp() override {
    config_.security = {"key", "here", {{"alice", "pw", "acme"}}};
    config_.customer = "everybody";
  }
  // The PING to the HELO that was said.
  std::string ping(const std::string& key) {
    std::string nonce = peer_.said.substr(peer_.said.find("nonce") + 7, 16);
    std::string salt = peer_.said.substr(peer_.said.find("auth") + 6, 16);
    return list({text("PING"), text("client"), text("s"), text(sha512_hex({"s", "client", nonce, key})), text("alice"),
                 text(sha512_hex({salt, "alice", "pw"}))});
  }
};

TEST_F(ForwardHandshakeConnectionTest, DataIsTakenAfterTheHandshakeAndBelongsToTheUsersCustomer) {
  open();
  receive(ping("key") + message("one"));
  EXPECT_NE(peer_.said.find("PONG\xc3"), std::string::npos);
  EXPECT_TRUE(peer_.said.ends_with(acknowledgement("one")));
  ASSERT_EQ(output_.items(), 1U);
  auto taken = output_.taken();
  EXPECT_EQ(taken[0].client->customer, "acme");
  EXPECT_EQ(taken[0].client->peer_address, "192.0.2.1:5");
  std::string_view group = *otlp::resource_groups(taken[0].bytes).begin();
  EXPECT_EQ(otlp::ResourceGroup(group).resource().attributes().find("customer.id")->string(), "acme");
}

TEST_F(ForwardHandshakeConnectionTest, AWrongKeyEndsTheConnectionAndNothingIsTaken) {
  open();
  receive(ping("guess") + message("one"));
  EXPECT_NE(peer_.said.find("PONG\xc2"), std::string::npos);
  EXPECT_TRUE(is_finished());
  EXPECT_EQ(output_.items(), 0U);
  EXPECT_EQ(metric("vigia_fluentforward_failed_handshakes"), 1);
}

TEST_F(ForwardHandshakeConnectionTest, DataWithoutAHandshakeIsNotTaken) {
  open();
  receive(message("one"));
  EXPECT_TRUE(is_finished());
  EXPECT_EQ(output_.items(), 0U);
  EXPECT_EQ(kit_.sink->count("the sender has no shared_key"), 1U);
}

TEST_F(ForwardHandshakeConnectionTest, AHandshakeMustNotBeLargeOrLong) {
  open();
  EXPECT_FALSE(is_in_time(31'000));
  kit_.on_loop([&] { handler_.reset(); });
  open();
  receive("\xdb\x00\x01\x00\x00"s);
  EXPECT_TRUE(is_finished());
}

}  // namespace
}  // namespace vigia::receivers
