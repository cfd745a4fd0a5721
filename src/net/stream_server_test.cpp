// Scenario: peers of a protocol that is not HTTP, in plain text and by TLS, that speak, fall silent, do not read, or are there when the server
// stops.
// Guarantee: a handler gets every byte in order and is heard; nothing is read from a peer while the handler does not want it, or while the peer
// takes nothing of what it is told; a stop waits for handlers that have something to finish, and for no others.

#include "net/stream_server.h"

#include <gtest/gtest.h>

#include <future>

#include "net/datagram.h"
#include "net/test_raw_peer.h"

namespace vigia::net {
namespace {

// Says back what it hears, but for a few words. Shared with the test by the service.
struct Facts {
  std::atomic<int> opened{0}, closed{0}, heard{0};
  std::atomic<bool> wants_input{true}, is_busy{false};
  std::atomic<StreamConnection*> last{nullptr};
};

class Echo final : public StreamHandler {
 public:
  Echo(StreamConnection& connection, Facts& facts) : connection_(connection), facts_(facts) {
    facts_.opened++;
    facts_.last = &connection;
    connection_.send("welcome ");
  }
  ~Echo() override { facts_.closed++; }
  bool receive(std::string_view bytes) override {
    facts_.heard += static_cast<int>(bytes.size());
    if (bytes.find("flood") != std::string_view::npos) connection_.send(std::string(32 << 20, 'f'));
    if (bytes.find("break") != std::string_view::npos) {
      connection_.send("bye");
      return false;
    }
    connection_.send(bytes);
    return true;
  }
  bool wants_input() const override { return facts_.wants_input; }
  bool is_finished() const override { return is_draining_ && !facts_.is_busy; }
  void begin_drain() override { is_draining_ = true; }
  bool check_time(int64_t) override { return true; }

 private:
  StreamConnection& connection_;
  Facts& facts_;
  bool is_draining_ = false;
};

class EchoService final : public StreamService {
 public:
  std::unique_ptr<StreamHandler> open(StreamConnection& connection) override { return std::make_unique<Echo>(connection, facts); }
  Facts facts;
};

class StreamServerTest : public testing::Test {
 protected:
  void SetUp() override {
    loops_.start();
    settings_.endpoint = "127.0.0.1:0";
  }
  void TearDown() override {
    if (server_) drain();
    loops_.stop();
    EXPECT_EQ(service_.facts.opened, service_.facts.closed);
  }
  int serve() {
    server_ = std::move(*StreamServer::listen(settings_, service_, loops_, ledger_, Logger()));
    server_->begin();
    return server_->port();
  }
  void drain() {
    std::promise<void> drained;
    server_->drain(5'000, [&] { drained.set_value(); });
    drained.get_future().wait();
    server_.reset();
  }
  template <typename Condition>
  bool comes_true(Condition condition) {
    for (int i = 0; i < 1000 && !condition(); i++) pause_thread_ms(5);
    return condition();
  }

  SystemClock clock_;
  MemoryLedger ledger_;
  LoopGroup loops_{clock_, 2};
  ServerSettings settings_;
  EchoService service_;
  std::unique_ptr<StreamServer> server_;
};

TEST_F(StreamServerTest, EveryByteInOrder) {
  int port = serve();
  RawPeer peer = RawPeer::connect(port);
  EXPECT_TRUE(peer.wait_for("welcome "));
  std::string large(3 << 20, 'x');
  std::thread writer([&] { peer.send(large + "end"); });
  EXPECT_TRUE(peer.wait_for("end"));
  writer.join();
  EXPECT_EQ(peer.received(), "welcome " + large + "end");
}

TEST_F(StreamServerTest, WhatWasSaidIsSentBeforeABrokenConnectionEnds) {
  int port = serve();
  RawPeer peer = RawPeer::connect(port);
  peer.send("break");
  EXPECT_TRUE(peer.wait_for_end());
  EXPECT_EQ(peer.received(), "welcome bye");
}

TEST_F(StreamServerTest, NothingIsReadWhileTheHandlerDoesNotWantIt) {
  service_.facts.wants_input = false;
  int port = serve();
  RawPeer peer = RawPeer::connect(port);
  EXPECT_TRUE(peer.wait_for("welcome "));
  peer.send("waits");
  pause_thread_ms(50);
  EXPECT_EQ(service_.facts.heard, 0);
  service_.facts.wants_input = true;
  // The handler has changed its mind, and says so from its loop.
  StreamConnection& connection = *service_.facts.last;
  connection.loop().post([&] { connection.refresh(); });
  EXPECT_TRUE(peer.wait_for("waits"));
}

TEST_F(StreamServerTest, APeerThatDoesNotReadIsNotHeard) {
  int port = serve();
  RawPeer peer = RawPeer::connect(port, 4096);
  peer.send("flood");
  EXPECT_TRUE(comes_true([&] { return service_.facts.heard == 5; }));
  std::thread writer([&] { peer.send(std::string(16 << 20, 'y')); });
  pause_thread_ms(100);
  EXPECT_LT(service_.facts.heard, 1 << 20);
  peer.reset();
  writer.join();
  EXPECT_TRUE(comes_true([&] { return service_.facts.closed == 1; }));
}

TEST_F(StreamServerTest, AStopWaitsForWhatIsToBeFinished) {
  int port = serve();
  RawPeer idle = RawPeer::connect(port);
  EXPECT_TRUE(idle.wait_for("welcome "));
  service_.facts.is_busy = true;
  std::promise<void> drained;
  server_->drain(10'000, [&] { drained.set_value(); });
  auto future = drained.get_future();
  EXPECT_EQ(future.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  service_.facts.is_busy = false;
  StreamConnection& connection = *service_.facts.last;
  connection.loop().post([&] { connection.send("last words"); });
  EXPECT_TRUE(idle.wait_for_end());
  EXPECT_EQ(idle.received(), "welcome last words");
  future.wait();
  server_.reset();
}

TEST_F(StreamServerTest, Datagrams) {
  auto socket = std::move(*DatagramSocket::bind("127.0.0.1:0"));
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(socket->descriptor(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  loops_.at(0).post([&] {
    ASSERT_TRUE(
        socket
            ->begin(loops_.at(0), [&](std::string_view bytes, const SocketAddress& from) { socket->send(std::string(bytes) + "!", from); })
            .is_ok());
  });
  Socket client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  timeval deadline{raw_deadline_s, 0};
  ::setsockopt(client.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  for (const std::string& word : {std::string("hello"), std::string(), std::string(2000, 'z')}) {
    ASSERT_GE(::sendto(client.descriptor(), word.data(), word.size(), 0, reinterpret_cast<sockaddr*>(&address), size), 0);
    std::string answer(4000, '\0');
    ssize_t bytes = ::recv(client.descriptor(), answer.data(), answer.size(), 0);
    ASSERT_GE(bytes, 0);
    EXPECT_EQ(answer.substr(0, static_cast<size_t>(bytes)), word + "!");
  }
  std::promise<void> stopped;
  loops_.at(0).post([&] {
    socket->stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
}

}  // namespace
}  // namespace vigia::net
