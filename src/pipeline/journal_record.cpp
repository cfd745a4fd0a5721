#include "pipeline/journal_record.h"

namespace vigia::pipeline {

journal::Record to_record(const Batch& batch, int64_t received_ns) {
  journal::Record record;
  record.signal = static_cast<uint8_t>(batch.signal);
  record.received_ns = received_ns;
  record.items = batch.item_count;
  if (batch.client) {
    record.customer = batch.client->customer;
    record.peer_address = batch.client->peer_address;
    record.metadata = batch.client->metadata;
  }
  record.unpacked_bytes = batch.payload.size();
  record.encoding = static_cast<uint8_t>(batch.packed ? batch.packed->compression : Compression::none);
  record.body = batch.packed ? Chain(batch.packed->body) : batch.payload;
  return record;
}

std::shared_ptr<const Packed> packed_of(const journal::Record& record) {
  bool is_packed = record.encoding != static_cast<uint8_t>(Compression::none) && record.body.slices().size() == 1;
  if (!is_packed) return nullptr;
  return std::make_shared<const Packed>(Packed{static_cast<Compression>(record.encoding), record.body.slices().front()});
}

namespace {

Result<Chain> unpack(journal::Record& record, MemoryLedger& ledger) {
  if (record.encoding == static_cast<uint8_t>(Compression::none)) return std::move(record.body);
  if (record.encoding > static_cast<uint8_t>(Compression::deflate) || record.body.slices().size() != 1)
    return data_loss("a stored request is packed in an unknown way");
  auto compression = static_cast<Compression>(record.encoding);
  ASSIGN_OR_RETURN(Slice body, decompress(compression, record.body.slices().front().view(), record.unpacked_bytes, ledger));
  return Chain(std::move(body));
}

}  // namespace

Result<Batch> to_batch(journal::Record record, MemoryLedger& ledger) {
  if (record.signal > static_cast<uint8_t>(otlp::Signal::logs)) return data_loss("a stored request is of an unknown signal");
  Batch batch;
  batch.signal = static_cast<otlp::Signal>(record.signal);
  batch.item_count = record.items;
  ASSIGN_OR_RETURN(batch.payload, unpack(record, ledger));
  if (batch.payload.size() != record.unpacked_bytes) return data_loss("a stored request is not as large as it was");
  bool is_known = !record.customer.empty() || !record.peer_address.empty() || !record.metadata.empty();
  if (!is_known) return batch;
  auto client = std::make_shared<Client>();
  client->customer = std::move(record.customer);
  client->peer_address = std::move(record.peer_address);
  client->metadata = std::move(record.metadata);
  batch.client = std::move(client);
  return batch;
}

}  // namespace vigia::pipeline
