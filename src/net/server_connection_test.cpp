// The server against peers that vanish, never read or never finish what they began: none of them costs a core, memory without bound,
// or the program's stop more than a moment.

#include <gtest/gtest.h>

#include <future>

#include "net/http_server.h"
#include "net/test_raw_peer.h"
#include "net/test_session.h"

namespace vigia::net {
namespace {

constexpr size_t large_bytes = 64 << 20;

// "/hold" waits for the test, "/large" is more than any socket takes.
class SlowService final : public HttpService {
 public:
  explicit SlowService(MemoryLedger& ledger) : ledger_(ledger) {}
  BodyPlan plan(const RequestHead& head) override {
    BodyPlan plan;
    plan.is_grpc = is_grpc_request(head);
    return plan;
  }
  void serve(Request request, std::unique_ptr<Responder> responder) override {
    if (request.head.path == "/hold") {
      held.set_value(std::move(responder));
      return;
    }
    size_t size = request.head.path == "/large" ? large_bytes : 1;
    responder->respond(text_response(200, "text/plain", std::string(size, 'x'), ledger_));
  }
  Response refusal(const RequestHead&, int status, std::string_view reason) override {
    return text_response(status, "text/plain", reason, ledger_);
  }
  std::promise<std::unique_ptr<Responder>> held;

 private:
  MemoryLedger& ledger_;
};

class ServerConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    loops_.start();
    settings_.endpoint = "127.0.0.1:0";
  }
  void TearDown() override {
    if (server_) drain(1000);
    loops_.stop();
    EXPECT_EQ(ledger_.held_bytes(), 0);
  }
  int serve() {
    server_ = std::move(*HttpServer::start(settings_, service_, loops_, ledger_, Logger()));
    return server_->port();
  }
  // How long it took.
  int64_t drain(int64_t grace_ms) {
    int64_t begun_ms = clock_.steady_ms();
    std::promise<void> drained;
    server_->drain(grace_ms, [&] { drained.set_value(); });
    drained.get_future().wait();
    server_.reset();
    return clock_.steady_ms() - begun_ms;
  }
  // Lets the loop live for a while.
  void pass_ms(int64_t time_ms) {
    std::promise<void> passed;
    loops_.at(0).post([&] { loops_.at(0).run_after_ms(time_ms, [&] { passed.set_value(); }); });
    passed.get_future().wait();
  }
  template <typename Condition>
  bool comes_true(Condition condition) {
    for (int i = 0; i < 1000 && !condition(); i++) pass_ms(10);
    return condition();
  }

  SystemClock clock_;
  MemoryLedger ledger_;
  LoopGroup loops_{clock_, 1};
  SlowService service_{ledger_};
  ServerSettings settings_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ServerConnectionTest, APipelinerThatVanishesWhileItsRequestIsServedIsForgottenAtOnce) {
  RawPeer peer = RawPeer::connect(serve());
  peer.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  std::unique_ptr<Responder> responder = service_.held.get_future().get();
  peer.send(std::string(200 * 1024, 'x'));  // more than is read ahead: nothing is watched for but the connection's end
  pass_ms(50);
  peer.reset();
  // A loop that is told of the end again and again, and does nothing about it, spins until the answer comes.
  EXPECT_TRUE(comes_true([&] { return server_->open_connections() == 0; }));
  responder->respond({});  // to nobody
}

TEST_F(ServerConnectionTest, PeersThatNeverReadAreDropped) {
  settings_.write_timeout_ms = 300;
  int port = serve();
  std::vector<RawPeer> peers;
  for (int i = 0; i < 3; i++) {
    peers.push_back(RawPeer::connect(port, 4096));
    peers.back().send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  EXPECT_TRUE(comes_true([&] { return ledger_.held_bytes() > 0; }));
  EXPECT_TRUE(comes_true([&] { return server_->open_connections() == 0; }));
  EXPECT_TRUE(comes_true([&] { return ledger_.held_bytes() == 0; })) << ledger_.held_bytes() << " bytes are held for nobody";
}

TEST_F(ServerConnectionTest, ADrainedServerLeavesNoTimerBehind) {
  auto peer = std::make_unique<RawPeer>(RawPeer::connect(serve()));
  peer->send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  std::unique_ptr<Responder> responder = service_.held.get_future().get();
  std::promise<void> drained;
  server_->drain(500, [&] { drained.set_value(); });
  responder->respond({});
  EXPECT_TRUE(peer->wait_for_end());
  peer.reset();  // so that the drain is over before its time is
  drained.get_future().wait();
  server_.reset();
  pass_ms(600);  // a timer that outlived it would touch freed memory now
}

TEST_F(ServerConnectionTest, AnIdleServerThatIsDrainedLeavesNoTimerBehind) {
  serve();
  drain(200);
  pass_ms(300);
}

TEST_F(ServerConnectionTest, HalfSentRequestsDelayTheStopByAMomentOnly) {
  int port = serve();
  RawPeer head = RawPeer::connect(port);
  head.send("POST /half HTTP/1.1\r\nHost:");
  RawPeer body = RawPeer::connect(port);
  body.send("POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  RawPeer stream = RawPeer::connect(port);
  stream.send(std::string(http2_client_preface) + http2_frame(4, 0, 0, "") + grpc_headers(1) +
              http2_data(1, grpc_prefix(0, 1000) + "half", false));
  ASSERT_TRUE(comes_true([&] { return server_->open_connections() == 3; }));
  pass_ms(50);
  EXPECT_LT(drain(20'000), 5'000);
  EXPECT_TRUE(body.wait_for_end());
  EXPECT_TRUE(body.received().starts_with("HTTP/1.1 503")) << body.received();
  EXPECT_NE(body.received().find("connection: close"), std::string::npos);
  EXPECT_TRUE(head.wait_for_end());
  EXPECT_TRUE(stream.wait_for_end());
}

TEST_F(ServerConnectionTest, ARequestThatStillArrivesIsServedBeforeTheStop) {
  RawPeer peer = RawPeer::connect(serve());
  peer.send("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n");
  pass_ms(50);
  std::promise<void> drained;
  server_->drain(20'000, [&] { drained.set_value(); });
  for (int i = 0; i < 20; i++) {
    pass_ms(100);
    peer.send("x");
  }
  EXPECT_TRUE(peer.wait_for_end());
  EXPECT_TRUE(peer.received().starts_with("HTTP/1.1 200")) << peer.received();
  drained.get_future().wait();
  server_.reset();
}

}  // namespace
}  // namespace vigia::net
