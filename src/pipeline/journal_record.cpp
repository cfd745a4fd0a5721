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
  record.body = batch.payload;
  return record;
}

Batch to_batch(journal::Record record) {
  Batch batch;
  batch.signal = static_cast<otlp::Signal>(record.signal);
  batch.item_count = record.items;
  batch.payload = std::move(record.body);
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
