#include "net/http1_parser.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "base/text.h"

namespace vigia::net {

namespace {

constexpr size_t max_chunk_line_bytes = 4096;
constexpr size_t max_trailer_bytes = 16 * 1024;

bool is_token(std::string_view text) {
  static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || static_cast<unsigned char>(c) >= 0x20; }) &&
         text.find('\x7F') == std::string_view::npos;
}

// "HTTP/1.0" or "HTTP/1.1" to its minor version.
std::optional<int> minor_version(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  return std::nullopt;
}

// The next line without its end; removes both.
std::string_view take_line(std::string_view& text) {
  size_t end = text.find("\r\n");
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

Result<Headers> parse_fields(std::string_view text) {
  Headers headers;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (line.empty()) break;
    size_t colon = line.find(':');
    std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name)) return invalid_argument("a header line has no proper name");
    std::string_view value = trim(line.substr(colon + 1));
    if (!is_field_value(value)) return invalid_argument(fmt::format("the header {} has a control character in its value", name));
    headers.add(to_lower(name), value);
  }
  return headers;
}

// Two hosts are how one request is made to mean different things to a proxy and to us (RFC 9112, 3.2).
Status check_host(const Http1RequestHead& head) {
  const auto& fields = head.headers.fields();
  auto hosts = std::count_if(fields.begin(), fields.end(), [](const auto& field) { return field.first == "host"; });
  if (hosts > 1) return invalid_argument("there is more than one Host header");
  if (hosts == 0 && head.minor_version == 1) return invalid_argument("the Host header is missing");
  return {};
}

// Proxies, and clients that take us for one, send whole URLs. The host in them counts, not the header's (RFC 9112, 3.2.2).
void split_absolute_form(Http1RequestHead& head) {
  size_t scheme_end = head.target.find("://");
  if (scheme_end == std::string::npos) return;
  std::string_view scheme = std::string_view(head.target).substr(0, scheme_end);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return;
  std::string rest = head.target.substr(scheme_end + 3);
  size_t path = std::min(rest.find_first_of("/?"), rest.size());
  head.headers.set("host", std::string_view(rest).substr(0, path));
  head.target = rest.substr(path);
  if (!head.target.starts_with('/')) head.target.insert(0, "/");
}

}  // namespace

Result<Http1RequestHead> parse_http1_request(std::string_view text) {
  std::string_view line = take_line(text);
  std::vector<std::string_view> parts = split(line, ' ');
  if (parts.size() != 3 || !is_token(parts[0])) return invalid_argument("the request line is not \"METHOD target HTTP/1.1\"");
  Http1RequestHead head;
  head.method = parts[0];
  head.target = parts[1];
  std::optional<int> version = minor_version(parts[2]);
  if (!version) return Status(StatusCode::unimplemented, fmt::format("the HTTP version must be 1.0 or 1.1"));
  head.minor_version = *version;
  if (head.target.empty() || !is_field_value(head.target)) return invalid_argument("the request target is empty or has control characters");
  ASSIGN_OR_RETURN(head.headers, parse_fields(text));
  RETURN_IF_ERROR(check_host(head));
  split_absolute_form(head);
  return head;
}

bool has_bare_line_feed(std::string_view text, size_t from) {
  for (size_t at = text.find('\n', from); at != std::string_view::npos; at = text.find('\n', at + 1))
    if (at == 0 || text[at - 1] != '\r') return true;
  return false;
}

Result<Http1ResponseHead> parse_http1_response(std::string_view text) {
  std::string_view line = take_line(text);
  Http1ResponseHead head;
  std::optional<int> version = minor_version(line.substr(0, 8));
  std::optional<int64_t> status = line.size() >= 12 ? parse_int(line.substr(9, 3)) : std::nullopt;
  if (!version || !status || line[8] != ' ' || *status < 100 || *status > 599)
    return invalid_argument("the answer does not begin with an HTTP/1 status line");
  head.minor_version = *version;
  head.status = static_cast<int>(*status);
  ASSIGN_OR_RETURN(head.headers, parse_fields(text));
  return head;
}

Result<BodyFraming> http1_framing(const Headers& headers) {
  BodyFraming framing;
  for (const auto& [name, value] : headers.fields()) {
    if (name == "transfer-encoding") {
      if (framing.is_chunked || !equals_ignoring_case(value, "chunked"))
        return Status(StatusCode::unimplemented, "the only known Transfer-Encoding is chunked");
      framing.is_chunked = true;
    }
    if (name != "content-length") continue;
    uint64_t length = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc() || end != value.data() + value.size()) return invalid_argument("Content-Length is not a number");
    if (framing.length && *framing.length != length) return invalid_argument("there are two different Content-Length headers");
    framing.length = length;
  }
  // Two ways to say where the body ends are how requests are smuggled past proxies.
  if (framing.is_chunked && framing.length) return invalid_argument("both Content-Length and Transfer-Encoding are there");
  return framing;
}

bool http1_keeps_alive(int minor_version, const Headers& headers) {
  bool keeps = minor_version == 1;
  for (std::string_view option : split(headers.get("connection"), ',')) {
    if (equals_ignoring_case(trim(option), "close")) return false;
    if (equals_ignoring_case(trim(option), "keep-alive")) keeps = true;
  }
  return keeps;
}

Result<bool> ChunkedReader::read_line(std::string_view& input) {
  size_t end = input.find('\n');
  line_ += input.substr(0, end);
  if (line_.size() > max_chunk_line_bytes) return invalid_argument("a line of the chunked body is too long");
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  if (end == std::string_view::npos) return false;
  if (!line_.ends_with('\r')) return invalid_argument("a line of the chunked body does not end in CR LF");
  line_.pop_back();
  return true;
}

Status ChunkedReader::begin_chunk() {
  std::string_view digits = trim(std::string_view(line_).substr(0, line_.find(';')));
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty())
    return invalid_argument("the size of a chunk is not a hexadecimal number");
  state_ = left_ == 0 ? State::trailer : State::data;
  return {};
}

Result<std::string_view> ChunkedReader::next(std::string_view& input) {
  while (!input.empty() && state_ != State::done) {
    if (state_ == State::data) {
      std::string_view piece = input.substr(0, static_cast<size_t>(std::min<uint64_t>(left_, input.size())));
      input.remove_prefix(piece.size());
      left_ -= piece.size();
      if (left_ == 0) state_ = State::data_end;
      return piece;
    }
    ASSIGN_OR_RETURN(bool is_whole, read_line(input));
    if (!is_whole) break;
    if (state_ == State::size) {
      RETURN_IF_ERROR(begin_chunk());
    } else if (state_ == State::data_end) {
      if (!line_.empty()) return invalid_argument("a chunk is longer than it said");
      state_ = State::size;
    } else {
      trailer_bytes_ += line_.size();
      if (trailer_bytes_ > max_trailer_bytes) return invalid_argument("the trailers of the chunked body are too long");
      if (line_.empty()) state_ = State::done;
    }
    line_.clear();
  }
  return std::string_view();
}

}  // namespace vigia::net
