// Our HTTP client against our HTTP server over real sockets: whatever the version, the size and the security of the
// connection, what is asked arrives whole, and so does the answer. Limits answer as they should and drain() loses nothing.

#include <gtest/gtest.h>

#include <future>

#include "base/random.h"
#include "net/dns.h"
#include "net/grpc.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/test_certificates.h"

namespace vigia::net {
namespace {

class EchoService final : public HttpService {
 public:
  explicit EchoService(MemoryLedger& ledger) : ledger_(ledger) {}

  BodyPlan plan(const RequestHead& head) override {
    BodyPlan plan;
    plan.max_size_bytes = 8 << 20;
    plan.is_grpc = is_grpc_request(head);
    if (head.path == "/refused") plan.refusal = text_response(429, "text/plain", "later", ledger_);
    return plan;
  }
  void serve(Request request, std::unique_ptr<Responder> responder) override {
    if (request.head.path == "/never") return;  // the responder is dropped
    if (request.head.path == "/hold") {
      held.set_value(std::move(responder));
      return;
    }
    if (request.head.path == "/stream") {
      stream(std::move(responder), 100);
      return;
    }
    if (is_grpc_request(request.head)) {
      auto message = read_grpc_message(request.head, request.body);
      if (!message.is_ok()) return responder->respond(grpc_error(message.status()));
      auto plain = decompress(message->compression, message->content.view(), 8 << 20, ledger_);
      if (!plain.is_ok()) return responder->respond(grpc_error(plain.status()));
      return responder->respond(grpc_response(*plain, ledger_));
    }
    Response response;
    response.headers.add("x-version", request.head.version == HttpVersion::http2 ? "2" : "1");
    response.headers.add("x-tls", request.head.is_tls ? "yes" : "no");
    response.headers.add("x-query", request.head.query);
    response.body.append(std::move(request.body));
    responder->respond(std::move(response));
  }
  Response refusal(const RequestHead&, int status, std::string_view reason) override {
    return text_response(status, "text/plain", reason, ledger_);
  }

  std::promise<std::unique_ptr<Responder>> held;

 private:
  // A piece each time the last one has left.
  void stream(std::shared_ptr<Responder> responder, int pieces_left) {
    if (pieces_left == 100) responder->start({});
    if (pieces_left == 0) return responder->finish({});
    Responder& target = *responder;
    target.write(Chain(Slice::copy_of(std::string(10'000, 'p'), ledger_)), [this, responder, pieces_left](bool is_open) {
      if (is_open) stream(responder, pieces_left - 1);
    });
  }

  MemoryLedger& ledger_;
};

struct Mode {
  bool is_tls;
  bool is_http2;
};

class HttpTest : public testing::TestWithParam<Mode> {
 protected:
  void SetUp() override {
    loops_.start();
    ServerSettings settings;
    settings.endpoint = "127.0.0.1:0";
    settings.min_body_bytes_per_s = 1;
    if (GetParam().is_tls) {
      TlsSettings tls;
      tls.cert_pem = test_certificate_pem();
      tls.key_pem = test_key_pem();
      auto context = TlsServerContext::create(tls, clock_);
      ASSERT_TRUE(context.is_ok()) << context.status().to_string();
      settings.tls = *context;
    }
    auto server = HttpServer::start(settings, service_, loops_, ledger_, Logger());
    ASSERT_TRUE(server.is_ok()) << server.status().to_string();
    server_ = std::move(*server);
    client_ = make_client(server_->port());
  }
  void TearDown() override {
    std::promise<void> closed;
    client_->close([&] { closed.set_value(); });
    closed.get_future().wait();
    if (server_) drain();
    loops_.stop();
    EXPECT_EQ(ledger_.held_bytes(), 0);
  }
  void drain() {
    std::promise<void> drained;
    server_->drain(3000, [&] { drained.set_value(); });
    drained.get_future().wait();
    server_.reset();
  }

  std::shared_ptr<HttpClient> make_client(int port) {
    ClientSettings settings;
    settings.host = "127.0.0.1";
    settings.port = port;
    settings.allow_http1 = !GetParam().is_http2;
    settings.allow_http2 = GetParam().is_http2;
    if (GetParam().is_tls) {
      TlsSettings tls;
      tls.ca_pem = test_certificate_pem();
      tls.server_name_override = "localhost";
      auto context = TlsClientContext::create(tls, clock_);
      EXPECT_TRUE(context.is_ok());
      settings.tls = *context;
    }
    return HttpClient::create(settings, loops_, *resolver_, ledger_, Logger());
  }

  std::future<Result<ClientResponse>> send(ClientRequest request, size_t loop = 0) {
    auto promise = std::make_shared<std::promise<Result<ClientResponse>>>();
    auto future = promise->get_future();
    loops_.at(loop).post([this, promise, request = std::move(request)]() mutable {
      client_->send(std::move(request), [promise](Result<ClientResponse> result) { promise->set_value(std::move(result)); });
    });
    return future;
  }
  ClientRequest post(std::string path, std::string_view body) {
    ClientRequest request;
    request.path = std::move(path);
    request.body = Chain(Slice::copy_of(body, ledger_));
    request.timeout_ms = 20'000;
    return request;
  }

  SystemClock clock_;
  MemoryLedger ledger_;
  LoopGroup loops_{clock_, 2};
  std::unique_ptr<Resolver> resolver_ = Resolver::create(loops_);
  EchoService service_{ledger_};
  std::unique_ptr<HttpServer> server_;
  std::shared_ptr<HttpClient> client_;
};

TEST_P(HttpTest, EchoesBodiesOfAllSizes) {
  Random random(3);
  for (size_t size : {0, 1, 100, 16'383, 65'537, 1'000'000, 8 << 20}) {
    std::string body;
    for (size_t i = 0; i < size; i++) body += static_cast<char>(random.below(256));
    auto answer = send(post("/echo?a=b", body)).get();
    ASSERT_TRUE(answer.is_ok()) << answer.status().to_string() << " size " << size;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->headers.get("x-version"), GetParam().is_http2 ? "2" : "1");
    EXPECT_EQ(answer->headers.get("x-tls"), GetParam().is_tls ? "yes" : "no");
    EXPECT_EQ(answer->headers.get("x-query"), "a=b");
    EXPECT_TRUE(answer->body.view() == body) << size;
  }
}

TEST_P(HttpTest, ManyAtOnceOnAllLoops) {
  std::vector<std::future<Result<ClientResponse>>> answers;
  for (size_t i = 0; i < 300; i++) answers.push_back(send(post("/echo", std::to_string(i) + std::string(i * 50, 'x')), i % 2));
  for (size_t i = 0; i < answers.size(); i++) {
    auto answer = answers[i].get();
    ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
    EXPECT_EQ(answer->body.view(), std::to_string(i) + std::string(i * 50, 'x'));
  }
}

TEST_P(HttpTest, TooLargeABodyIsRefusedAndTheNextRequestIsServed) {
  auto refused = send(post("/echo", std::string((8 << 20) + 1, 'x'))).get();
  ASSERT_TRUE(refused.is_ok()) << refused.status().to_string();
  EXPECT_EQ(refused->status, 413);
  auto next = send(post("/echo", "fine")).get();
  ASSERT_TRUE(next.is_ok()) << next.status().to_string();
  EXPECT_EQ(next->body.view(), "fine");
}

TEST_P(HttpTest, AnEarlyRefusalReachesTheClient) {
  for (size_t size : {10, 300'000}) {
    auto refused = send(post("/refused", std::string(size, 'x'))).get();
    ASSERT_TRUE(refused.is_ok()) << refused.status().to_string();
    EXPECT_EQ(refused->status, 429);
    EXPECT_EQ(refused->body.view(), "later");
  }
}

TEST_P(HttpTest, AHandlerThatForgetsAnswers500) {
  auto answer = send(post("/never", "x")).get();
  ASSERT_TRUE(answer.is_ok());
  EXPECT_EQ(answer->status, 500);
}

TEST_P(HttpTest, StreamsInPieces) {
  auto answer = send(post("/stream", "")).get();
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  EXPECT_EQ(answer->body.size(), 1'000'000u);
}

TEST_P(HttpTest, ATimeoutIsTheCallersAndTheConnectionGoesOn) {
  ClientRequest request = post("/hold", "x");
  request.timeout_ms = 50;
  auto answer = send(std::move(request)).get();
  ASSERT_FALSE(answer.is_ok());
  EXPECT_EQ(answer.status().code(), StatusCode::deadline_exceeded);
  service_.held.get_future().get()->respond({});  // to nobody
  EXPECT_TRUE(send(post("/echo", "x")).get().is_ok());
}

TEST_P(HttpTest, DrainWaitsForRequestsInFlight) {
  auto answer = send(post("/hold", "x"));
  std::unique_ptr<Responder> held = service_.held.get_future().get();
  std::promise<void> drained;
  server_->drain(5000, [&] { drained.set_value(); });
  auto is_drained = drained.get_future();
  EXPECT_EQ(is_drained.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  held->respond(text_response(200, "text/plain", "at last", ledger_));
  held.reset();
  auto result = answer.get();
  ASSERT_TRUE(result.is_ok()) << result.status().to_string();
  EXPECT_EQ(result->body.view(), "at last");
  is_drained.wait();
  server_.reset();
}

TEST_P(HttpTest, NobodyListensIsUnavailable) {
  drain();
  auto answer = send(post("/echo", "x")).get();
  ASSERT_FALSE(answer.is_ok());
  EXPECT_EQ(answer.status().code(), StatusCode::unavailable);
}

TEST_P(HttpTest, GrpcCallsGoThroughPlainAndCompressed) {
  if (!GetParam().is_http2) return;
  for (Compression compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    std::promise<Result<Slice>> promise;
    loops_.at(0).post([&] {
      GrpcCall call;
      call.path = "/test.Echo/Echo";
      call.message = Chain(Slice::copy_of(std::string(300'000, 'g'), ledger_));
      call.compression = compression;
      call.timeout_ms = 20'000;
      call_grpc(*client_, std::move(call), ledger_, [&](Result<Slice> answer) { promise.set_value(std::move(answer)); });
    });
    auto answer = promise.get_future().get();
    ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
    EXPECT_EQ(answer->size(), 300'000u);
  }
}

TEST_P(HttpTest, AGrpcMessageOverTheLimitIsResourceExhausted) {
  if (!GetParam().is_http2) return;
  std::promise<Result<Slice>> promise;
  loops_.at(0).post([&] {
    GrpcCall call;
    call.path = "/test.Echo/Echo";
    call.message = Chain(Slice::copy_of(std::string(17 << 20, 'g'), ledger_));
    call_grpc(*client_, std::move(call), ledger_, [&](Result<Slice> answer) { promise.set_value(std::move(answer)); });
  });
  auto answer = promise.get_future().get();
  ASSERT_FALSE(answer.is_ok());
  EXPECT_EQ(answer.status().code(), StatusCode::resource_exhausted) << answer.status().to_string();
}

INSTANTIATE_TEST_SUITE_P(Modes, HttpTest, testing::Values(Mode{false, false}, Mode{false, true}, Mode{true, false}, Mode{true, true}),
                         [](const auto& info) {
                           return std::string(info.param.is_tls ? "Tls" : "Plain") + (info.param.is_http2 ? "Http2" : "Http1");
                         });

}  // namespace
}  // namespace vigia::net
