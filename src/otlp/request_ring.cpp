#include "otlp/request_ring.h"

#include <algorithm>
#include <string>

#include "otlp/generator_internal.h"
#include "otlp/json_schema.h"

namespace vigia::otlp {

namespace {

constexpr size_t most_ring_bytes = size_t{1} << 30;
constexpr uint64_t counter_age_ns = 1'000'000'000;

uint64_t word_at(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

void put_word(char* at, uint64_t word) { std::memcpy(at, &word, sizeof word); }

// Calls visit(field schema, field) for every field of a request but those within attributes and bodies.
template <typename Visit>
void visit_fields(const JsonMessage& schema, std::string_view message, Visit& visit) {
  Cursor cursor(message);
  Field field;
  while (cursor.next(field)) {
    for (const JsonField& candidate : schema.fields) {
      if (candidate.number != field.id()) continue;
      visit(candidate, field);
      if (candidate.kind == JsonKind::message && candidate.message != &json_any_value())
        visit_fields(*candidate.message, field.content, visit);
    }
  }
}

}  // namespace

Result<RequestRing> RequestRing::create(const DataSetOptions& options, size_t request_count, uint64_t id_seed, MemoryLedger& ledger) {
  if (request_count == 0) return invalid_argument("cannot build a ring of requests: it would have none");
  ASSIGN_OR_RETURN(Generator generator, Generator::create(options));
  RequestRing ring;
  ring.batch_ = options.batch;
  ring.signal_ = options.signal;
  ring.id_seed_ = id_seed;
  for (size_t i = 0; i < request_count; i++) {
    Appender out(ledger);
    generator.next_request(out);
    // Requests of one data set are about equally large.
    if (out.size() > most_ring_bytes / request_count)
      return invalid_argument("cannot build a ring of " + std::to_string(request_count) + " requests: it would have more than 1 GiB");
    Entry entry;
    entry.request = out.take();
    ring.find_positions(entry, options);
    ring.ring_newest_ns_ = std::max(ring.ring_newest_ns_, entry.newest_ns);
    ring.entries_.push_back(std::move(entry));
  }
  return ring;
}

void RequestRing::find_positions(Entry& entry, const DataSetOptions& options) {
  std::string_view request = entry.request.view();
  auto position_of = [&](const char* at) { return static_cast<uint32_t>(at - request.data()); };
  auto visit = [&](const JsonField& schema, const Field& field) {
    if (schema.kind == JsonKind::trace_id && field.content.size() == 16) entry.trace_ids.push_back(position_of(field.content.data()));
    if (schema.kind == JsonKind::span_id && field.content.size() == 8) entry.span_ids.push_back(position_of(field.content.data()));
    if (schema.kind != JsonKind::fixed64 || !schema.name.ends_with("imeUnixNano")) return;
    uint32_t position = position_of(field.whole.data() + field.whole.size() - 8);
    bool is_start = signal_ == Signal::metrics && schema.name == "startTimeUnixNano" && field.number == options.start_time_ns;
    (is_start ? entry.starts : entry.times).push_back(position);
    if (!is_start) entry.newest_ns = std::max(entry.newest_ns, field.number);
  };
  visit_fields(json_request(signal_), request, visit);
}

RequestRing::Masks RequestRing::masks_of(uint64_t round) const {
  if (round == 0 || (round == 1 && id_seed_ == 0)) return {{0, 0}, 0};
  uint64_t seed = mixed(id_seed_, round);
  return {{mixed(seed, 1), mixed(seed, 2)}, mixed(seed, 3)};
}

const Slice& RequestRing::next(uint64_t now_ns) {
  if (position_ == 0) {
    round_++;
    round_begin_ns_ = now_ns;
    shift_ns_ = now_ns - ring_newest_ns_;
  }
  Entry& entry = entries_[position_];
  position_ = (position_ + 1) % entries_.size();
  change_times(entry, now_ns);
  change_ids(entry);
  return entry.request;
}

// An id is what was generated, with the round's mask over it; two masks on each other exchange one for the other.
void RequestRing::change_ids(Entry& entry) {
  Masks before = masks_of(entry.round);
  Masks after = masks_of(round_);
  entry.round = round_;
  char* data = entry.request.buffer().data();
  for (uint32_t position : entry.trace_ids) {
    put_word(data + position, word_at(data + position) ^ before.trace_id[0] ^ after.trace_id[0]);
    put_word(data + position + 8, word_at(data + position + 8) ^ before.trace_id[1] ^ after.trace_id[1]);
  }
  for (uint32_t position : entry.span_ids) put_word(data + position, word_at(data + position) ^ before.span_id ^ after.span_id);
}

void RequestRing::change_times(Entry& entry, uint64_t now_ns) {
  uint64_t step_ns = now_ns - entry.newest_ns;
  if (signal_ == Signal::traces) {
    step_ns = shift_ns_ - entry.shift_ns;
    entry.shift_ns = shift_ns_;
  }
  char* data = entry.request.buffer().data();
  for (uint32_t position : entry.times) put_word(data + position, word_at(data + position) + step_ns);
  for (uint32_t position : entry.starts) put_word(data + position, round_begin_ns_ - counter_age_ns);
  entry.newest_ns += step_ns;
}

}  // namespace vigia::otlp
