#pragma once

// Cutting requests into parts of so many items, as the Collector's batch processor does with send_batch_max_size.
// (Merging is joining chains: every slice is a request of its own.)
//
//   Splitter splitter(signal, std::move(chain), item_count, ledger);
//   while (splitter.items_left() > 0) send(splitter.next(8192));
//
// A ResourceX that fits into a part goes there whole, as a sub-slice and without a copy; so does a run of them. Of one that does
// not, the part gets a new small slice with a copy of the Resource, the schema URL and the unknown fields, with the ScopeX that
// fit, and with as much of the next ScopeX as fits, under the same rule. Metrics are cut by data points, also in the middle of a
// metric, whose name, unit, temporality and so on are repeated then.
//
// Cost: one count of the items (count.h); for a ResourceX that is cut two more and one copy of its items, however
// many parts it is cut into.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "otlp/signal.h"
#include "otlp/wire.h"

namespace vigia::otlp {

struct Part {
  Chain payload;
  size_t item_count = 0;
};

class Splitter {
 public:
  // `item_count` is how many items the chain holds (count_items, or as counted at the door).
  Splitter(Signal signal, Chain chain, size_t item_count, MemoryLedger& ledger);

  size_t items_left() const { return items_left_; }
  // The next items, in their order: `most_items` of them, or what is left. REQUIRES: most_items > 0.
  Part next(size_t most_items);

 private:
  // A message that is being taken apart: 0 the request, 1 a ResourceX, 2 a ScopeX, 3 a metric, 4 its data.
  struct OpenMessage {
    uint32_t tag = 0;
    std::string_view rest;  // what has not been taken yet
    std::string header;     // all but its children, for every piece of it
  };

  bool is_child(size_t level, const Field& field) const;
  size_t count_up_to(size_t level, std::string_view message, size_t limit) const;
  bool fits(size_t level, const Field& child, size_t& count) const;
  void open(size_t level, const Field& field);
  void take_from_slice(Part& part);
  void take_children(size_t level, Appender& out);
  void take_from_open_child(size_t level, Appender& out);
  size_t expected_size(size_t level) const;

  Chain chain_;
  MemoryLedger* ledger_;
  size_t leaf_level_;  // whose children are the items
  size_t items_left_;
  size_t mean_item_size_;
  size_t room_ = 0;  // for items in the part that is being filled; SIZE_MAX when it takes all
  size_t slice_index_ = 0;
  size_t depth_ = 0;  // of the innermost message that was cut and has children left
  std::array<OpenMessage, 5> open_;
};

}  // namespace vigia::otlp
