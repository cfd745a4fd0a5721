#pragma once

// HTTP messages as handlers and clients see them, whatever version carried them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/function.h"
#include "net/event_loop.h"

namespace vigia::net {

// Header fields in order. Names are lower case; values lose the white space around them, which no version of HTTP allows on the wire.
class Headers {
 public:
  void add(std::string_view lower_case_name, std::string_view value);
  void set(std::string_view lower_case_name, std::string_view value);
  // The first value, or "" when there is none.
  std::string_view get(std::string_view lower_case_name) const;
  bool has(std::string_view lower_case_name) const;

  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

enum class HttpVersion : uint8_t { http1, http2 };

struct RequestHead {
  std::string method;
  std::string path;   // without the query, as it was sent; of a whole URL, what is behind the host
  std::string query;  // without the question mark
  Headers headers;
  HttpVersion version = HttpVersion::http1;
  bool is_tls = false;
  std::string peer_address;              // "127.0.0.1:4711"
  std::string peer_certificate_subject;  // of a verified client certificate
};

struct Response {
  int status = 200;
  Headers headers;
  Chain body;
  // Sent behind the body where the version has trailers (gRPC's status).
  Headers trailers;
};

// Whether a Content-Type names this type: letter case and parameters do not matter.
bool is_media_type(std::string_view content_type, std::string_view lower_case_type);

// "Not Found" for 404.
std::string_view reason_phrase(int status);

Response text_response(int status, std::string_view content_type, std::string_view body, MemoryLedger& ledger);

// How a request is answered, once, at any time, on any thread. Dropped unused, it answers 500.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void respond(Response response) = 0;

  // Streaming instead of respond(): the head, then pieces, then the end. `written` is called once the piece has left
  // for the peer (so that no more than a piece is held), with false when the peer has gone.
  virtual void start(Response head) = 0;
  virtual void write(Chain piece, Function<void(bool is_open)> written) = 0;
  virtual void finish(Headers trailers) = 0;

  // The loop of the connection.
  virtual EventLoop& loop() = 0;
};

struct Request {
  RequestHead head;
  Slice body;
};

// What shall become of a request's body, decided when only the head is there.
struct BodyPlan {
  size_t max_size_bytes = 1 << 20;
  // Answer at once and read no body.
  std::optional<Response> refusal;
  // The body is one gRPC message with its five-byte prefix; a longer one is refused as soon as the prefix says so.
  bool is_grpc = false;
};

// What a server serves. Called on the connection's loop.
class HttpService {
 public:
  virtual ~HttpService() = default;
  virtual BodyPlan plan(const RequestHead& head) = 0;
  virtual void serve(Request request, std::unique_ptr<Responder> responder) = 0;
  // Asked before a body takes `more_bytes` of memory: perhaps there is none left that was there when plan() was asked.
  virtual std::optional<Response> refuse_growth(const RequestHead&, size_t /*more_bytes*/) { return std::nullopt; }
  // How to say that the server itself refuses a request (413 for a body over the plan's size, 408, …); it never gets to serve().
  // gRPC requests are answered in gRPC's way and do not come here.
  virtual Response refusal(const RequestHead& head, int http_status, std::string_view reason) = 0;
};

}  // namespace vigia::net
