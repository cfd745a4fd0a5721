// gRPC's framing, status and details: each malformed message is refused for what it is, and an error's retry delay survives
// the way through trailers.

#include "net/grpc.h"

#include <gtest/gtest.h>

#include "net/rpc_status.h"

namespace vigia::net {
namespace {

class GrpcMessageTest : public testing::Test {
 protected:
  Result<GrpcMessage> read(std::string_view body, std::string_view encoding = "") {
    RequestHead head;
    if (!encoding.empty()) head.headers.add("grpc-encoding", encoding);
    return read_grpc_message(head, Slice::copy_of(body, ledger));
  }
  MemoryLedger ledger;
};

TEST_F(GrpcMessageTest, OneMessageIsRead) {
  auto message = read(std::string_view("\0\0\0\0\3abc", 8));
  ASSERT_TRUE(message.is_ok());
  EXPECT_EQ(message->content.view(), "abc");
  EXPECT_EQ(message->compression, Compression::none);
  EXPECT_EQ(read(std::string_view("\1\0\0\0\3abc", 8), "zstd")->compression, Compression::zstd);
}

TEST_F(GrpcMessageTest, WhatIsNotOneMessageIsRefused) {
  EXPECT_EQ(read("").status().code(), StatusCode::internal);
  EXPECT_EQ(read(std::string_view("\0\0\0\0\4abc", 8)).status().code(), StatusCode::internal) << "cut short";
  EXPECT_EQ(read(std::string_view("\0\0\0\0\1a\0\0\0\0\1b", 12)).status().code(), StatusCode::internal) << "two messages";
  EXPECT_EQ(read(std::string_view("\2\0\0\0\3abc", 8)).status().code(), StatusCode::internal) << "an unknown flag";
  EXPECT_EQ(read(std::string_view("\1\0\0\0\3abc", 8)).status().code(), StatusCode::internal) << "compressed, nobody says how";
  EXPECT_EQ(read(std::string_view("\1\0\0\0\3abc", 8), "snappy").status().code(), StatusCode::unimplemented);
}

TEST(GrpcError, AMessageKeepsItsOuterSpacesAndTheHeaderHasNone) {
  for (const std::string message : {"HTTP 503 ", " padded ", " ", "caf\xC3\xA9 50%\n", "plain"}) {
    ClientResponse answer;
    answer.headers = grpc_error(unavailable(message)).headers;
    std::string_view value = answer.headers.get("grpc-message");
    EXPECT_FALSE(value.starts_with(' ') || value.ends_with(' ')) << '"' << value << '"';
    EXPECT_EQ(grpc_status_of(answer).message(), message);
  }
}

TEST(Headers, ValuesLoseTheWhiteSpaceAroundThem) {
  Headers headers;
  headers.add("authorization", " Bearer x\r\n");
  EXPECT_EQ(headers.get("authorization"), "Bearer x");
  headers.set("authorization", "\tBearer y ");
  EXPECT_EQ(headers.get("authorization"), "Bearer y");
}

TEST(RpcStatus, RetryDelaysSurviveTheWay) {
  Status status = resource_exhausted("full").retryable_after_ms(1234);
  Status back = decode_rpc_status(StatusCode::resource_exhausted, "full", encode_rpc_status(status));
  EXPECT_TRUE(back.is_retryable());
  EXPECT_EQ(back.retry_delay_ms(), 1234);
  EXPECT_FALSE(decode_rpc_status(StatusCode::resource_exhausted, "full", "").is_retryable()) << "only with RetryInfo";
  EXPECT_FALSE(decode_rpc_status(StatusCode::invalid_argument, "bad", encode_rpc_status(status)).is_retryable());
}

TEST(RpcStatus, HttpCodesMapAsOtlpSays) {
  const int64_t now_ns = 784'111'777LL * 1'000'000'000;  // Sun, 06 Nov 1994 08:49:37 GMT
  for (int code : {429, 502, 503, 504}) EXPECT_TRUE(status_of_http(code, "", "", now_ns).is_retryable()) << code;
  for (int code : {400, 401, 403, 404, 413, 500, 501}) EXPECT_FALSE(status_of_http(code, "", "", now_ns).is_retryable()) << code;
  EXPECT_EQ(status_of_http(503, "7", "", now_ns).retry_delay_ms(), 7'000);
  EXPECT_EQ(status_of_http(429, "Sun, 06 Nov 1994 08:49:40 GMT", "", now_ns).retry_delay_ms(), 3'000);
  EXPECT_EQ(status_of_http(429, "soon", "", now_ns).retry_delay_ms(), 0);
  EXPECT_EQ(http_status_of(unavailable("x")), 503);
  EXPECT_EQ(http_status_of(resource_exhausted("too large")), 413);
  EXPECT_EQ(http_status_of(resource_exhausted("too many").retryable_after_ms(0)), 429);
  EXPECT_EQ(http_status_of(internal_error("x")), 500);
}

}  // namespace
}  // namespace vigia::net
