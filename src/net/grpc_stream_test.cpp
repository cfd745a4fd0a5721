// Server-streaming calls over real sockets: all messages come, in order and whole; an error comes behind what was sent; a reader
// that goes away stops the writer; pieces of any size are put together again.

#include "net/grpc_stream.h"

#include <gtest/gtest.h>

#include <future>

#include "net/dns.h"
#include "net/http_server.h"

namespace vigia::net {
namespace {

// Counts up to what the path says, then ends; "/fail/…" with an error, "/endless" only when the reader has gone.
class CountingService final : public HttpService {
 public:
  explicit CountingService(MemoryLedger& ledger) : ledger_(ledger) {}
  BodyPlan plan(const RequestHead&) override {
    BodyPlan plan;
    plan.is_grpc = true;
    return plan;
  }
  void serve(Request request, std::unique_ptr<Responder> responder) override {
    auto message = read_grpc_message(request.head, request.body);
    ASSERT_TRUE(message.is_ok());
    int count = std::stoi(std::string(message->content.view()));
    auto stream = std::make_shared<GrpcServerStream>(std::move(responder), ledger_);
    send_next(stream, 0, count, request.head.path == "/fail" ? unavailable("no more") : Status());
  }
  Response refusal(const RequestHead&, int status, std::string_view reason) override {
    return text_response(status, "text/plain", reason, ledger_);
  }
  std::promise<int> reader_went;

 private:
  void send_next(std::shared_ptr<GrpcServerStream> stream, int number, int count, Status end) {
    if (number == count) return stream->finish(end);
    GrpcServerStream& target = *stream;
    std::string text = std::to_string(number) + std::string(static_cast<size_t>(number % 7) * 5000, 'x');
    target.send(Slice::copy_of(text, ledger_), [this, stream, number, count, end](bool is_open) {
      if (is_open) return send_next(stream, number + 1, count, end);
      reader_went.set_value(number);
      stream->finish(Status());
    });
  }
  MemoryLedger& ledger_;
};

class GrpcStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    loops_.start();
    ServerSettings settings;
    settings.endpoint = "127.0.0.1:0";
    auto server = HttpServer::start(settings, service_, loops_, ledger_, Logger());
    ASSERT_TRUE(server.is_ok());
    server_ = std::move(*server);
    ClientSettings client;
    client.host = "127.0.0.1";
    client.port = server_->port();
    client.allow_http1 = false;
    client.allow_http2 = true;
    client_ = HttpClient::create(client, loops_, *resolver_, ledger_, Logger());
  }
  void TearDown() override {
    std::promise<void> closed;
    client_->close([&] { closed.set_value(); });
    closed.get_future().wait();
    std::promise<void> drained;
    server_->drain(1000, [&] { drained.set_value(); });
    drained.get_future().wait();
    loops_.stop();
    EXPECT_EQ(ledger_.held_bytes(), 0);
  }
  Status call(const std::string& path, int count, int64_t timeout_ms = 20'000) {
    std::promise<Status> promise;
    loops_.at(0).post([&] {
      GrpcCall call;
      call.path = path;
      call.message = Chain(Slice::copy_of(std::to_string(count), ledger_));
      call.timeout_ms = timeout_ms;
      call_grpc_stream(
          *client_, std::move(call), ledger_, [&](Slice message) { received_.push_back(std::string(message.view())); },
          [&](Status status) { promise.set_value(std::move(status)); });
    });
    return promise.get_future().get();
  }

  SystemClock clock_;
  MemoryLedger ledger_;
  LoopGroup loops_{clock_, 2};
  std::unique_ptr<Resolver> resolver_ = Resolver::create(loops_);
  CountingService service_{ledger_};
  std::unique_ptr<HttpServer> server_;
  std::shared_ptr<HttpClient> client_;
  std::vector<std::string> received_;
};

TEST_F(GrpcStreamTest, AllMessagesComeInOrder) {
  Status status = call("/count", 2000);
  EXPECT_TRUE(status.is_ok()) << status.to_string();
  ASSERT_EQ(received_.size(), 2000u);
  for (size_t i = 0; i < received_.size(); i++) EXPECT_EQ(received_[i], std::to_string(i) + std::string(i % 7 * 5000, 'x'));
}

TEST_F(GrpcStreamTest, NoMessagesIsFineAndAnErrorComesBehindWhatWasSent) {
  EXPECT_TRUE(call("/count", 0).is_ok());
  Status none = call("/fail", 0);
  EXPECT_EQ(none.code(), StatusCode::unavailable);
  EXPECT_EQ(none.message(), "no more");
  Status some = call("/fail", 5);
  EXPECT_EQ(some.code(), StatusCode::unavailable);
  EXPECT_EQ(received_.size(), 5u);
}

TEST_F(GrpcStreamTest, AReaderThatGoesStopsTheWriter) {
  EXPECT_EQ(call("/endless", 1'000'000'000, 100).code(), StatusCode::deadline_exceeded);
  EXPECT_GE(service_.reader_went.get_future().get(), 0);
}

TEST(GrpcMessageReader, PutsPiecesOfAnySizeTogether) {
  MemoryLedger ledger;
  std::string stream;
  std::vector<std::string> sent = {"", "a", std::string(1000, 'b'), "", "c"};
  for (const std::string& message : sent)
    stream += frame_grpc_message(Chain(Slice::copy_of(message, ledger)), Compression::none, ledger)->to_string();
  for (size_t step : {1, 3, 5, 7, 2000}) {
    GrpcMessageReader reader(1000, ledger);
    std::vector<std::string> got;
    for (size_t at = 0; at < stream.size(); at += step)
      ASSERT_TRUE(reader.feed(std::string_view(stream).substr(at, step), [&](Slice message) { got.push_back(std::string(message.view())); })
                      .is_ok());
    EXPECT_EQ(got, sent) << step;
    EXPECT_TRUE(reader.is_between_messages());
  }
  GrpcMessageReader small(999, ledger);
  EXPECT_EQ(small.feed(stream, [](Slice) {}).code(), StatusCode::resource_exhausted);
}

}  // namespace
}  // namespace vigia::net
