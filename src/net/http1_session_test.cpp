// HTTP/1.1 as a stranger may speak it: whatever comes in whatever pieces, the answer names the mistake, a request is served
// once, and nothing is read twice or as part of another request.

#include <gtest/gtest.h>

#include "net/test_session.h"

namespace vigia::net {
namespace {

struct Case {
  const char* name;
  std::string request;
  std::string status_line;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class Http1Strangers : public testing::TestWithParam<Case> {};

TEST_P(Http1Strangers, GetTheirAnswerWholeAndByteByByte) {
  for (size_t step : {size_t{1}, size_t{7}, size_t{1} << 20}) {
    TestSession test(new_http1_session);
    std::string answer;
    for (size_t at = 0; at < GetParam().request.size(); at += step)
      answer += test.exchange(std::string_view(GetParam().request).substr(at, step));
    EXPECT_EQ(answer.substr(0, answer.find("\r\n")), GetParam().status_line) << answer;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Http1Strangers,
    testing::Values(
        Case{"Get", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK"},
        Case{"GetOfHttp10", "GET /a HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK"},
        Case{"Post", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 200 OK"},
        Case{"Chunked", "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 200 OK"},
        Case{"EmptyLinesBefore", "\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK"},
        Case{"AbsoluteForm", "GET http://x/refused?a=b HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 429 Too Many Requests"},
        Case{"AbsoluteFormWithoutPath", "GET HTTP://x HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK"},
        Case{"BareLineFeeds", "GET /a HTTP/1.1\nHost: x\n\n", "HTTP/1.1 400 Bad Request"},
        Case{"OneBareLineFeed", "GET /a HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        Case{"NoHost", "GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        Case{"Garbage", "\x01\x02\x03 what\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        Case{"OldVersion", "GET /a HTTP/0.9\r\nHost: x\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported"},
        Case{"TwoLengths", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "HTTP/1.1 400 Bad Request"},
        Case{"LengthAndChunked", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 400 Bad Request"},
        Case{"NegativeLength", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        Case{"UnknownCoding", "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 Not Implemented"},
        Case{"BadChunkSize", "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 Bad Request"},
        Case{"FoldedHeader", "GET /a HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        Case{"SpaceBeforeColon", "GET /a HTTP/1.1\r\nHost : x\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        Case{"BodyTooLarge", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n" + std::string(1048577, 'x'),
             "HTTP/1.1 413 Content Too Large"},
        Case{"Refused", "POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 429 Too Many Requests"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Http1Session, AHeaderOfAMegabyteIsRefusedEarly) {
  TestSession test(new_http1_session);
  std::string answer = test.exchange("GET /a HTTP/1.1\r\nHost: x\r\nX-Large: ");
  for (int i = 0; i < 64 && answer.empty(); i++) answer += test.exchange(std::string(16 * 1024, 'h'));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 431")) << answer.substr(0, 80);
  EXPECT_TRUE(test.session->is_finished());
}

TEST(Http1Session, PipelinedRequestsAreAnsweredInOrder) {
  TestSession test(new_http1_session);
  std::string answer = test.exchange(
      "GET /one HTTP/1.1\r\nHost: x\r\n\r\nPOST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabGET /three HTTP/1.1\r\nHost: "
      "x\r\n\r\n");
  size_t one = answer.find("ok /one");
  size_t two = answer.find("ok /two");
  size_t three = answer.find("ok /three");
  EXPECT_TRUE(one < two && two < three && three != std::string::npos) << answer;
}

TEST(Http1Session, APipelinerThatDoesNotReadCannotMakeUsHoldMuch) {
  TestSession test(new_http1_session);
  std::string requests;
  for (int i = 0; i < 20'000; i++) requests += "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
  test.session->receive(requests);
  EXPECT_LT(test.service.served, 10'000);
  EXPECT_FALSE(test.session->wants_read());
  test.output();
  EXPECT_EQ(test.service.served, 20'000);
}

TEST(Http1Session, ExpectContinueIsHonouredOrRefused) {
  TestSession test(new_http1_session);
  std::string head = "HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_TRUE(test.exchange("POST /a " + head).starts_with("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_TRUE(test.exchange("abc").starts_with("HTTP/1.1 200 OK"));
  test.reset();
  EXPECT_TRUE(test.exchange("POST /refused " + head).starts_with("HTTP/1.1 429"));
  EXPECT_TRUE(test.session->is_finished());
}

TEST(Http1Session, MemoryIsAskedForAgainAsABodyGrows) {
  for (bool is_chunked : {false, true}) {
    TestSession test(new_http1_session);
    test.exchange(is_chunked ? "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nF4240\r\n"
                             : "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    EXPECT_EQ(test.exchange(std::string(10'000, 'x')), "");
    test.service.is_full = true;
    std::string answer;
    for (int i = 0; i < 50 && answer.empty(); i++) answer = test.exchange(std::string(16'000, 'x'));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503")) << answer;
    EXPECT_EQ(test.ledger.held_bytes(), 0);
    EXPECT_EQ(test.service.served, 0);
  }
}

TEST(Http1Session, HeadIsAnsweredWithoutABody) {
  TestSession test(new_http1_session);
  std::string answer = test.exchange("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(answer.find("content-length: 5"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(Http1Session, SlowHeadsAndBodiesAreSentAway) {
  TestSession test(new_http1_session);
  test.exchange("GET /a HTTP/1.1\r\nHo");
  EXPECT_TRUE(test.session->check_time(test.loop.now_ms() + 9'000));
  EXPECT_EQ(test.output(), "");
  EXPECT_TRUE(test.session->check_time(test.loop.now_ms() + 11'000));
  EXPECT_TRUE(test.output().starts_with("HTTP/1.1 408"));
  test.reset();
  test.exchange("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc");
  EXPECT_TRUE(test.session->check_time(test.loop.now_ms() + 11'000));
  EXPECT_TRUE(test.output().starts_with("HTTP/1.1 408"));
  EXPECT_TRUE(test.session->is_finished());
}

}  // namespace
}  // namespace vigia::net
