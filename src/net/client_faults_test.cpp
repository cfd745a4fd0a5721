// The client against servers that fall silent, go away or are only half there: a call never waits for a dead connection longer than it
// must, the next one finds a server that lives, and nothing of an abandoned call stays behind.

#include <gtest/gtest.h>

#include <future>

#include "net/dns.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/test_raw_peer.h"
#include "net/test_session.h"

namespace vigia::net {
namespace {

constexpr std::string_view ping_bytes = "12345678";
const std::string settings_frame = http2_frame(4, 0, 0, "");

// A name with the addresses a test gives it.
class FixedResolver final : public Resolver {
 public:
  void resolve(const std::string&, int, Function<void(Result<std::vector<SocketAddress>>)> done) override { done(addresses); }
  std::vector<SocketAddress> addresses;
};

class ClientFaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    loops_.start();
    http2_.port = 1;  // whatever: the resolver says where
    http2_.host = "several.example";
    http2_.allow_http1 = false;
    http2_.allow_http2 = true;
    http1_.port = 1;
    http1_.host = "several.example";
  }
  void TearDown() override {
    for (auto& client : clients_) {
      std::promise<void> closed;
      client->close([&] { closed.set_value(); });
      closed.get_future().wait();
    }
    if (server_) {
      std::promise<void> drained;
      server_->drain(1000, [&] { drained.set_value(); });
      drained.get_future().wait();
    }
    loops_.stop();
    EXPECT_EQ(ledger_.held_bytes(), 0);
  }
  HttpClient& client(const ClientSettings& settings) {
    clients_.push_back(HttpClient::create(settings, loops_, resolver_, ledger_, Logger()));
    return *clients_.back();
  }
  SocketAddress living_server() {
    ServerSettings settings;
    settings.endpoint = "127.0.0.1:0";
    server_ = std::move(*HttpServer::start(settings, service_, loops_, ledger_, Logger()));
    return *SocketAddress::from_number("127.0.0.1", server_->port());
  }
  std::future<Result<ClientResponse>> send(HttpClient& client, int64_t timeout_ms, size_t body_bytes = 0) {
    auto promise = std::make_shared<std::promise<Result<ClientResponse>>>();
    auto future = promise->get_future();
    loops_.at(0).post([this, &client, timeout_ms, body_bytes, promise] {
      ClientRequest request;
      request.timeout_ms = timeout_ms;
      if (body_bytes > 0) request.body = Chain(Slice::copy_of(std::string(body_bytes, 'x'), ledger_));
      client.send(std::move(request), [promise](Result<ClientResponse> result) { promise->set_value(std::move(result)); });
    });
    return future;
  }
  // Looks at the condition again and again, for ten seconds at most.
  template <typename Condition>
  bool comes_true(Condition condition) {
    for (int i = 0; i < 1000 && !condition(); i++) {
      std::promise<void> passed;
      loops_.at(0).post([&] { loops_.at(0).run_after_ms(10, [&] { passed.set_value(); }); });
      passed.get_future().wait();
    }
    return condition();
  }

  SystemClock clock_;
  MemoryLedger ledger_;
  LoopGroup loops_{clock_, 1};
  FixedResolver resolver_;
  TestService service_{ledger_};
  std::unique_ptr<HttpServer> server_;
  ClientSettings http1_, http2_;
  std::vector<std::shared_ptr<HttpClient>> clients_;
};

TEST_F(ClientFaultsTest, AnHttp2ServerThatNeverSaysHelloIsLeftInTheTimeForConnecting) {
  RawListener silent;
  resolver_.addresses = {silent.address(), living_server()};
  http2_.connect_timeout_ms = 300;
  HttpClient& waiting = client(http2_);
  auto first = send(waiting, 60'000).get();
  ASSERT_FALSE(first.is_ok());
  EXPECT_EQ(first.status().code(), StatusCode::unavailable);
  EXPECT_TRUE(first.status().is_retryable());
  auto second = send(waiting, 10'000).get();
  EXPECT_TRUE(second.is_ok()) << "the address that was silent is not the first choice any more: " << second.status().to_string();
}

TEST_F(ClientFaultsTest, AConnectionThatFellSilentIsLeftAfterACallTimedOutOnIt) {
  RawListener listener;
  resolver_.addresses = {listener.address()};
  http2_.keepalive_timeout_ms = 200;  // how long a sign of life may take; pings are off
  HttpClient& waiting = client(http2_);
  auto timed_out = send(waiting, 100);
  RawPeer first = listener.accept();
  first.send(settings_frame);
  auto hanging = send(waiting, 60'000);
  EXPECT_EQ(timed_out.get().status().code(), StatusCode::deadline_exceeded);
  ASSERT_EQ(hanging.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(hanging.get().status().code(), StatusCode::unavailable);
  auto next = send(waiting, 1);
  EXPECT_TRUE(listener.accept().is_open()) << "the next call opens a new connection";
  next.wait();
}

TEST_F(ClientFaultsTest, AServerThatIsOnlySlowKeepsItsConnection) {
  RawListener listener;
  resolver_.addresses = {listener.address()};
  http2_.keepalive_timeout_ms = 200;
  HttpClient& waiting = client(http2_);
  auto timed_out = send(waiting, 100);
  RawPeer server = listener.accept();
  server.send(settings_frame);
  auto patient = send(waiting, 3000);
  EXPECT_EQ(timed_out.get().status().code(), StatusCode::deadline_exceeded);
  server.send(http2_frame(4, 1, 0, ""));  // the sign of life
  EXPECT_EQ(patient.get().status().code(), StatusCode::deadline_exceeded) << "nobody closed the connection under it";
}

// How many SETTINGS that are no acknowledgements a client has sent.
size_t count_settings(std::string_view sent) {
  size_t count = 0;
  sent.remove_prefix(std::min(sent.size(), http2_client_preface.size()));
  while (sent.size() >= 9) {
    size_t size =
        static_cast<unsigned char>(sent[0]) << 16 | static_cast<unsigned char>(sent[1]) << 8 | static_cast<unsigned char>(sent[2]);
    if (sent[3] == 4 && sent[4] == 0) count++;
    sent.remove_prefix(std::min(sent.size(), 9 + size));
  }
  return count;
}

TEST_F(ClientFaultsTest, AServerThatNeverAcknowledgesIsNotAskedWithoutEnd) {
  RawListener listener;
  resolver_.addresses = {listener.address()};
  HttpClient& waiting = client(http2_);
  auto first = send(waiting, 1);
  RawPeer server = listener.accept();
  server.send(settings_frame);
  first.wait();
  for (int i = 0; i < 30; i++) {
    send(waiting, 1).wait();
    std::string payload = std::to_string(10'000'000 + i);
    server.send(http2_frame(6, 0, 0, payload));  // it lives, but that is all it says
    ASSERT_TRUE(server.wait_for(http2_frame(6, 1, 0, payload)));
  }
  EXPECT_GT(count_settings(server.received()), 2u) << "it was asked";
  EXPECT_LT(count_settings(server.received()), 15u);
}

TEST_F(ClientFaultsTest, AServerThatSaidGoodbyeButHangsGetsNoNewCalls) {
  RawListener listener;
  resolver_.addresses = {listener.address()};
  HttpClient& waiting = client(http2_);
  auto hanging = send(waiting, 60'000);
  RawPeer first = listener.accept();
  first.send(settings_frame + http2_frame(7, 0, 0, std::string("\0\0\0\x01\0\0\0\0", 8)) + http2_frame(6, 0, 0, ping_bytes));
  ASSERT_TRUE(first.wait_for(http2_frame(6, 1, 0, ping_bytes))) << "the goodbye before the ping has been read";
  auto next = send(waiting, 10'000);
  RawPeer second = listener.accept();
  ASSERT_TRUE(second.is_open()) << "the hanging call must not keep others from a new connection";
  second.send(settings_frame + http2_frame(1, 5, 1, "\x88"));  // ":status: 200" and the end
  EXPECT_TRUE(next.get().is_ok());
  EXPECT_EQ(hanging.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
}

TEST_F(ClientFaultsTest, WhiteSpaceAroundAHeaderIsForgiven) {
  RawListener listener;
  resolver_.addresses = {listener.address()};
  auto answer = send(client(http2_), 10'000);
  RawPeer server = listener.accept();
  server.send(settings_frame + http2_frame(6, 0, 0, ping_bytes));
  ASSERT_TRUE(server.wait_for(http2_frame(6, 1, 0, ping_bytes)));
  server.send(http2_headers(1, {{":status", "200"}, {"x-padded", " value "}}, true));
  auto got = answer.get();
  ASSERT_TRUE(got.is_ok()) << got.status().to_string();
  EXPECT_EQ(got->headers.get("x-padded"), "value");
}

TEST_F(ClientFaultsTest, ADeadAddressHidesNoLivingOne) {
  BlackHole dead;
  resolver_.addresses = {dead.address(), living_server()};
  for (const ClientSettings& settings : {http1_, http2_}) {
    auto answer = send(client(settings), 5'000).get();
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
  }
}

TEST_F(ClientFaultsTest, ARefusingAddressCostsNoTime) {
  int refusing_port = RawListener().port();  // gone again
  resolver_.addresses = {*SocketAddress::from_number("127.0.0.1", refusing_port), living_server()};
  auto answer = send(client(http1_), 5'000).get();
  EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
}

TEST_F(ClientFaultsTest, AnHttp1AddressThatTakesConnectionsAndSaysNothingIsNotTheFirstChoiceForLong) {
  RawListener silent;
  resolver_.addresses = {silent.address(), living_server()};
  HttpClient& waiting = client(http1_);
  EXPECT_EQ(send(waiting, 100).get().status().code(), StatusCode::deadline_exceeded);
  auto second = send(waiting, 10'000).get();
  EXPECT_TRUE(second.is_ok()) << second.status().to_string();
}

TEST_F(ClientFaultsTest, OneHttp1CallWithoutAnswerIsTheEndOfTheIdleConnectionsToThatAddress) {
  RawListener moved_away;
  resolver_.addresses = {moved_away.address()};
  HttpClient& waiting = client(http1_);
  std::vector<std::future<Result<ClientResponse>>> answers;
  std::vector<RawPeer> servers;
  for (int i = 0; i < 3; i++) {
    answers.push_back(send(waiting, 10'000));
    servers.push_back(moved_away.accept());
  }
  for (RawPeer& server : servers) {
    ASSERT_TRUE(server.wait_for("\r\n\r\n"));
    server.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  }
  for (auto& answer : answers) ASSERT_TRUE(answer.get().is_ok());
  resolver_.addresses = {living_server()};
  EXPECT_EQ(send(waiting, 100).get().status().code(), StatusCode::deadline_exceeded);
  auto next = send(waiting, 2'000).get();
  EXPECT_TRUE(next.is_ok()) << "the other connections lead to nowhere, too: " << next.status().to_string();
}

TEST_F(ClientFaultsTest, WhenNobodyAnswersAllIsOverInTheTimeForConnecting) {
  BlackHole one, other;
  resolver_.addresses = {one.address(), other.address()};
  http1_.connect_timeout_ms = 400;
  auto answer = send(client(http1_), 60'000).get();
  ASSERT_FALSE(answer.is_ok());
  EXPECT_EQ(answer.status().code(), StatusCode::unavailable);
}

TEST_F(ClientFaultsTest, AnAbandonedHttp1CallLeavesNothingBehind) {
  RawListener listener;  // never reads
  resolver_.addresses = {listener.address()};
  auto answer = send(client(http1_), 200, 32 << 20);
  RawPeer server = listener.accept();
  EXPECT_EQ(answer.get().status().code(), StatusCode::deadline_exceeded);
  EXPECT_TRUE(comes_true([&] { return ledger_.held_bytes() == 0; })) << "the connection holds on to " << ledger_.held_bytes() << " bytes";
}

}  // namespace
}  // namespace vigia::net
