#include "net/socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"

namespace vigia::net {

Result<HostPort> parse_host_port(std::string_view text) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid_argument(fmt::format("\"{}\": the port is missing; write host:port", text));
  std::string_view host = text.substr(0, colon);
  std::optional<int64_t> port = parse_int(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return invalid_argument(fmt::format("\"{}\": the port must be a number from 0 to 65535", text));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return invalid_argument(fmt::format("\"{}\": an IPv6 address stands in brackets: [{}]:{}", text, host, *port));
  }
  return HostPort{std::string(host), static_cast<int>(*port)};
}

std::string HostPort::to_string() const {
  bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size) : size_(size) {
  CHECK(size <= sizeof storage_);
  std::memcpy(&storage_, address, size);
}

Result<SocketAddress> SocketAddress::from_number(std::string_view host, int port) {
  std::string text(host);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) return SocketAddress(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) return SocketAddress(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  return invalid_argument(fmt::format("\"{}\" is not an IP address", host));
}

SocketAddress SocketAddress::unix_path(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  size_t length = std::min(path.size(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path, path.data(), length);
  return {reinterpret_cast<const sockaddr*>(&address), sizeof address};
}

int SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  return 0;
}

std::string SocketAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, port());
  }
  if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, port());
  }
  if (family() == AF_UNIX) return std::string("unix://") + reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path;
  return "?";
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  return size_ == other.size_ && std::memcmp(&storage_, &other.storage_, size_) == 0;
}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = other.release();
  }
  return *this;
}

Socket::~Socket() { close(); }

int Socket::release() { return std::exchange(descriptor_, -1); }

void Socket::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

namespace {

void set_option(const Socket& socket, int level, int option, int value) {
  ::setsockopt(socket.descriptor(), level, option, &value, sizeof value);
}

// `type`: SOCK_STREAM or SOCK_DGRAM.
Result<Socket> listen_at(const SocketAddress& address, bool is_dual_stack, int type) {
  Socket socket(::socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return system_error("cannot open a socket", errno);
  // On UDP it would let two programs have the same port.
  if (type == SOCK_STREAM) set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == AF_INET6) set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, is_dual_stack ? 0 : 1);
  if (::bind(socket.descriptor(), address.get(), address.size()) != 0 || (type == SOCK_STREAM && ::listen(socket.descriptor(), 1024) != 0))
    return system_error("cannot listen on " + address.to_string(), errno);
  return socket;
}

Result<SocketAddress> resolve_local(const HostPort& where) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (int error = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found); error != 0)
    return invalid_argument(fmt::format("cannot listen on {}:{}: {}", where.host, where.port, gai_strerror(error)));
  const addrinfo* best = found;
  for (const addrinfo* entry = found; entry; entry = entry->ai_next)
    if (entry->ai_family == AF_INET) {
      best = entry;
      break;
    }
  SocketAddress address(best->ai_addr, best->ai_addrlen);
  ::freeaddrinfo(found);
  return address;
}

Result<Socket> listen_on_host(std::string_view endpoint, int type) {
  ASSIGN_OR_RETURN(HostPort where, parse_host_port(endpoint));
  if (where.host.empty()) {
    ASSIGN_OR_RETURN(SocketAddress any, SocketAddress::from_number("::", where.port));
    auto socket = listen_at(any, true, type);
    if (socket.is_ok() || socket.status().code() == StatusCode::permission_denied) return socket;
    where.host = "0.0.0.0";  // a machine without IPv6
  }
  auto number = SocketAddress::from_number(where.host, where.port);
  if (number.is_ok()) return listen_at(*number, false, type);
  ASSIGN_OR_RETURN(SocketAddress address, resolve_local(where));
  return listen_at(address, false, type);
}

}  // namespace

Result<Socket> listen_on(std::string_view endpoint) {
  if (!endpoint.starts_with("unix:")) return listen_on_host(endpoint, SOCK_STREAM);
  std::string_view path = endpoint.substr(endpoint.starts_with("unix://") ? 7 : 5);
  ::unlink(std::string(path).c_str());
  return listen_at(SocketAddress::unix_path(path), false, SOCK_STREAM);
}

Result<Socket> bind_datagrams(std::string_view endpoint) { return listen_on_host(endpoint, SOCK_DGRAM); }

Result<Socket> start_connect(const SocketAddress& address) {
  Socket socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return system_error("cannot open a socket", errno);
  if (address.family() != AF_UNIX) set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  if (::connect(socket.descriptor(), address.get(), address.size()) != 0 && errno != EINPROGRESS)
    return system_error("cannot connect to " + address.to_string(), errno);
  return socket;
}

Result<SocketAddress> local_address(const Socket& socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return system_error("cannot read a socket's address", errno);
  return SocketAddress(reinterpret_cast<const sockaddr*>(&storage), size);
}

Status connect_error(const Socket& socket, const SocketAddress& address) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return {};
  return unavailable(system_error("cannot connect to " + address.to_string(), error).message());
}

}  // namespace vigia::net
