// HTTP/2 and gRPC framing as a stranger may speak it: each abuse has its own answer, memory stays with what has come, and
// the connection's other streams go on.

#include <gtest/gtest.h>

#include "net/test_session.h"

namespace vigia::net {
namespace {

class Http2SessionTest : public testing::Test {
 protected:
  void SetUp() override { test.exchange(std::string(http2_client_preface) + http2_frame(4, 0, 0, "")); }

  // A gRPC call's answer; header values are Huffman-coded or plain, so the tests look for our plain trailers by status.
  std::string call(uint32_t stream, std::string_view body, std::vector<std::pair<std::string, std::string>> more = {}) {
    return test.exchange(grpc_headers(stream, std::move(more)) + http2_data(stream, body, true));
  }
  bool is_goaway(std::string_view output, std::string_view why = "") {
    while (output.size() >= 9) {
      size_t size =
          static_cast<unsigned char>(output[0]) << 16 | static_cast<unsigned char>(output[1]) << 8 | static_cast<unsigned char>(output[2]);
      if (output[3] == 7) return output.substr(17, size - 8) == why;
      output.remove_prefix(9 + size);
    }
    return false;
  }

  TestSession test{new_http2_session};
};

TEST_F(Http2SessionTest, APlainCallIsServed) {
  call(1, grpc_prefix(0, 3) + "abc");
  EXPECT_EQ(test.service.served, 1);
  EXPECT_TRUE(test.is_open);
}

TEST_F(Http2SessionTest, APrefixInPiecesIsRead) {
  std::string message = grpc_prefix(0, 3) + "abc";
  test.exchange(grpc_headers(1));
  for (size_t i = 0; i < message.size(); i++) test.exchange(http2_data(1, message.substr(i, 1), i + 1 == message.size()));
  EXPECT_EQ(test.service.served, 1);
  EXPECT_EQ(test.service.last_body.size(), 8u);
}

TEST_F(Http2SessionTest, WhiteSpaceAroundAHeaderIsForgiven) {
  call(1, grpc_prefix(0, 3) + "abc", {{"x-padded", " value "}});
  EXPECT_EQ(test.service.served, 1);
}

TEST_F(Http2SessionTest, MemoryIsAskedForAgainAsABodyGrows) {
  test.exchange(grpc_headers(1) + http2_data(1, grpc_prefix(0, 1'000'000) + std::string(10'000, 'x'), false));
  test.service.is_full = true;
  for (int i = 0; i < 40 && test.ledger.held_bytes() > 0; i++) test.exchange(http2_data(1, std::string(16'000, 'x'), false));
  EXPECT_EQ(test.ledger.held_bytes(), 0) << "refused, and what had come is given back";
  test.service.is_full = false;
  call(3, grpc_prefix(0, 1) + "x");
  EXPECT_EQ(test.service.served, 1) << "only the next call is served";
}

TEST_F(Http2SessionTest, ADeclaredLengthCostsNothingBeforeItComes) {
  // 200 calls that promise a megabyte each and send ten bytes.
  for (uint32_t i = 0; i < 200; i++)
    test.exchange(grpc_headers(1 + 2 * i) + http2_data(1 + 2 * i, grpc_prefix(0, 1'000'000) + "0123456789", false));
  EXPECT_LT(test.ledger.held_bytes(), 200 * 70'000);
  EXPECT_EQ(test.service.served, 0);
}

TEST_F(Http2SessionTest, AMessageOverTheLimitIsRefusedOnItsPrefix) {
  std::string answer = test.exchange(grpc_headers(1) + http2_data(1, grpc_prefix(0, (1 << 20) + 1) + "x", false));
  EXPECT_FALSE(answer.empty());
  EXPECT_EQ(test.ledger.held_bytes(), 0);
  call(3, grpc_prefix(0, 1) + "x");
  EXPECT_EQ(test.service.served, 1) << "the next call on the connection is served";
}

TEST_F(Http2SessionTest, AFloodOfPingsEndsInGoawayTooManyPings) {
  std::string answer;
  for (int i = 0; i < 10 && !is_goaway(answer, "too_many_pings"); i++) answer = test.exchange(http2_frame(6, 0, 0, "12345678"));
  EXPECT_TRUE(is_goaway(answer, "too_many_pings"));
  EXPECT_TRUE(test.session->is_finished());
}

TEST_F(Http2SessionTest, PingsNowAndThenAreFine) {
  std::string answer;
  for (int i = 0; i < 20; i++) {
    call(static_cast<uint32_t>(1 + 2 * i), grpc_prefix(0, 1) + "x");
    answer += test.exchange(http2_frame(6, 0, 0, "12345678"));
  }
  EXPECT_FALSE(is_goaway(answer, "too_many_pings"));
}

TEST_F(Http2SessionTest, RapidResetsEndTheConnection) {
  for (uint32_t i = 0; i < 20'000 && test.is_open && !test.session->is_finished(); i++)
    test.exchange(grpc_headers(1 + 2 * i) + http2_frame(3, 0, 1 + 2 * i, std::string("\0\0\0\x08", 4)));
  EXPECT_TRUE(!test.is_open || test.session->is_finished());
}

TEST_F(Http2SessionTest, DrainLetsCallsInFlightFinishAndThenEnds) {
  test.exchange(http2_headers(1, {{":method", "POST"}, {":scheme", "http"}, {":path", "/hold"}, {":authority", "t"}}, true));
  ASSERT_EQ(test.service.held.size(), 1u);
  test.session->begin_drain();
  std::string notice = test.output();
  EXPECT_TRUE(is_goaway(notice)) << "a notice first";
  // A call that crossed the notice on its way is still served, and so is the one in flight.
  test.exchange(http2_headers(3, {{":method", "POST"}, {":scheme", "http"}, {":path", "/late"}, {":authority", "t"}}, true));
  EXPECT_EQ(test.service.served, 2);
  test.exchange(http2_frame(6, 1, 0, "draining"));  // the round trip is over
  EXPECT_FALSE(test.session->is_finished());
  test.service.held[0]->respond({});
  test.output();
  EXPECT_TRUE(test.session->is_finished());
}

TEST_F(Http2SessionTest, ASilentStreamIsEndedAndTheOthersGoOn) {
  test.exchange(grpc_headers(1) + http2_data(1, grpc_prefix(0, 1000) + "x", false));
  EXPECT_TRUE(test.session->check_time(test.loop.now_ms() + 11'000));
  EXPECT_FALSE(test.output().empty());
  call(3, grpc_prefix(0, 1) + "x");
  EXPECT_EQ(test.service.served, 1);
}

TEST_F(Http2SessionTest, AConnectionThatDoesNotAnswerKeepaliveIsClosed) {
  int64_t now_ms = test.loop.now_ms();
  EXPECT_TRUE(test.session->check_time(now_ms + 7'200'001));
  EXPECT_FALSE(test.output().empty());
  EXPECT_FALSE(test.session->check_time(now_ms + 7'200'001 + 20'001));
}

}  // namespace
}  // namespace vigia::net
