// A load run against a receiver that this test plays, over real sockets. Every item that was sent is told as accepted,
// rejected or failed, exactly as the receiver counted it, for each signal, protocol and compression.

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <set>

#include "app/load/run.h"
#include "base/clock.h"
#include "net/grpc.h"
#include "net/http_server.h"
#include "otlp/count.h"
#include "otlp/wire.h"

namespace vigia::app {
namespace {

// Takes requests and answers as it is told. Everything is atomic: it is called on every loop.
class FakeReceiver final : public net::HttpService {
 public:
  enum class Mood { accepting, refusing, failing, taking_a_part };

  FakeReceiver(MemoryLedger& ledger, Mood mood, otlp::Signal signal) : ledger_(ledger), mood_(mood), signal_(signal) {}

  net::BodyPlan plan(const net::RequestHead& head) override {
    net::BodyPlan plan;
    plan.max_size_bytes = 16 << 20;
    plan.is_grpc = net::is_grpc_request(head);
    return plan;
  }

  void serve(net::Request request, std::unique_ptr<net::Responder> responder) override {
    bool is_grpc = net::is_grpc_request(request.head);
    Result<Slice> content = is_grpc ? grpc_content(request) : http_content(request);
    CHECK(content.is_ok());
    items_ += otlp::count_items(signal_, content->view());
    requests_++;
    if (request.head.headers.get("x-scope-orgid") == "shop") requests_with_header_++;
    responder->respond(is_grpc ? grpc_answer() : http_answer());
  }

  net::Response refusal(const net::RequestHead&, int status, std::string_view reason) override {
    return net::text_response(status, "text/plain", reason, ledger_);
  }

  uint64_t items() const { return items_; }
  uint64_t requests() const { return requests_; }
  uint64_t requests_with_header() const { return requests_with_header_; }

 private:
  Result<Slice> grpc_content(const net::Request& request) {
    ASSIGN_OR_RETURN(net::GrpcMessage message, net::read_grpc_message(request.head, request.body));
    return decompress(message.compression, message.content.view(), 16 << 20, ledger_);
  }
  Result<Slice> http_content(const net::Request& request) {
    Compression compression = *compression_by_name(request.head.headers.get("content-encoding"));
    return decompress(compression, request.body.view(), 16 << 20, ledger_);
  }

  // An answer that takes all but seven items, or all of them.
  Slice export_response() {
    Appender out(ledger_);
    if (mood_ == Mood::taking_a_part) {
      std::string partial_success;
      otlp::append_varint_field(partial_success, 1, 7);
      otlp::append_varint(out, otlp::bytes_tag(1));
      otlp::append_varint(out, partial_success.size());
      out.append(partial_success);
    }
    return out.take();
  }
  net::Response grpc_answer() {
    if (mood_ == Mood::refusing) return net::grpc_error(unavailable("come later").retryable_after_ms(10));
    if (mood_ == Mood::failing) return net::grpc_error(invalid_argument("not like this"));
    return net::grpc_response(export_response(), ledger_);
  }
  net::Response http_answer() {
    if (mood_ == Mood::refusing) return net::text_response(429, "text/plain", "come later", ledger_);
    if (mood_ == Mood::failing) return net::text_response(400, "text/plain", "not like this", ledger_);
    return net::text_response(200, "application/x-protobuf", export_response().view(), ledger_);
  }

  MemoryLedger& ledger_;
  Mood mood_;
  otlp::Signal signal_;
  std::atomic<uint64_t> items_{0};
  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> requests_with_header_{0};
};

class LoadTest : public testing::Test {
 protected:
  void serve(FakeReceiver::Mood mood, otlp::Signal signal = otlp::Signal::traces) {
    receiver_ = std::make_unique<FakeReceiver>(ledger_, mood, signal);
    net::ServerSettings settings;
    settings.endpoint = "127.0.0.1:0";
    server_ = *net::HttpServer::start(settings, *receiver_, loops_, ledger_, Logger());
    loops_.start();
  }

  // A small run to the receiver: `items` in requests of 50 on three connections.
  LoadReport run(std::vector<std::string> args, uint64_t items) {
    args.insert(args.end(), {"--endpoint", "127.0.0.1:" + std::to_string(server_->port()), "--batch", "50", "--connections", "3", "--items",
                             std::to_string(items), "--distinct-requests", "20", "--duration", "60s"});
    LoadOptions options = *parse_load_options(args);
    return *perform_load(options);
  }

  void TearDown() override {
    if (!server_) return;
    std::latch drained(1);
    server_->drain(1000, [&] { drained.count_down(); });
    drained.wait();
    loops_.stop();
  }

  SystemClock clock_;
  MemoryLedger ledger_;
  net::LoopGroup loops_{clock_, 2};
  std::unique_ptr<FakeReceiver> receiver_;
  std::unique_ptr<net::HttpServer> server_;
};

struct Way {
  const char* signal;
  const char* protocol;
  const char* compression;
};

class LoadWaysTest : public LoadTest, public testing::WithParamInterface<Way> {};

TEST_P(LoadWaysTest, EveryItemArrivesAndIsTold) {
  const Way& way = GetParam();
  auto signal = parse_load_options({way.signal})->data.signal;
  serve(FakeReceiver::Mood::accepting, signal);
  LoadReport report =
      run({way.signal, "--protocol", way.protocol, "--compression", way.compression, "--header", "X-Scope-OrgID=shop"}, 3011);
  EXPECT_EQ(report.totals.sent, 3011u);
  EXPECT_EQ(report.totals.accepted, report.totals.sent);
  EXPECT_EQ(report.totals.failed, 0u);
  EXPECT_EQ(report.last_complaint, "");
  EXPECT_EQ(receiver_->items(), report.totals.sent);
  EXPECT_EQ(receiver_->requests_with_header(), receiver_->requests());
  EXPECT_EQ(report.latency.count(), receiver_->requests());
  EXPECT_EQ(report.data_set_hash.size(), 16u);
}

INSTANTIATE_TEST_SUITE_P(All, LoadWaysTest,
                         testing::Values(Way{"traces", "grpc", "none"}, Way{"traces", "http", "gzip"}, Way{"metrics", "grpc", "gzip"},
                                         Way{"metrics", "http", "none"}, Way{"logs", "grpc", "zstd"}, Way{"logs", "http", "zstd"}),
                         [](const auto& info) {
                           return std::string(info.param.signal) + "_" + info.param.protocol + "_" + info.param.compression;
                         });

TEST_F(LoadTest, FewerItemsThanConnectionsAreNotMore) {
  serve(FakeReceiver::Mood::accepting);
  LoadReport report = run({"traces"}, 1);
  EXPECT_EQ(report.totals.sent, 1u);
  EXPECT_EQ(receiver_->items(), 1u);
}

TEST_F(LoadTest, RefusalsAreRejectedItemsOverBothProtocols) {
  serve(FakeReceiver::Mood::refusing);
  for (const char* protocol : {"grpc", "http"}) {
    LoadReport report = run({"traces", "--protocol", protocol}, 600);
    EXPECT_EQ(report.totals.rejected, report.totals.sent) << protocol;
    EXPECT_EQ(report.totals.accepted + report.totals.failed, 0u) << protocol;
    EXPECT_NE(report.last_complaint, "") << protocol;
  }
}

TEST_F(LoadTest, PermanentErrorsAreFailures) {
  serve(FakeReceiver::Mood::failing);
  for (const char* protocol : {"grpc", "http"}) {
    LoadReport report = run({"traces", "--protocol", protocol}, 600);
    EXPECT_EQ(report.totals.failed, report.totals.sent) << protocol;
    EXPECT_EQ(report.latency.count(), 0u) << protocol;
  }
}

TEST_F(LoadTest, APartialSuccessCountsItsRejectedItems) {
  serve(FakeReceiver::Mood::taking_a_part);
  for (const char* protocol : {"grpc", "http"}) {
    uint64_t requests_before = receiver_->requests();
    LoadReport report = run({"traces", "--protocol", protocol}, 600);
    EXPECT_EQ(report.totals.rejected, 7 * (receiver_->requests() - requests_before)) << protocol;
    EXPECT_EQ(report.totals.accepted, report.totals.sent - report.totals.rejected) << protocol;
  }
}

TEST_F(LoadTest, NobodyThereIsAFailureAndEnds) {
  LoadOptions options = *parse_load_options({"traces", "--endpoint", "127.0.0.1:1", "--batch", "10", "--items", "50", "--duration", "60s"});
  LoadReport report = *perform_load(options);
  EXPECT_EQ(report.totals.failed, report.totals.sent);
  EXPECT_NE(report.last_complaint, "");
}

TEST_F(LoadTest, AFixedRateIsKept) {
  serve(FakeReceiver::Mood::accepting);
  std::vector<std::string> args = {
      "traces", "--endpoint", "127.0.0.1:" + std::to_string(server_->port()), "--batch", "10", "--rate", "20000", "--duration", "500ms"};
  LoadReport report = *perform_load(*parse_load_options(args));
  // Never more than was asked for; what a busy machine could not send in time is told.
  EXPECT_LE(report.totals.sent, 10'010u);
  EXPECT_GE(report.totals.sent + report.totals.unsent, 9'900u);
  EXPECT_EQ(report.totals.accepted, receiver_->items());
  EXPECT_GE(report.seconds, 0.499);
}

TEST(LoadReportTest, TheSummaryIsOneLineOfJson) {
  LoadReport report;
  report.signal = "traces";
  report.totals.sent = 20;
  report.totals.accepted = 15;
  report.totals.rejected = 5;
  report.seconds = 2;
  report.latency.record(1'500'000);
  report.last_complaint = "a \"quoted\"\nline";
  std::string json = report.to_json();
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_NE(json.find(R"("sent":20,"accepted":15,"rejected":5,"failed":0)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("per_second":7.5)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("max":1.500)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"(a \"quoted\"\nline)"), std::string::npos) << json;
}

}  // namespace
}  // namespace vigia::app
