#pragma once

// What is appended to a journal: a body as it was received, with all that must be known to treat it later as if it had just come.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace vigia::journal {

struct Record {
  uint8_t signal = 0;    // The caller's numbers for what the body is
  uint8_t encoding = 0;  // and how it is packed; the journal only keeps them.
  int64_t received_ns = 0;
  uint64_t items = 0;
  uint64_t unpacked_bytes = 0;  // Of the body, once it is no longer packed.
  std::string customer;
  std::string peer_address;
  std::vector<std::pair<std::string, std::string>> metadata;
  Chain body;
};

// How much there is of something.
struct Amount {
  uint64_t records = 0;
  uint64_t items = 0;
  uint64_t bytes = 0;  // On disk, with framing.

  Amount& operator+=(const Amount& more) {
    records += more.records;
    items += more.items;
    bytes += more.bytes;
    return *this;
  }
  Amount& operator-=(const Amount& less) {
    records -= less.records;
    items -= less.items;
    bytes -= less.bytes;
    return *this;
  }
  bool operator==(const Amount&) const = default;
};

// A record that lies in the journal: where, and how much it is. A value; it says nothing about whether the record is still wanted.
struct RecordPlace {
  uint64_t file = 0;
  uint64_t number = 0;  // Unique in the journal, rising.
  uint64_t offset = 0;
  uint64_t items = 0;
  uint64_t bytes = 0;
  int64_t received_ns = 0;
  uint64_t held_bytes = 0;  // What whoever holds it has in memory.

  Amount amount() const { return {1, items, bytes}; }
};

// About what whoever holds it has in memory: also small bodies come with what is known of their sender, and with the books about them.
uint64_t held_bytes(const Record& record);

// Everything but the body, as it stands before the body in the file.
std::string encode_head(const Record& record);
// Fills everything but the body, and says how many bytes that was. `payload` may end anywhere behind the head.
Result<size_t> decode_head(std::string_view payload, Record& record);

}  // namespace vigia::journal
