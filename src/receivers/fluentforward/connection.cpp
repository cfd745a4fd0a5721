#include "receivers/fluentforward/connection.h"

#include <algorithm>

#include <fmt/core.h>

#include "otlp/request_writer.h"
#include "pipeline/customer.h"
#include "receivers/fluentforward/digest.h"

namespace vigia::receivers {

namespace {

constexpr size_t nonce_bytes = 16;
// A PING is no longer, and nobody has shown yet that he may send more.
constexpr size_t most_handshake_bytes = 8 * 1024;
constexpr size_t typical_piece_bytes = 1 << 20;
// Of the input, while the pipeline has not answered yet.
constexpr size_t most_waiting_bytes = 1 << 20;
constexpr int64_t min_bytes_per_s = 256;
constexpr int64_t first_retry_ms = 50;
constexpr int64_t most_retry_ms = 1000;
// A message by half that has grown larger than this must go when it cannot be finished for want of memory.
constexpr size_t large_partial_bytes = 256 * 1024;

}  // namespace

ForwardConnection::ForwardConnection(std::shared_ptr<ForwardService> service, net::StreamConnection& peer)
    : service_(std::move(service)),
      peer_(&peer),
      loop_(peer.loop()),
      peer_address_(peer.peer_address()),
      input_(service_->context.ledger),
      opened_ms_(loop_.now_ms()),
      heard_ms_(opened_ms_) {
  service_->telemetry.opened_connections.add();
  take_for(service_->config.customer);
  if (service_->config.security.shared_key.empty()) return;
  handshake_.emplace(service_->config.security, secret_bytes(nonce_bytes), secret_bytes(nonce_bytes));
  peer.send(handshake_->helo());
}

void ForwardConnection::receive(std::string_view bytes) {
  if (is_over_ || is_draining_) return;
  heard_ms_ = loop_.now_ms();
  input_.append(bytes);
  find_messages();
  advance();
}

bool ForwardConnection::wants_input() const {
  if (is_over_ || is_draining_) return false;
  if (is_busy() && input_.size() >= most_waiting_bytes) return false;
  return !service_->context.ledger.is_over_limit();
}

void ForwardConnection::find_messages() {
  while (!is_over_) {
    std::string_view rest = input_.view().substr(whole_bytes_);
    if (rest.empty()) break;
    size_t most_bytes = handshake_ ? most_handshake_bytes : service_->config.max_message_bytes;
    msgpack::Scanner::State state = scanner_.advance(rest, most_bytes);
    if (state == msgpack::Scanner::State::incomplete) {
      if (partial_since_ms_ == 0) partial_since_ms_ = loop_.now_ms();
      return;
    }
    if (state == msgpack::Scanner::State::broken) {
      service_->telemetry.parse_failures.add();
      break_off(scanner_.error());
      return;
    }
    size_t size = scanner_.size();
    scanner_.reset();
    partial_since_ms_ = 0;
    if (handshake_) {
      shake_hands(rest.substr(0, size));
      forget_input(size);
    } else {
      whole_bytes_ += size;
    }
  }
}

void ForwardConnection::forget_input(size_t bytes) {
  Slice all = input_.take();
  input_.append(all.view().substr(bytes));
}

void ForwardConnection::shake_hands(std::string_view ping) {
  Handshake::Verdict verdict = handshake_->judge(ping);
  if (!verdict.answer.empty()) peer_->send(verdict.answer);
  if (!verdict.is_welcome) {
    service_->telemetry.failed_handshakes.add();
    service_->context.log.warn("A sender was turned away in the handshake",
                               {{"peer", peer_address_}, {"hostname", verdict.hostname}, {"reason", verdict.reason}});
    is_over_ = true;
    return;
  }
  handshake_.reset();
  if (!verdict.customer.empty()) take_for(verdict.customer);
}

void ForwardConnection::take_for(const std::string& customer) {
  client_ = pipeline::client_of(customer, peer_address_);
  resource_ = pipeline::customer_resource(customer);
}

void ForwardConnection::break_off(std::string_view why) {
  service_->context.log.warn("Closing a connection whose messages cannot be read", {{"peer", peer_address_}, {"reason", why}});
  is_over_ = true;
}

// Goes on until the pipeline has something to answer, or there is no whole message any more.
void ForwardConnection::advance() {
  while (!is_busy() && has_work()) {
    if (!open_ && work_offset_ == work_.size()) take_work();
    size_t source_bytes = open_ ? open_->message.entries.size() : work_.size();
    otlp::RequestWriter writer(service_->context.ledger, std::min(source_bytes * 2 + 512, typical_piece_bytes + 4096));
    size_t record_count = 0;
    fill(writer, record_count);
    if (record_count > 0) {
      service_->telemetry.records_generated.add(record_count);
      piece_ = Piece{writer.take(), record_count, loop_.now_ms(), first_retry_ms};
      service_->begin_work();
      offer();
      return;
    }
    acknowledge();
  }
  if (is_busy()) return;
  work_ = {};
  work_offset_ = 0;
}

// The whole messages that have come become the work.
void ForwardConnection::take_work() {
  size_t whole_bytes = std::exchange(whole_bytes_, 0);
  Slice all = input_.take();
  input_.append(all.view().substr(whole_bytes));
  work_ = all.sub(all.view().substr(0, whole_bytes));
  work_offset_ = 0;
}

void ForwardConnection::fill(otlp::RequestWriter& writer, size_t& record_count) {
  bool is_begun = false;
  size_t skipped = 0;
  while (writer.size() < typical_piece_bytes && (open_ || open_next())) {
    if (!is_begun) {
      writer.open_resource(resource_);
      writer.open_scope({});
      is_begun = true;
    }
    RecordWalk::Step step = open_->walk.write_next(writer.out());
    if (step == RecordWalk::Step::written) record_count++;
    if (step == RecordWalk::Step::invalid) skipped++;
    if (step == RecordWalk::Step::end) finish_message();
  }
  if (skipped == 0) return;
  service_->telemetry.records.failed.add(otlp::Signal::logs, skipped);
  service_->context.log.warn("Left out entries that are no log records: not [time, map], names that are no texts, or nested too deep",
                             {{"peer", peer_address_}, {"entries", skipped}});
}

// Opens the next message of the work; false when there is none, or it ends the connection.
bool ForwardConnection::open_next() {
  while (work_offset_ < work_.size()) {
    msgpack::Reader reader(work_.view().substr(work_offset_));
    std::string_view whole = reader.skip();
    work_offset_ += whole.size();
    if (is_forward_heartbeat(whole)) continue;
    Result<ForwardMessage> message = open_forward_message(whole, service_->config.max_message_bytes, service_->context.ledger);
    if (message.is_ok()) {
      service_->telemetry.events_parsed.add();
      open_ = std::make_unique<Open>(std::move(*message));
      return true;
    }
    service_->telemetry.parse_failures.add();
    // What is well-formed and not for us leaves the connection in order.
    if (message.status().code() == StatusCode::unimplemented) {
      service_->context.log.warn("Left out a message", {{"peer", peer_address_}, {"reason", message.status()}});
      continue;
    }
    break_off(message.status().message());
    work_offset_ = work_.size();
    whole_bytes_ = 0;
  }
  return false;
}

void ForwardConnection::finish_message() {
  if (size_t repaired = open_->walk.repaired_strings(); repaired > 0) service_->telemetry.repaired_strings.add(repaired);
  if (!open_->message.chunk.empty()) acks_.emplace_back(open_->message.chunk);
  open_.reset();
}

void ForwardConnection::offer() {
  pipeline::Batch batch;
  batch.signal = otlp::Signal::logs;
  batch.payload.append(piece_->request);
  batch.item_count = piece_->record_count;
  batch.client = client_;
  service_->output.consume(std::move(batch), [self = shared_from_this()](Status status) mutable {
    net::EventLoop& loop = self->loop_;
    loop.post([self = std::move(self), status = std::move(status)] { self->on_answer(status); });
  });
}

void ForwardConnection::on_answer(const Status& status) {
  if (!status.is_ok() && may_retry(status)) {
    retry_later(status);
    return;
  }
  std::shared_ptr<ForwardConnection> keep = shared_from_this();
  if (status.is_ok())
    service_->telemetry.records.accepted.add(otlp::Signal::logs, piece_->record_count);
  else
    give_up(status);
  piece_.reset();
  acknowledge();
  advance();
  service_->end_work();
  if (peer_) peer_->refresh();
}

bool ForwardConnection::may_retry(const Status& status) const {
  bool has_time = loop_.now_ms() - piece_->first_offer_ms < service_->config.max_retry_time_ms;
  return status.is_retryable() && has_time && !is_draining_ && !service_->is_stopping();
}

void ForwardConnection::retry_later(const Status& status) {
  service_->telemetry.retries.add();
  service_->context.log.debug("The pipeline has no room; asking again", {{"peer", peer_address_}, {"error", status}});
  int64_t delay_ms = std::clamp(status.retry_delay_ms(), piece_->next_delay_ms, most_retry_ms);
  piece_->next_delay_ms = std::min(piece_->next_delay_ms * 2, most_retry_ms);
  loop_.run_after_ms(delay_ms, [self = shared_from_this()] { self->offer(); });
}

void ForwardConnection::give_up(const Status& status) {
  service_->telemetry.records.refused.add(otlp::Signal::logs, piece_->record_count);
  bool has_sender_kept_it = !acks_.empty() || (open_ && !open_->message.chunk.empty());
  service_->context.log.warn(has_sender_kept_it
                                 ? "The pipeline refused records; they are not acknowledged, and the sender has them still"
                                 : "The pipeline refused records of a sender that asks for no acknowledgement; they are lost",
                             {{"peer", peer_address_}, {"records", piece_->record_count}, {"error", status}});
  acks_.clear();
  if (!has_sender_kept_it) return;
  // What follows may belong to the same message, and would come twice.
  is_over_ = true;
  open_.reset();
  work_offset_ = work_.size();
  whole_bytes_ = 0;
}

void ForwardConnection::acknowledge() {
  std::vector<std::string> chunks = std::exchange(acks_, {});
  if (!peer_ || chunks.empty()) return;
  std::string answer;
  for (const std::string& chunk : chunks) {
    msgpack::append_map(answer, 1);
    msgpack::append_string(answer, "ack");
    answer += chunk;
  }
  peer_->send(answer);
}

bool ForwardConnection::check_time(int64_t now_ms) {
  if (handshake_ && now_ms - opened_ms_ > service_->config.message_timeout_ms) {
    service_->telemetry.failed_handshakes.add();
    break_off("the handshake took too long");
    return false;
  }
  if (partial_since_ms_ > 0) {
    int64_t waited_ms = now_ms - partial_since_ms_;
    size_t partial_bytes = input_.size() - whole_bytes_;
    if (waited_ms <= service_->config.message_timeout_ms) return true;
    if (service_->context.ledger.is_over_limit() && partial_bytes > large_partial_bytes) {
      service_->telemetry.closed_for_memory.add();
      break_off("the memory limit leaves no room for the rest of its message");
      return false;
    }
    // While it has to wait for the pipeline it cannot hurry.
    if (is_busy() || partial_bytes >= static_cast<uint64_t>(waited_ms * min_bytes_per_s / 1000)) return true;
    break_off("the rest of its message comes too slowly");
    return false;
  }
  int64_t idle_timeout_ms = service_->config.idle_timeout_ms;
  return idle_timeout_ms == 0 || is_busy() || now_ms - heard_ms_ <= idle_timeout_ms;
}

void ForwardConnection::on_closed() {
  peer_ = nullptr;
  service_->telemetry.closed_connections.add();
}

}  // namespace vigia::receivers
