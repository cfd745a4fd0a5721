#pragma once

// One message of the forward protocol, taken apart as far as its envelope: who it is for, how its entries are packed, what is to be
// acknowledged. Its records are read by records.h.

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace vigia::receivers {

struct ForwardMessage {
  std::string_view tag;
  // Entries one behind the other, each [time, record]; of a single one only its time and its record, without an array around them.
  std::string_view entries;
  size_t entry_count = 0;
  bool is_single = false;
  // The option `chunk` as it came, as MessagePack; empty when nothing is to be acknowledged.
  std::string_view chunk;
  // Keeps entries that had to be decompressed.
  Slice inflated;
};

// `bytes`: one whole value, which a Scanner has seen; the message refers to it. Packed entries are checked to be whole values, and are at
// most `max_bytes` once decompressed. UNIMPLEMENTED for Fluent Bit's metrics and traces.
Result<ForwardMessage> open_forward_message(std::string_view bytes, size_t max_bytes, MemoryLedger& ledger);

// Whether it is what some senders send to see whether somebody is there.
bool is_forward_heartbeat(std::string_view bytes);

}  // namespace vigia::receivers
