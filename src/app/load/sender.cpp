#include "app/load/sender.h"

#include <algorithm>
#include <utility>

#include "app/load/answer.h"

namespace vigia::app {
namespace {

constexpr int64_t tick_ms = 1;
// After a failure a lane rests, so that a receiver that is away is not asked a hundred thousand times a second.
constexpr int64_t rest_after_failure_ms = 50;

std::string_view export_path(const LoadOptions& options) {
  bool is_grpc = options.protocol == LoadProtocol::grpc;
  switch (options.data.signal) {
    case otlp::Signal::traces:
      return is_grpc ? "/opentelemetry.proto.collector.trace.v1.TraceService/Export" : "/v1/traces";
    case otlp::Signal::metrics:
      return is_grpc ? "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" : "/v1/metrics";
    case otlp::Signal::logs:
      return is_grpc ? "/opentelemetry.proto.collector.logs.v1.LogsService/Export" : "/v1/logs";
  }
  return "";
}

net::Headers request_headers(const LoadOptions& options) {
  net::Headers headers;
  bool is_grpc = options.protocol == LoadProtocol::grpc;
  headers.add("content-type", is_grpc ? "application/grpc" : "application/x-protobuf");
  if (is_grpc) headers.add("te", "trailers");
  if (options.compression != Compression::none)
    headers.add(is_grpc ? "grpc-encoding" : "content-encoding", compression_name(options.compression));
  headers.add("user-agent", "vigia-load");
  for (const auto& [name, value] : options.headers.fields()) headers.add(name, value);
  return headers;
}

net::ClientSettings client_settings(const LoadContext& context) {
  const LoadOptions& options = context.options;
  net::ClientSettings settings;
  settings.host = options.host;
  settings.port = options.port;
  settings.tls = context.tls;
  settings.allow_http1 = options.protocol == LoadProtocol::http;
  settings.allow_http2 = options.protocol == LoadProtocol::grpc;
  settings.max_connections_per_loop = 1;
  settings.max_response_bytes = 1 << 20;
  return settings;
}

}  // namespace

LoadSender::LoadSender(const LoadContext& context, net::EventLoop& loop, LoadShare share)
    : context_(context),
      loop_(loop),
      share_(share),
      headers_(request_headers(context.options)),
      items_per_request_(context.options.data.batch) {
  if (share_.items_per_second > 0) ns_per_request_ = 1e9 * static_cast<double>(items_per_request_) / share_.items_per_second;
}

Status LoadSender::prepare(uint64_t id_seed) {
  lane_count_ = share_.connections * context_.options.requests_in_flight;
  auto now_ns = static_cast<uint64_t>(loop_.clock().wall_ns());
  size_t last_items = share_.max_items % items_per_request_;
  ASSIGN_OR_RETURN(source_, RequestSource::create(context_.options, lane_count_, id_seed, now_ns, last_items, context_.ledger));
  return {};
}

void LoadSender::start() {
  loop_.post([this] { begin(); });
}

void LoadSender::stop() {
  loop_.post([this] { finish_sending(); });
}

void LoadSender::close(std::latch& open_connections) {
  for (auto& connection : connections_) connection->close([&open_connections] { open_connections.count_down(); });
}

void LoadSender::begin() {
  free_lanes_.resize(lane_count_);
  for (size_t i = 0; i < share_.connections; i++)
    connections_.push_back(
        net::HttpClient::create(client_settings(context_), context_.loops, context_.resolver, context_.ledger, Logger()));
  for (size_t i = 0; i < lane_count_; i++) free_lane(i % share_.connections);
  start_ns_ = loop_.clock().steady_ns();
  stop_ns_ = start_ns_ + context_.options.duration_ms * 1'000'000;
  end_ns_ = start_ns_;
  is_sending_ = true;
  on_tick();
}

void LoadSender::on_tick() {
  if (!is_sending_) return;
  send_what_is_due();
  if (loop_.clock().steady_ns() >= stop_ns_) finish_sending();
  if (is_sending_) loop_.run_after_ms(tick_ms, [this] { on_tick(); });
}

int64_t LoadSender::due_ns(uint64_t request_number) const {
  return start_ns_ + static_cast<int64_t>(ns_per_request_ * static_cast<double>(request_number));
}

bool LoadSender::is_due(uint64_t request_number, int64_t now_ns) const {
  if (has_sent_all()) return false;
  if (ns_per_request_ == 0) return now_ns < stop_ns_;
  // What became due just before the end may leave just after it.
  int64_t due = due_ns(request_number);
  return due <= now_ns && due < stop_ns_;
}

// Sends until nothing is due or no lane is free. A request that found no free lane when it was due counts its latency from
// then, so that a receiver cannot look quick by being slow to take the next one.
void LoadSender::send_what_is_due() {
  if (is_inside_send_) return;
  is_inside_send_ = true;
  int64_t now_ns = loop_.clock().steady_ns();
  while (is_sending_ && is_due(sent_requests_, now_ns)) {
    if (free_count_ == 0) {
      is_late_ = ns_per_request_ > 0;
      break;
    }
    size_t lane = free_lanes_[next_free_];
    next_free_ = (next_free_ + 1) % lane_count_;
    free_count_--;
    send_one(lane, is_late_ ? due_ns(sent_requests_) : now_ns);
    now_ns = loop_.clock().steady_ns();
  }
  if (free_count_ > 0) is_late_ = false;
  is_inside_send_ = false;
  if (is_sending_ && has_sent_all()) finish_sending();
}

uint64_t LoadSender::items_of_next_request() const {
  return share_.max_items > 0 ? std::min(items_per_request_, share_.max_items - totals_.sent) : items_per_request_;
}

net::ClientRequest LoadSender::make_request(uint64_t items) {
  net::ClientRequest request;
  request.path = export_path(context_.options);
  request.headers = headers_;
  auto now_ns = static_cast<uint64_t>(loop_.clock().wall_ns());
  request.body = items < items_per_request_ ? source_->last(now_ns) : source_->next(now_ns);
  request.timeout_ms = context_.options.timeout_ms;
  return request;
}

void LoadSender::send_one(size_t lane, int64_t since_ns) {
  uint64_t items = items_of_next_request();
  net::ClientRequest request = make_request(items);
  sent_requests_++;
  totals_.requests++;
  totals_.sent += items;
  totals_.sent_bytes += request.body.size();
  connections_[lane]->send(std::move(request),
                           [this, lane, since_ns, items](Result<net::ClientResponse> result) { on_answer(lane, since_ns, items, result); });
}

void LoadSender::on_answer(size_t lane, int64_t since_ns, uint64_t items, const Result<net::ClientResponse>& result) {
  int64_t now_ns = loop_.clock().steady_ns();
  end_ns_ = std::max(end_ns_, now_ns);
  uint64_t failed_before = totals_.failed;
  count_answer(items, result);
  if (totals_.failed != failed_before) {
    loop_.run_after_ms(rest_after_failure_ms, [this, lane] { free_lane(lane); });
    return;
  }
  latency_.record(now_ns - since_ns);
  free_lane(lane);
}

void LoadSender::count_answer(uint64_t items, const Result<net::ClientResponse>& result) {
  Answer answer = read_answer(context_.options.protocol, result, context_.ledger);
  if (!answer.complaint.empty()) last_complaint_ = answer.complaint;
  if (answer.verdict == Verdict::failed) {
    totals_.failed += items;
    return;
  }
  uint64_t rejected = answer.verdict == Verdict::refused ? items : std::min(answer.rejected_items, items);
  totals_.rejected += rejected;
  totals_.accepted += items - rejected;
  accepted_so_far_.store(totals_.accepted, std::memory_order_relaxed);
}

void LoadSender::free_lane(size_t lane) {
  free_lanes_[(next_free_ + free_count_) % lane_count_] = lane;
  free_count_++;
  if (is_sending_)
    send_what_is_due();
  else if (free_count_ == lane_count_ && start_ns_ > 0)
    is_finished_.store(true, std::memory_order_release);
}

uint64_t LoadSender::unsent_items() const {
  int64_t elapsed_ns = std::min(loop_.clock().steady_ns(), stop_ns_) - start_ns_;
  auto due = static_cast<uint64_t>(static_cast<double>(elapsed_ns) / ns_per_request_);
  uint64_t items = due > sent_requests_ ? (due - sent_requests_) * items_per_request_ : 0;
  return share_.max_items > 0 ? std::min(items, share_.max_items - totals_.sent) : items;
}

void LoadSender::finish_sending() {
  if (!is_sending_) return;
  is_sending_ = false;
  end_ns_ = std::max(end_ns_, std::min(loop_.clock().steady_ns(), stop_ns_));
  if (ns_per_request_ > 0) totals_.unsent = unsent_items();
  if (free_count_ == lane_count_) is_finished_.store(true, std::memory_order_release);
}

}  // namespace vigia::app
