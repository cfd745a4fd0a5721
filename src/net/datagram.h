#pragma once

// A UDP socket that is bound to an address: datagrams come in one by one and can be answered.

#include <memory>
#include <string_view>

#include "base/function.h"
#include "net/event_loop.h"
#include "net/socket.h"

namespace vigia::net {

class DatagramSocket final : public IoHandler {
 public:
  using OnDatagram = Function<void(std::string_view bytes, const SocketAddress& from)>;

  // `endpoint` as of listen_on(), but for sockets in the file system.
  static Result<std::unique_ptr<DatagramSocket>> bind(std::string_view endpoint);
  // REQUIRES: stopped, if begin() was called and its loop still runs.
  ~DatagramSocket() override = default;

  int descriptor() const { return socket_.descriptor(); }

  // --- What follows may be called on one loop only. ---

  Status begin(EventLoop& loop, OnDatagram on_datagram);
  // What the system does not take at once is lost, as any datagram may be.
  void send(std::string_view bytes, const SocketAddress& to);
  void stop();
  void on_io(bool readable, bool writable) override;

 private:
  explicit DatagramSocket(Socket socket) : socket_(std::move(socket)) {}

  Socket socket_;
  EventLoop* loop_ = nullptr;
  OnDatagram on_datagram_;
};

}  // namespace vigia::net
