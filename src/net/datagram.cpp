#include "net/datagram.h"

#include <array>

namespace vigia::net {

Result<std::unique_ptr<DatagramSocket>> DatagramSocket::bind(std::string_view endpoint) {
  ASSIGN_OR_RETURN(Socket socket, bind_datagrams(endpoint));
  return std::unique_ptr<DatagramSocket>(new DatagramSocket(std::move(socket)));
}

Status DatagramSocket::begin(EventLoop& loop, OnDatagram on_datagram) {
  loop_ = &loop;
  on_datagram_ = std::move(on_datagram);
  return loop.watch(socket_.descriptor(), true, false, *this);
}

void DatagramSocket::on_io(bool, bool) {
  constexpr int most_at_once = 64;  // then the loop's other sockets have their turn
  std::array<char, 65536> room;
  for (int i = 0; i < most_at_once && socket_.is_open(); i++) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    ssize_t bytes = ::recvfrom(socket_.descriptor(), room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (bytes < 0) return;
    on_datagram_({room.data(), static_cast<size_t>(bytes)}, SocketAddress(reinterpret_cast<const sockaddr*>(&from), size));
  }
}

void DatagramSocket::send(std::string_view bytes, const SocketAddress& to) {
  ssize_t sent = ::sendto(socket_.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL, to.get(), to.size());
  (void)sent;
}

void DatagramSocket::stop() {
  if (!loop_ || !socket_.is_open()) return;
  loop_->forget(socket_.descriptor());
  socket_.close();
}

}  // namespace vigia::net
