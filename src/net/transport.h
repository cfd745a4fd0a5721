#pragma once

// One connected socket, plain or TLS, and the bytes that wait to leave on it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "net/socket.h"

struct iovec;
struct ssl_st;

namespace vigia::net {

// Bytes on their way out. Small texts are copied, slices are held until they have left.
class OutputQueue {
 public:
  void append_copy(std::string_view bytes);
  void append(Slice slice);
  void append(const Chain& chain);

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // All bytes that have ever left; with size() it tells when a piece is out.
  uint64_t written_bytes() const { return written_bytes_; }

  // The first pieces, at most `count` of them.
  size_t gather(iovec* vectors, size_t count) const;
  void consume(size_t bytes);

 private:
  struct Piece {
    std::string text;
    Slice slice;
    std::string_view view() const { return slice.empty() ? std::string_view(text) : slice.view(); }
  };
  std::vector<Piece> pieces_;
  size_t first_ = 0;         // pieces before it have left
  size_t first_offset_ = 0;  // as has this much of the first
  size_t size_ = 0;
  uint64_t written_bytes_ = 0;
};

enum class IoState : uint8_t { open, would_block, closed };

class Transport {
 public:
  // Plain text, or TLS when `session` is given; it is freed with the transport.
  Transport(Socket socket, ssl_st* session);
  Transport(Transport&& other) noexcept;
  Transport& operator=(Transport&&) = delete;
  ~Transport();

  int descriptor() const { return socket_.descriptor(); }
  bool is_tls() const { return session_ != nullptr; }

  // Goes on with the TLS handshake: `open` when it is over (at once in plain text).
  IoState handshake();
  // Whether this side is a server that lets nobody in without a certificate.
  bool asks_for_certificate() const;
  std::string_view alpn() const;
  std::string peer_certificate_subject() const;
  // Why TLS failed, for people; "" when it did not, or the connection only ended.
  const std::string& tls_error() const { return tls_error_; }

  // `state` is would_block when nothing is there now, closed at the end and on errors.
  struct ReadResult {
    size_t bytes = 0;
    IoState state = IoState::open;
  };
  ReadResult read(char* room, size_t size);
  // Writes what the socket takes: `open` when all is out.
  IoState write(OutputQueue& output);
  // Whether TLS must write before it can read on.
  bool wants_write() const { return wants_write_; }

  // The socket, for another transport on it: nothing may be done with this one then. REQUIRES: plain text.
  Socket release_socket() { return std::move(socket_); }
  // No more will be written; the other side sees the end.
  void finish_writing();

 private:
  IoState tls_state(int result);
  IoState write_plain(OutputQueue& output);
  IoState write_tls(OutputQueue& output);

  Socket socket_;
  ssl_st* session_ = nullptr;
  bool wants_write_ = false;
  std::string tls_error_;
  std::string tls_pending_;  // a record that OpenSSL wants to be offered again, unchanged
};

}  // namespace vigia::net
