#pragma once

// A server session without a socket, for tests and fuzzers: bytes go in, answers come out, and time is turned by hand.

#include <sys/uio.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/grpc.h"
#include "net/session_internal.h"

namespace vigia::net {

// Serves what a test asks for by the path.
class TestService final : public HttpService {
 public:
  explicit TestService(MemoryLedger& ledger) : ledger_(ledger) {}

  BodyPlan plan(const RequestHead& head) override {
    BodyPlan plan;
    plan.is_grpc = is_grpc_request(head);
    plan.max_size_bytes = max_body_bytes;
    if (head.path == "/refused") plan.refusal = text_response(429, "text/plain", "later", ledger_);
    return plan;
  }
  void serve(Request request, std::unique_ptr<Responder> responder) override {
    served++;
    last_body = request.body.view();
    if (request.head.path == "/hold") {
      held.push_back(std::move(responder));
    } else if (is_grpc_request(request.head)) {
      auto message = read_grpc_message(request.head, request.body);
      if (!message.is_ok()) return responder->respond(grpc_error(message.status()));
      auto plain = decompress(message->compression, message->content.view(), max_body_bytes, ledger_);
      if (!plain.is_ok()) return responder->respond(grpc_error(plain.status()));
      responder->respond(grpc_response({}, ledger_));
    } else {
      responder->respond(text_response(200, "text/plain", "ok " + request.head.path, ledger_));
    }
  }
  Response refusal(const RequestHead&, int status, std::string_view reason) override {
    return text_response(status, "text/plain", reason, ledger_);
  }
  std::optional<Response> refuse_growth(const RequestHead&, size_t) override {
    if (!is_full) return std::nullopt;
    return text_response(503, "text/plain", "full", ledger_);
  }

  bool is_full = false;
  size_t max_body_bytes = 1 << 20;
  int served = 0;
  std::string last_body;
  std::vector<std::unique_ptr<Responder>> held;

 private:
  MemoryLedger& ledger_;
};

class TestSession final : public ResponderSource {
 public:
  using Maker = std::unique_ptr<Session> (*)(const SessionContext&, const PeerFacts&, ResponderSource&);

  explicit TestSession(Maker make) : make_(make) { reset(); }

  // A fresh connection.
  void reset() {
    service.held.clear();
    session = make_({settings, &service, loop, ledger}, peer_, *this);
    is_open = true;
  }
  // What the session says to these bytes.
  std::string exchange(std::string_view bytes) {
    is_open = is_open && session->receive(bytes);
    return output();
  }
  std::string output() {
    std::string text;
    for (int round = 0; round < 1000; round++) {
      OutputQueue queue;
      session->produce(queue, 1 << 20);
      bool is_empty = queue.empty();
      while (!queue.empty()) {
        iovec vectors[16];
        size_t count = queue.gather(vectors, 16);
        size_t bytes = 0;
        for (size_t i = 0; i < count; i++) {
          text.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
          bytes += vectors[i].iov_len;
        }
        queue.consume(bytes);
      }
      session->on_all_written();
      if (is_empty) break;
    }
    return text;
  }

  std::unique_ptr<Responder> make_responder(uint64_t stream_id) override { return std::make_unique<DirectResponder>(*this, stream_id); }

  ManualClock clock;
  MemoryLedger ledger;
  EventLoop loop{clock};
  ServerSettings settings;
  TestService service{ledger};
  std::unique_ptr<Session> session;
  bool is_open = true;

 private:
  class DirectResponder final : public Responder {
   public:
    DirectResponder(TestSession& owner, uint64_t id) : owner_(owner), id_(id) {}
    void respond(Response response) override {
      if (owner_.session) owner_.session->respond(id_, std::move(response));
    }
    void start(Response head) override { owner_.session->start(id_, std::move(head)); }
    void write(Chain piece, Function<void(bool)> written) override { owner_.session->write(id_, std::move(piece), std::move(written)); }
    void finish(Headers trailers) override { owner_.session->finish(id_, std::move(trailers)); }
    EventLoop& loop() override { return owner_.loop; }

   private:
    TestSession& owner_;
    uint64_t id_;
  };

  Maker make_;
  PeerFacts peer_{"192.0.2.1:4711", "", false};
};

// HTTP/2 frames by hand.
inline constexpr std::string_view http2_client_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string http2_frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string frame;
  for (int shift = 16; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift & 255);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(stream >> shift & 255);
  return frame.append(payload);
}
inline std::string http2_headers(uint32_t stream, const std::vector<std::pair<std::string, std::string>>& fields, bool ends_stream) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';  // a literal that nobody needs to remember
    block += static_cast<char>(name.size());
    block += name;
    block += static_cast<char>(value.size());
    block += value;
  }
  return http2_frame(1, ends_stream ? 5 : 4, stream, block);
}
inline std::string grpc_headers(uint32_t stream, std::vector<std::pair<std::string, std::string>> more = {}) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {":method", "POST"}, {":scheme", "http"}, {":path", "/x.Y/Z"}, {":authority", "test"}, {"content-type", "application/grpc"},
      {"te", "trailers"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return http2_headers(stream, fields, false);
}
inline std::string http2_data(uint32_t stream, std::string_view payload, bool ends_stream) {
  return http2_frame(0, ends_stream ? 1 : 0, stream, payload);
}
inline std::string grpc_prefix(uint8_t flag, uint32_t length) {
  std::string prefix(1, static_cast<char>(flag));
  for (int shift = 24; shift >= 0; shift -= 8) prefix += static_cast<char>(length >> shift & 255);
  return prefix;
}

}  // namespace vigia::net
