// What a receiver's answer means. Answers come from all kinds of servers: those that compress unasked, that send headers
// alone, that answer in JSON, and those that send rubbish. None of them may be taken for "accepted" when it is not.

#include "app/load/answer.h"

#include <gtest/gtest.h>

#include <utility>

namespace vigia::app {
namespace {

// Field 1, in it 7 rejected items and the reason "no".
constexpr std::string_view partial_success("\x0a\x06\x08\x07\x12\x02no", 8);

class AnswerTest : public testing::Test {
 protected:
  net::ClientResponse grpc(std::string_view body, std::string_view status, std::string_view encoding = "") {
    net::ClientResponse response;
    response.status = 200;
    response.body = Slice::copy_of(body, ledger_);
    if (!status.empty()) response.trailers.add("grpc-status", status);
    if (!encoding.empty()) response.headers.add("grpc-encoding", encoding);
    return response;
  }
  static std::string framed(std::string_view message, char flag = 0) {
    std::string body = {flag, 0, 0, 0, static_cast<char>(message.size())};
    return body.append(message);
  }
  Answer read(net::ClientResponse response, LoadProtocol protocol = LoadProtocol::grpc) {
    return read_answer(protocol, Result<net::ClientResponse>(std::move(response)), ledger_);
  }

  MemoryLedger ledger_;
};

TEST_F(AnswerTest, GrpcPartialSuccessPlainAndCompressed) {
  Answer plain = read(grpc(framed(partial_success), "0"));
  EXPECT_EQ(plain.verdict, Verdict::accepted);
  EXPECT_EQ(plain.rejected_items, 7u);
  EXPECT_EQ(plain.complaint, "no");
  Slice packed = *compress(Compression::gzip, Chain(Slice::copy_of(partial_success, ledger_)), ledger_);
  EXPECT_EQ(read(grpc(framed(packed.view(), 1), "0", "gzip")).rejected_items, 7u);
}

TEST_F(AnswerTest, GrpcErrorsByCode) {
  EXPECT_EQ(read(grpc("", "8")).verdict, Verdict::refused);
  EXPECT_EQ(read(grpc("", "14")).verdict, Verdict::refused);
  EXPECT_EQ(read(grpc("", "3")).verdict, Verdict::failed);
  net::ClientResponse headers_only;
  headers_only.status = 200;
  headers_only.headers.add("grpc-status", "14");
  headers_only.headers.add("grpc-message", "busy");
  Answer answer = read(std::move(headers_only));
  EXPECT_EQ(answer.verdict, Verdict::refused);
  EXPECT_NE(answer.complaint.find("busy"), std::string::npos);
}

TEST_F(AnswerTest, RubbishIsAFailure) {
  EXPECT_EQ(read(grpc("", "")).verdict, Verdict::failed);
  EXPECT_EQ(read(grpc("", "abc")).verdict, Verdict::failed);
  EXPECT_EQ(read(grpc("", "99")).verdict, Verdict::failed);
  EXPECT_EQ(read(grpc("", "0")).verdict, Verdict::failed);
  EXPECT_EQ(read(grpc(framed("\xff\xff"), "0")).verdict, Verdict::failed);
  EXPECT_EQ(read(grpc(framed("xyz", 1), "0", "gzip")).verdict, Verdict::failed);
  EXPECT_EQ(read(grpc(framed("xyz", 1), "0", "rot13")).verdict, Verdict::failed);
  EXPECT_EQ(read_answer(LoadProtocol::grpc, Result<net::ClientResponse>(unavailable("gone")), ledger_).verdict, Verdict::failed);
}

TEST_F(AnswerTest, HttpAnswers) {
  auto http = [&](int status, std::string_view type, std::string_view body) {
    net::ClientResponse response;
    response.status = status;
    response.headers.add("content-type", type);
    response.body = Slice::copy_of(body, ledger_);
    return read(std::move(response), LoadProtocol::http);
  };
  EXPECT_EQ(http(200, "application/x-protobuf", partial_success).rejected_items, 7u);
  EXPECT_EQ(http(200, "application/json", "{}").verdict, Verdict::accepted);
  EXPECT_EQ(http(200, "application/x-protobuf", "\xff").verdict, Verdict::failed);
  EXPECT_EQ(http(429, "text/plain", "").verdict, Verdict::refused);
  EXPECT_EQ(http(503, "text/plain", "").verdict, Verdict::refused);
  EXPECT_EQ(http(404, "text/plain", "").verdict, Verdict::failed);
  EXPECT_EQ(http(500, "text/plain", "").verdict, Verdict::failed);
}

}  // namespace
}  // namespace vigia::app
