// Scenario: a request was written to a journal, packed in one of the ways that senders know, and came back changed or whole.
// Guarantee: no crash, no more memory than the record says its body takes; what was not changed is the same batch again.

#include "pipeline/journal_record.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace vigia::pipeline {
namespace {

constexpr uint64_t most_unpacked_bytes = 1 << 20;

Batch make_batch(uint8_t choice, std::string_view body, MemoryLedger& ledger) {
  Batch batch;
  batch.signal = otlp::all_signals[choice % 3];
  batch.item_count = body.size();
  batch.payload = Slice::copy_of(body, ledger);
  auto compression = static_cast<Compression>(choice / 4 % 5);
  if (compression != Compression::none)
    batch.packed = std::make_shared<const Packed>(Packed{compression, compress(compression, batch.payload, ledger).value()});
  auto client = std::make_shared<Client>();
  client->peer_address = body.substr(0, 12);
  client->customer = body.substr(0, choice);
  client->metadata = {{"x-a", std::string(body.substr(body.size() / 2))}, {"", ""}};
  if (choice % 7 != 0) batch.client = std::move(client);
  return batch;
}

std::string written(const journal::Record& record) { return journal::encode_head(record) + record.body.to_string(); }

// As the journal does it: a head, and a body behind it in the same buffer.
Result<Batch> read(std::string_view payload, MemoryLedger& ledger) {
  journal::Record record;
  ASSIGN_OR_RETURN(size_t head_bytes, journal::decode_head(payload, record));
  Slice whole = Slice::copy_of(payload, ledger);
  record.body = whole.sub(whole.view().substr(head_bytes));
  if (record.unpacked_bytes > most_unpacked_bytes) return data_loss("too large for here");
  uint64_t unpacked_bytes = record.unpacked_bytes;
  ASSIGN_OR_RETURN(Batch batch, to_batch(std::move(record), ledger));
  CHECK(batch.payload.size() == unpacked_bytes);
  return batch;
}

void check_comes_back(const Batch& batch, const std::string& payload, MemoryLedger& ledger) {
  Batch again = read(payload, ledger).value();
  CHECK(again.signal == batch.signal && again.item_count == batch.item_count);
  CHECK(again.payload.to_string() == batch.payload.to_string());
  Client client = batch.client ? *batch.client : Client();
  Client found = again.client ? *again.client : Client();
  CHECK(found.customer == client.customer && found.peer_address == client.peer_address && found.metadata == client.metadata);
}

// Three bytes each: where (behind the end: cut there), and what.
void change(std::string& payload, std::string_view edits) {
  for (; edits.size() >= 3; edits.remove_prefix(3)) {
    size_t at = (static_cast<uint8_t>(edits[0]) << 8 | static_cast<uint8_t>(edits[1])) % (payload.size() + 1);
    if (at == payload.size())
      payload.resize(static_cast<uint8_t>(edits[2]) * payload.size() / 256);
    else
      payload[at] = edits[2];
  }
}

}  // namespace
}  // namespace vigia::pipeline

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::pipeline;
  if (size < 2) return 0;
  vigia::MemoryLedger ledger;
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string_view edits = input.substr(0, std::min<size_t>(data[1] % 8 * 3, input.size()));
  Batch batch = make_batch(data[0], input.substr(edits.size()), ledger);
  std::string payload = written(to_record(batch, 1'700'000'000'000'000'000));
  check_comes_back(batch, payload, ledger);
  change(payload, edits);
  (void)read(payload, ledger);
  (void)read(input, ledger);
  return 0;
}
