#pragma once

// The grammar of HTTP/1.1 messages (RFC 9112), strict: what is not clearly right is refused.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http.h"

namespace vigia::net {

struct Http1RequestHead {
  std::string method;
  std::string target;
  int minor_version = 1;
  Headers headers;
};
struct Http1ResponseHead {
  int status = 0;
  int minor_version = 1;
  Headers headers;
};

// `text` is everything up to and with the empty line.
Result<Http1RequestHead> parse_http1_request(std::string_view text);
Result<Http1ResponseHead> parse_http1_response(std::string_view text);
// Whether a line that ends at or behind `from` ends in LF without CR. Where others may see a line's end and we do not, or the other way
// round, requests can be smuggled.
bool has_bare_line_feed(std::string_view text, size_t from);

// How a message's body is delimited.
struct BodyFraming {
  bool is_chunked = false;
  std::optional<uint64_t> length;  // neither: no body in a request, until the end in a response
};
Result<BodyFraming> http1_framing(const Headers& headers);

// Whether the connection stays open after this message.
bool http1_keeps_alive(int minor_version, const Headers& headers);

// Takes a chunked body apart as it comes.
class ChunkedReader {
 public:
  // Reads from the front of `input` and removes what it read. Gives the next piece of content; empty when more input is needed or the
  // body is over.
  Result<std::string_view> next(std::string_view& input);
  bool is_done() const { return state_ == State::done; }

 private:
  enum class State : uint8_t { size, data, data_end, trailer, done };
  // A whole line out of `line_` and `input`, or nothing yet.
  Result<bool> read_line(std::string_view& input);
  Status begin_chunk();

  State state_ = State::size;
  uint64_t left_ = 0;
  std::string line_;
  size_t trailer_bytes_ = 0;
};

}  // namespace vigia::net
