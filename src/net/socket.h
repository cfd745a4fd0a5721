#pragma once

// Addresses and sockets, thinly wrapped.

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/status.h"

namespace vigia::net {

struct HostPort {
  std::string host;  // "" is any address; brackets of IPv6 removed
  int port = 0;

  // The brackets back again.
  std::string to_string() const;
};
// "host:port", "[::1]:4317", ":8080", "localhost:0".
Result<HostPort> parse_host_port(std::string_view text);

class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t size);
  // A number: "127.0.0.1", "::1".
  static Result<SocketAddress> from_number(std::string_view host, int port);
  static SocketAddress unix_path(std::string_view path);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }
  int port() const;
  std::string to_string() const;  // "127.0.0.1:80", "[::1]:80"
  bool operator==(const SocketAddress& other) const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// A descriptor that closes itself.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  int descriptor() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  int release();
  void close();

 private:
  int descriptor_ = -1;
};

// Non-blocking listeners and connections, close-on-exec. Names are resolved here (a listener's endpoint is local: "localhost").
Result<Socket> listen_on(std::string_view endpoint);
// The same for UDP.
Result<Socket> bind_datagrams(std::string_view endpoint);
Result<Socket> start_connect(const SocketAddress& address);
Result<SocketAddress> local_address(const Socket& socket);
// Why a connect failed, once the socket is writable.
Status connect_error(const Socket& socket, const SocketAddress& address);

}  // namespace vigia::net
