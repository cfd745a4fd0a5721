#pragma once

// The other end of a connection by hand, for tests: blocking sockets on the loopback that say, or do not say, what no client and
// no server of ours would. Every wait has a deadline.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <string>
#include <string_view>

#include "base/check.h"
#include "net/socket.h"

namespace vigia::net {

inline constexpr int raw_deadline_s = 10;

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class RawPeer {
 public:
  explicit RawPeer(Socket socket) : socket_(std::move(socket)) {
    timeval deadline{raw_deadline_s, 0};
    ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
  }
  static RawPeer connect(int port, int receive_buffer_bytes = 0) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer_bytes > 0)
      ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    sockaddr_in address = loopback(port);
    CHECK(::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return RawPeer(std::move(socket));
  }

  int descriptor() const { return socket_.descriptor(); }
  bool is_open() const { return socket_.is_open(); }
  // Stops when the other side has closed.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(socket_.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // Reads on until `text` has come; whether it did.
  bool wait_for(std::string_view text) {
    while (received_.find(text) == std::string::npos)
      if (!receive_more()) return false;
    return true;
  }
  // Reads to the end of the connection; false when it does not come.
  bool wait_for_end() {
    while (receive_more()) {
    }
    return is_ended_;
  }
  const std::string& received() const { return received_; }
  // Ends the connection with RST.
  void reset() {
    linger at_once{1, 0};
    ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.close();
  }

 private:
  bool receive_more() {
    char block[16 * 1024];
    ssize_t count = ::recv(socket_.descriptor(), block, sizeof block, 0);
    is_ended_ = count == 0 || (count < 0 && errno == ECONNRESET);
    if (count > 0) received_.append(block, static_cast<size_t>(count));
    return count > 0;
  }

  Socket socket_;
  std::string received_;
  bool is_ended_ = false;
};

class RawListener {
 public:
  explicit RawListener(int backlog = 16) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval deadline{raw_deadline_s, 0};
    ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    sockaddr_in address = loopback(0);
    CHECK(::bind(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    CHECK(::listen(socket_.descriptor(), backlog) == 0);
  }
  int port() const { return local_address(socket_)->port(); }
  SocketAddress address() const { return *local_address(socket_); }
  // Not open when nobody comes within the deadline.
  RawPeer accept() { return RawPeer(Socket(::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC))); }

 private:
  Socket socket_;
};

// An address that swallows whoever connects: its queue is full, and further handshakes are dropped.
class BlackHole {
 public:
  BlackHole() : listener_(0) {
    for (Socket& filler : fillers_) {
      filler = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      sockaddr_in address = loopback(listener_.port());
      [[maybe_unused]] int begun = ::connect(filler.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
  }
  SocketAddress address() const { return listener_.address(); }

 private:
  RawListener listener_;
  Socket fillers_[4];
};

}  // namespace vigia::net
