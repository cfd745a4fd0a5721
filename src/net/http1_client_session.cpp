#include <fmt/core.h>

#include "net/client_internal.h"
#include "net/http1_parser.h"
#include "net/session_internal.h"
#include "net/socket.h"

namespace vigia::net {

namespace {

constexpr size_t most_head_bytes = 64 * 1024;

// HTTP/1.1: one call at a time on a connection.
class Http1ClientSession final : public ClientSession {
 public:
  Http1ClientSession(const ClientSettings& settings, std::optional<ProxyForm> proxy, MemoryLedger& ledger, Host& host)
      : settings_(settings), proxy_(std::move(proxy)), ledger_(ledger), host_(host), body_(ledger) {}

  bool can_take() const override { return !call_ && !is_over_; }
  bool is_leaving() const override { return is_over_; }
  void submit(CallPointer call) override;
  bool receive(std::string_view bytes) override;
  void produce(OutputQueue& output, size_t high_water_bytes) override;
  bool abandon(const CallPointer& call, int64_t now_ms) override;
  void on_closed(const Status& why) override;
  bool is_finished() const override { return is_over_; }
  size_t calls_in_flight() const override { return call_ ? 1 : 0; }
  bool is_confirmed() const override { return true; }  // a server speaks second
  bool check_time(int64_t) override { return true; }

 private:
  bool take_head(std::string_view& input);
  bool take_body(std::string_view& input);
  bool collect(std::string_view piece);
  void complete();
  bool fail(Status why);

  const ClientSettings& settings_;
  std::optional<ProxyForm> proxy_;
  MemoryLedger& ledger_;
  Host& host_;
  CallPointer call_;
  size_t calls_made_ = 0;
  bool is_over_ = false;

  OutputQueue output_;
  std::string head_text_;
  bool has_head_ = false;
  bool got_anything_ = false;
  ClientResponse response_;
  BodyFraming framing_;
  bool keeps_alive_ = true;
  ChunkedReader chunks_;
  BodyCollector body_;
  uint64_t received_bytes_ = 0;  // of the body
};

void Http1ClientSession::submit(CallPointer call) {
  call_ = std::move(call);
  calls_made_++;
  has_head_ = false;
  got_anything_ = false;
  ClientRequest& request = call_->request();
  std::string authority = client_authority(settings_);
  std::string target = proxy_ ? fmt::format("http://{}{}", authority, request.path) : request.path;
  std::string head = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\n", request.method, target, authority);
  if (proxy_ && !proxy_->authorization.empty()) head += fmt::format("proxy-authorization: {}\r\n", proxy_->authorization);
  for (const auto& [name, value] : request.headers.fields()) head += fmt::format("{}: {}\r\n", name, value);
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT")
    head += fmt::format("content-length: {}\r\n", request.body.size());
  output_.append_copy(head + "\r\n");
  output_.append(request.body);
}

void Http1ClientSession::produce(OutputQueue& output, size_t) {
  if (output.empty() && !output_.empty()) std::swap(output, output_);
}

bool Http1ClientSession::receive(std::string_view bytes) {
  if (!call_) return false;  // nobody asked
  got_anything_ = true;
  while (!bytes.empty() && call_)
    if (!(has_head_ ? take_body(bytes) : take_head(bytes))) return false;
  return !is_over_;
}

bool Http1ClientSession::take_head(std::string_view& input) {
  size_t before = head_text_.size();
  head_text_ += input.substr(0, most_head_bytes + 4);
  size_t end = head_text_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    input = {};
    return head_text_.size() <= most_head_bytes || fail(internal_error("the server's answer has a head of more than 64 KiB"));
  }
  input.remove_prefix(end + 4 - before);
  std::string text = std::exchange(head_text_, {}).substr(0, end + 4);
  auto head = parse_http1_response(text);
  if (!head.is_ok()) return fail(internal_error(head.status().message()));
  if (head->status >= 100 && head->status < 200) return true;  // the real answer follows
  auto framing = http1_framing(head->headers);
  if (!framing.is_ok()) return fail(internal_error(framing.status().message()));
  framing_ = *framing;
  keeps_alive_ = http1_keeps_alive(head->minor_version, head->headers);
  response_ = {};
  response_.status = head->status;
  response_.headers = std::move(head->headers);
  has_head_ = true;
  chunks_ = {};
  received_bytes_ = 0;
  if (call_->request().on_head) call_->request().on_head(response_);
  bool has_no_body = call_->request().method == "HEAD" || head->status == 204 || head->status == 304;
  if (has_no_body) framing_ = {false, 0};
  body_.expect(static_cast<size_t>(std::min<uint64_t>(framing_.length.value_or(0), settings_.max_response_bytes)));
  if (framing_.length && *framing_.length == 0) complete();
  if (!framing_.length && !framing_.is_chunked) keeps_alive_ = false;  // the end of the connection ends it
  return true;
}

bool Http1ClientSession::take_body(std::string_view& input) {
  if (framing_.is_chunked) {
    auto piece = chunks_.next(input);
    if (!piece.is_ok()) return fail(internal_error(piece.status().message()));
    if (!collect(*piece)) return false;
    if (chunks_.is_done()) complete();
    return true;
  }
  size_t wanted = framing_.length ? static_cast<size_t>(*framing_.length - received_bytes_) : input.size();
  std::string_view piece = input.substr(0, wanted);
  input.remove_prefix(piece.size());
  if (!collect(piece)) return false;
  if (framing_.length && received_bytes_ == *framing_.length) complete();
  return true;
}

bool Http1ClientSession::collect(std::string_view piece) {
  received_bytes_ += piece.size();
  if (call_->request().on_body)
    return piece.empty() || call_->request().on_body(piece) || fail(Status(StatusCode::cancelled, "the rest of the answer is not wanted"));
  if (Status status = may_take(settings_, ledger_, body_, piece.size()); !status.is_ok()) return fail(std::move(status));
  body_.append(piece);
  return true;
}

void Http1ClientSession::complete() {
  response_.body = body_.take();
  CallPointer call = std::exchange(call_, nullptr);
  is_over_ = !keeps_alive_;
  host_.on_call_over(call);
  call->finish(std::move(response_));
}

bool Http1ClientSession::fail(Status why) {
  is_over_ = true;
  CallPointer call = std::exchange(call_, nullptr);
  host_.on_call_over(call);
  call->finish(std::move(why));
  return false;
}

bool Http1ClientSession::abandon(const CallPointer& call, int64_t) {
  if (call_ != call) return !is_over_;
  call_.reset();
  is_over_ = true;  // half a request may have been sent, and whose the next answer is nobody would know
  return false;
}

void Http1ClientSession::on_closed(const Status& why) {
  if (!call_) return;
  if (has_head_ && !framing_.length && !framing_.is_chunked) {
    complete();
    return;
  }
  CallPointer call = std::exchange(call_, nullptr);
  // The server closed an idle connection just when we began to use it.
  bool was_idle_close = !got_anything_ && calls_made_ > 1 && !call->was_sent_again;
  host_.on_call_over(call);
  if (was_idle_close) {
    call->was_sent_again = true;
    host_.send_elsewhere(std::move(call));
  } else {
    call->finish(why);
  }
}

}  // namespace

std::unique_ptr<ClientSession> new_http1_client_session(const ClientSettings& settings, std::optional<ProxyForm> proxy,
                                                        MemoryLedger& ledger, ClientSession::Host& host) {
  return std::make_unique<Http1ClientSession>(settings, std::move(proxy), ledger, host);
}

Status may_take(const ClientSettings& settings, const MemoryLedger& ledger, const BodyCollector& body, size_t more) {
  constexpr size_t always_taken_bytes = 1 << 20;
  if (body.size() + more > settings.max_response_bytes)
    return internal_error(fmt::format("the server's answer is larger than {} bytes", settings.max_response_bytes));
  size_t growth = body.growth_for(more);
  if (body.size() + growth > always_taken_bytes && ledger.would_exceed(static_cast<int64_t>(growth)))
    return resource_exhausted(
        fmt::format("the memory limit is reached, and {} bytes of the server's answer have come already", body.size()));
  return {};
}

std::string client_authority(const ClientSettings& settings) {
  if (!settings.authority.empty()) return settings.authority;
  if (settings.host.starts_with("unix:")) return "localhost";
  std::string whole = HostPort{settings.host, settings.port}.to_string();
  bool is_default_port = settings.port == (settings.tls ? 443 : 80);
  return is_default_port ? whole.substr(0, whole.rfind(':')) : whole;
}

}  // namespace vigia::net
