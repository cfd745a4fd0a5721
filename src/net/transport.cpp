#include "net/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

namespace vigia::net {

void OutputQueue::append_copy(std::string_view bytes) {
  if (bytes.empty()) return;
  constexpr size_t text_piece_bytes = 4096;
  size_ += bytes.size();
  if (pieces_.size() > first_ && pieces_.back().slice.empty() && pieces_.back().text.size() + bytes.size() <= text_piece_bytes)
    pieces_.back().text += bytes;
  else
    pieces_.push_back({std::string(bytes), {}});
}

void OutputQueue::append(Slice slice) {
  if (slice.empty()) return;
  size_ += slice.size();
  pieces_.push_back({{}, std::move(slice)});
}

void OutputQueue::append(const Chain& chain) {
  for (const Slice& slice : chain.slices()) append(slice);
}

size_t OutputQueue::gather(iovec* vectors, size_t count) const {
  size_t used = 0;
  size_t offset = first_offset_;
  for (size_t i = first_; i < pieces_.size() && used < count; i++) {
    std::string_view rest = pieces_[i].view().substr(offset);
    vectors[used++] = {const_cast<char*>(rest.data()), rest.size()};
    offset = 0;
  }
  return used;
}

void OutputQueue::consume(size_t bytes) {
  CHECK(bytes <= size_);
  size_ -= bytes;
  written_bytes_ += bytes;
  while (bytes > 0) {
    size_t left = pieces_[first_].view().size() - first_offset_;
    size_t taken = std::min(left, bytes);
    bytes -= taken;
    first_offset_ += taken;
    if (taken < left) break;
    pieces_[first_] = {};
    first_++;
    first_offset_ = 0;
  }
  if (first_ == pieces_.size()) {
    pieces_.clear();
    first_ = 0;
  } else if (first_ > 64 && first_ * 2 > pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
}

Transport::Transport(Socket socket, ssl_st* session) : socket_(std::move(socket)), session_(session) {
  if (session_) SSL_set_fd(session_, socket_.descriptor());
}

Transport::Transport(Transport&& other) noexcept
    : socket_(std::move(other.socket_)),
      session_(std::exchange(other.session_, nullptr)),
      wants_write_(other.wants_write_),
      tls_error_(std::move(other.tls_error_)),
      tls_pending_(std::move(other.tls_pending_)) {}

Transport::~Transport() {
  if (session_) SSL_free(session_);
}

namespace {

// What the other side's last word means. `peer` is "server" or "client".
std::string explain_alert(int alert, std::string_view peer) {
  switch (alert) {
    case TLS13_AD_CERTIFICATE_REQUIRED:
      return fmt::format("the {} requires a client certificate", peer);
    case TLS1_AD_UNKNOWN_CA:
      return fmt::format("the {} does not trust who signed our certificate (unknown CA)", peer);
    case SSL3_AD_CERTIFICATE_EXPIRED:
      return fmt::format("the {} says that our certificate has expired", peer);
    case SSL3_AD_HANDSHAKE_FAILURE:
      return fmt::format("the {} refused the handshake: no common TLS settings, or a client certificate is required", peer);
    default:
      return fmt::format("the {} refused: {}", peer, SSL_alert_desc_string_long(alert));
  }
}

std::string explain_tls_error(const SSL* session) {
  unsigned long code = ERR_peek_last_error();
  int reason = ERR_GET_REASON(code);
  std::string_view peer = SSL_is_server(session) ? "client" : "server";
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return fmt::format("the {}'s certificate was refused: {}", peer, X509_verify_cert_error_string(SSL_get_verify_result(session)));
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
    return fmt::format("the {} did not return a certificate", peer);
  bool is_alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
  if (is_alert) return explain_alert(reason - SSL_AD_REASON_OFFSET, peer);
  const char* text = ERR_reason_error_string(code);
  return text ? text : "unknown TLS error";
}

}  // namespace

IoState Transport::tls_state(int result) {
  wants_write_ = false;
  switch (SSL_get_error(session_, result)) {
    case SSL_ERROR_NONE:
      return IoState::open;
    case SSL_ERROR_WANT_READ:
      return IoState::would_block;
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      return IoState::would_block;
    case SSL_ERROR_SSL:
      tls_error_ = explain_tls_error(session_);
      return IoState::closed;
    default:
      return IoState::closed;
  }
}

IoState Transport::handshake() {
  if (!session_) return IoState::open;
  ERR_clear_error();
  return tls_state(SSL_do_handshake(session_));
}

bool Transport::asks_for_certificate() const { return session_ && (SSL_get_verify_mode(session_) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) != 0; }

std::string_view Transport::alpn() const {
  if (!session_) return {};
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(session_, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string Transport::peer_certificate_subject() const {
  if (!session_) return {};
  X509* certificate = SSL_get0_peer_certificate(session_);
  if (!certificate || SSL_get_verify_result(session_) != X509_V_OK) return {};
  std::array<char, 512> text{};
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), text.size());
  return text.data();
}

Transport::ReadResult Transport::read(char* room, size_t size) {
  if (session_) {
    ERR_clear_error();
    size_t bytes = 0;
    int result = SSL_read_ex(session_, room, size, &bytes);
    return {bytes, result == 1 ? IoState::open : tls_state(result)};
  }
  for (;;) {
    ssize_t bytes = ::recv(socket_.descriptor(), room, size, 0);
    if (bytes > 0) return {static_cast<size_t>(bytes), IoState::open};
    if (bytes < 0 && errno == EINTR) continue;
    bool would_block = bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    return {0, would_block ? IoState::would_block : IoState::closed};
  }
}

IoState Transport::write(OutputQueue& output) { return session_ ? write_tls(output) : write_plain(output); }

IoState Transport::write_plain(OutputQueue& output) {
  std::array<iovec, 128> vectors;
  while (!output.empty()) {
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = output.gather(vectors.data(), vectors.size());
    ssize_t sent = ::sendmsg(socket_.descriptor(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? IoState::would_block : IoState::closed;
    output.consume(static_cast<size_t>(sent));
  }
  return IoState::open;
}

IoState Transport::write_tls(OutputQueue& output) {
  constexpr size_t record_bytes = 16 * 1024;
  std::array<iovec, 32> vectors;
  while (!output.empty() || !tls_pending_.empty()) {
    if (tls_pending_.empty()) {
      // One record of many small pieces instead of many small records.
      size_t count = output.gather(vectors.data(), vectors.size());
      for (size_t i = 0; i < count && tls_pending_.size() < record_bytes; i++)
        tls_pending_.append(static_cast<const char*>(vectors[i].iov_base),
                            std::min(vectors[i].iov_len, record_bytes - tls_pending_.size()));
      output.consume(tls_pending_.size());
    }
    ERR_clear_error();
    size_t written = 0;
    int result = SSL_write_ex(session_, tls_pending_.data(), tls_pending_.size(), &written);
    if (result != 1) return tls_state(result);
    tls_pending_.clear();
  }
  return IoState::open;
}

void Transport::finish_writing() {
  if (session_) {
    ERR_clear_error();
    SSL_shutdown(session_);
  }
  ::shutdown(socket_.descriptor(), SHUT_WR);
}

}  // namespace vigia::net
