// The client's ways to a server that is not simply there: through proxies, by redirects, over socket files, on connections
// that the server closed behind its back.

#include <gtest/gtest.h>

#include <future>

#include "base/text.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/test_certificates.h"
#include "net/test_raw_peer.h"
#include "net/test_session.h"

namespace vigia::net {
namespace {

constexpr size_t long_answer_bytes = 4 << 20;

// Answers with what it was asked, redirects when asked to, and as a proxy refuses tunnels.
class PathService final : public HttpService {
 public:
  explicit PathService(MemoryLedger& ledger) : ledger_(ledger) {}
  BodyPlan plan(const RequestHead& head) override {
    BodyPlan plan;
    if (head.method == "CONNECT") plan.refusal = text_response(403, "text/plain", "no tunnels", ledger_);
    return plan;
  }
  void serve(Request request, std::unique_ptr<Responder> responder) override {
    requests++;
    Response response = text_response(200, "text/plain", request.head.path + " " + std::string(request.body.view()), ledger_);
    if (request.head.path == "/long") response = text_response(200, "text/plain", std::string(long_answer_bytes, 'x'), ledger_);
    if (request.head.path == "/moved") {
      response.status = 307;
      response.headers.add("location", "/here?x=1");
    }
    if (request.head.path == "/away") {
      response.status = 308;
      response.headers.add("location", "http://elsewhere.example/here");
    }
    if (request.head.path == "/circle") {
      response.status = 307;
      response.headers.add("location", "/circle");
    }
    if (request.head.path == "/slow-circle") {
      Response late;  // without a body, since it may still wait when the test ends
      late.status = 307;
      late.headers.add("location", "/slow-circle");
      EventLoop& loop = responder->loop();
      loop.run_after_ms(200, [responder = std::move(responder), late = std::move(late)]() mutable { responder->respond(std::move(late)); });
      return;
    }
    responder->respond(std::move(response));
  }
  Response refusal(const RequestHead&, int status, std::string_view reason) override {
    return text_response(status, "text/plain", reason, ledger_);
  }
  std::atomic<int> requests{0};

 private:
  MemoryLedger& ledger_;
};

class ClientTest : public testing::Test {
 protected:
  void SetUp() override { loops_.start(); }
  void TearDown() override {
    for (auto& client : clients_) {
      std::promise<void> closed;
      client->close([&] { closed.set_value(); });
      closed.get_future().wait();
    }
    for (auto& server : servers_) stop(*server);
    loops_.stop();
    EXPECT_EQ(ledger_.held_bytes(), 0);
  }
  void stop(HttpServer& server) {
    std::promise<void> drained;
    server.drain(1000, [&] { drained.set_value(); });
    drained.get_future().wait();
  }
  HttpServer& serve(const std::string& endpoint, int64_t idle_timeout_ms = 0) {
    ServerSettings settings;
    settings.endpoint = endpoint;
    settings.idle_timeout_ms = idle_timeout_ms;
    auto server = HttpServer::start(settings, service_, loops_, ledger_, Logger());
    EXPECT_TRUE(server.is_ok()) << server.status().to_string();
    servers_.push_back(std::move(*server));
    return *servers_.back();
  }
  HttpClient& client(const ClientSettings& settings) {
    clients_.push_back(HttpClient::create(settings, loops_, *resolver_, ledger_, Logger()));
    return *clients_.back();
  }
  Result<ClientResponse> ask(HttpClient& client, const std::string& path, std::string_view body = "body", int64_t timeout_ms = 10'000) {
    std::promise<Result<ClientResponse>> promise;
    loops_.at(0).post([&] {
      ClientRequest request;
      request.path = path;
      request.body = Chain(Slice::copy_of(body, ledger_));
      request.timeout_ms = timeout_ms;
      client.send(std::move(request), [&](Result<ClientResponse> result) { promise.set_value(std::move(result)); });
    });
    return promise.get_future().get();
  }
  ClientSettings to(const HttpServer& server) {
    ClientSettings settings;
    settings.host = "localhost";  // a name, so that the resolver has its part
    settings.port = server.port();
    return settings;
  }

  SystemClock clock_;
  MemoryLedger ledger_;
  LoopGroup loops_{clock_, 1};
  std::unique_ptr<Resolver> resolver_ = Resolver::create(loops_);
  PathService service_{ledger_};
  std::vector<std::unique_ptr<HttpServer>> servers_;
  std::vector<std::shared_ptr<HttpClient>> clients_;
};

TEST_F(ClientTest, RedirectsToTheSameServerAreFollowedWithTheBody) {
  ClientSettings settings = to(serve("127.0.0.1:0"));
  settings.max_redirects = 3;
  HttpClient& following = client(settings);
  auto answer = ask(following, "/moved");
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  EXPECT_EQ(answer->body.view(), "/here body");
  EXPECT_EQ(ask(following, "/away")->status, 308) << "to another server: credentials must not go there";
  EXPECT_EQ(ask(following, "/circle")->status, 307) << "not for ever";
  settings.max_redirects = 0;
  EXPECT_EQ(ask(client(settings), "/moved")->status, 307);
}

// Guarantee: an answer that is taken piece by piece is not kept, says first what it is, and ends when nobody wants the rest.
TEST_F(ClientTest, AnAnswerIsTakenInPieces) {
  ClientSettings settings = to(serve("127.0.0.1:0"));
  for (bool is_http2 : {false, true}) {
    settings.allow_http1 = !is_http2;
    settings.allow_http2 = is_http2;
    HttpClient& asking = client(settings);
    for (size_t wanted_bytes : {2 * long_answer_bytes, long_answer_bytes / 2}) {
      std::promise<Result<ClientResponse>> promise;
      int status = 0;
      size_t taken_bytes = 0;
      loops_.at(0).post([&] {
        ClientRequest request;
        request.path = "/long";
        request.on_head = [&](const ClientResponse& head) { status = head.status; };
        request.on_body = [&](std::string_view piece) {
          EXPECT_EQ(status, 200) << "the head comes first";
          EXPECT_LT(taken_bytes, wanted_bytes) << "not after it was refused";
          taken_bytes += piece.size();
          return taken_bytes < wanted_bytes;
        };
        asking.send(std::move(request), [&](Result<ClientResponse> result) { promise.set_value(std::move(result)); });
      });
      auto answer = promise.get_future().get();
      if (wanted_bytes > long_answer_bytes) {
        ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
        EXPECT_EQ(taken_bytes, long_answer_bytes);
        EXPECT_TRUE(answer->body.empty());
      } else {
        EXPECT_EQ(answer.status().code(), StatusCode::cancelled) << "HTTP/2: " << is_http2;
        EXPECT_LT(taken_bytes, long_answer_bytes);
      }
    }
    EXPECT_EQ(ask(asking, "/short")->body.view(), "/short body");
  }
}

TEST_F(ClientTest, ALongAnswerIsLetGoWhenMemoryIsShort) {
  ClientSettings settings = to(serve("127.0.0.1:0"));
  for (bool is_http2 : {false, true}) {
    settings.allow_http1 = !is_http2;
    settings.allow_http2 = is_http2;
    HttpClient& asking = client(settings);
    EXPECT_EQ(ask(asking, "/long")->body.size(), long_answer_bytes);
    ledger_.set_limit_bytes(long_answer_bytes - (1 << 20));
    auto refused = ask(asking, "/long");
    ASSERT_FALSE(refused.is_ok()) << "HTTP/2: " << is_http2;
    EXPECT_EQ(refused.status().code(), StatusCode::resource_exhausted);
    EXPECT_EQ(ask(asking, "/short")->body.view(), "/short body") << "who says little is heard in any case";
    ledger_.set_limit_bytes(0);
  }
}

TEST_F(ClientTest, AllHopsOfARedirectHaveTheTimeOfOneRequest) {
  ClientSettings settings = to(serve("127.0.0.1:0"));
  settings.max_redirects = 100;
  auto answer = ask(client(settings), "/slow-circle", "body", 500);
  ASSERT_FALSE(answer.is_ok());
  EXPECT_EQ(answer.status().code(), StatusCode::deadline_exceeded);
  EXPECT_LE(service_.requests, 3) << "200 ms each";
}

TEST_F(ClientTest, ASocketFileIsAnAddress) {
  std::string path = testing::TempDir() + "vigia-client-" + std::to_string(::getpid()) + ".sock";
  serve("unix://" + path);
  ClientSettings settings;
  settings.host = "unix:" + path;
  auto answer = ask(client(settings), "/over-unix");
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  EXPECT_EQ(answer->body.view(), "/over-unix body");
  ::unlink(path.c_str());
}

TEST_F(ClientTest, APlainRequestGoesToTheProxyWhole) {
  RawListener proxy;
  ClientSettings settings;
  settings.host = "collector.example";
  settings.port = 4318;
  settings.proxy_url = "http://user:secret@127.0.0.1:" + std::to_string(proxy.port());
  auto answer = std::async(std::launch::async, [&] { return ask(client(settings), "/v1/traces"); });
  RawPeer request = proxy.accept();
  ASSERT_TRUE(request.wait_for("\r\n\r\nbody"));
  request.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(answer.get().is_ok());
  EXPECT_TRUE(request.received().starts_with("POST http://collector.example:4318/v1/traces HTTP/1.1\r\nhost: collector.example:4318\r\n"))
      << request.received();
  EXPECT_NE(request.received().find("proxy-authorization: Basic " + to_base64("user:secret")), std::string::npos) << request.received();
}

TEST_F(ClientTest, ATunnelToAnIpv6AddressIsAskedForWithBrackets) {
  RawListener proxy;
  ClientSettings settings;
  settings.host = "2001:db8::1";
  settings.port = 4317;
  settings.allow_http1 = false;
  settings.allow_http2 = true;
  settings.proxy_url = "http://127.0.0.1:" + std::to_string(proxy.port());
  auto answer = std::async(std::launch::async, [&] { return ask(client(settings), "/x"); });
  RawPeer request = proxy.accept();
  ASSERT_TRUE(request.wait_for("\r\n\r\n"));
  EXPECT_EQ(request.received(), "CONNECT [2001:db8::1]:4317 HTTP/1.1\r\nhost: [2001:db8::1]:4317\r\n\r\n");
  request.send("HTTP/1.1 403 Forbidden\r\n\r\n");
  EXPECT_NE(answer.get().status().message().find("[2001:db8::1]:4317"), std::string::npos);
}

TEST_F(ClientTest, WhatAServerSaysTogetherWithItsProxyIsHeard) {
  RawListener proxy;
  ClientSettings settings;
  settings.host = "collector.example";
  settings.port = 4317;
  settings.allow_http1 = false;
  settings.allow_http2 = true;
  settings.proxy_url = "http://127.0.0.1:" + std::to_string(proxy.port());
  auto answer = std::async(std::launch::async, [&] { return ask(client(settings), "/x"); });
  RawPeer request = proxy.accept();
  ASSERT_TRUE(request.wait_for("\r\n\r\n"));
  constexpr std::string_view settings_frame("\0\0\0\4\0\0\0\0\0", 9);
  constexpr std::string_view acknowledgement("\0\0\0\4\1\0\0\0\0", 9);
  request.send("HTTP/1.1 200 Connection established\r\n\r\n" + std::string(settings_frame));
  EXPECT_TRUE(request.wait_for(acknowledgement));
  request.reset();
  EXPECT_FALSE(answer.get().is_ok());
}

TEST_F(ClientTest, AProxyThatRefusesATunnelSaysSo) {
  HttpServer& proxy = serve("127.0.0.1:0");
  ClientSettings settings;
  settings.host = "collector.example";
  settings.port = 4317;
  settings.allow_http1 = false;  // gRPC: through a tunnel
  settings.allow_http2 = true;
  settings.proxy_url = "http://127.0.0.1:" + std::to_string(proxy.port());
  auto answer = ask(client(settings), "/x");
  ASSERT_FALSE(answer.is_ok());
  EXPECT_EQ(answer.status().code(), StatusCode::unavailable);
  EXPECT_NE(answer.status().message().find("proxy refused"), std::string::npos) << answer.status().to_string();
}

TEST_F(ClientTest, ANameThatDoesNotExistIsUnavailable) {
  ClientSettings settings;
  settings.host = "no-such-host.invalid";
  settings.port = 1;
  auto answer = ask(client(settings), "/");
  ASSERT_FALSE(answer.is_ok());
  EXPECT_TRUE(answer.status().code() == StatusCode::unavailable || answer.status().code() == StatusCode::deadline_exceeded)
      << answer.status().to_string();
}

TEST_F(ClientTest, ManyCallsToNobodyFailAtOnceForWhatItIs) {
  HttpServer& gone = serve("127.0.0.1:0");
  ClientSettings settings = to(gone);
  stop(gone);
  servers_.clear();
  HttpClient& hopeless = client(settings);
  std::atomic<int> left{50};
  std::promise<void> all;
  std::atomic<int> unavailable_count{0};
  loops_.at(0).post([&] {
    for (int i = 0; i < 50; i++) {
      ClientRequest request;
      request.timeout_ms = 10'000;
      hopeless.send(std::move(request), [&](Result<ClientResponse> result) {
        if (!result.is_ok() && result.status().code() == StatusCode::unavailable) unavailable_count++;
        if (--left == 0) all.set_value();
      });
    }
  });
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_EQ(unavailable_count, 50);
}

TEST_F(ClientTest, WhoeverCannotBeReachedIsNamedOnce) {
  HttpServer& gone = serve("127.0.0.1:0");
  ClientSettings settings = to(gone);
  stop(gone);
  servers_.clear();
  std::string port = std::to_string(settings.port);
  settings.host = "127.0.0.1";
  EXPECT_EQ(ask(client(settings), "/").status().message(), "cannot connect to 127.0.0.1:" + port + ": Connection refused");
  settings.host = "localhost";
  std::string said = ask(client(settings), "/").status().message();
  EXPECT_TRUE(said.starts_with("localhost:" + port + ": cannot connect to ")) << said << ": a name is told besides the address it had";
}

TEST_F(ClientTest, AServerThatRestartedIsFoundAgain) {
  HttpServer& first = serve("127.0.0.1:0");
  int port = first.port();
  HttpClient& same = client(to(first));
  EXPECT_TRUE(ask(same, "/1").is_ok());
  stop(first);
  servers_.clear();
  auto answer = ask(same, "/2");
  EXPECT_FALSE(answer.is_ok());
  serve("127.0.0.1:" + std::to_string(port));
  EXPECT_TRUE(ask(same, "/3").is_ok());
}

}  // namespace
}  // namespace vigia::net
