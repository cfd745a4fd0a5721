#pragma once

// What becomes a log record: the Collector's "entry". Its parts live in the arena of the one who runs the chain.

#include <cstdint>
#include <string_view>

#include "operators/origin.h"
#include "operators/value.h"

namespace vigia::operators {

struct Entry {
  const Origin* origin = nullptr;
  uint64_t position = 0;  // see Arrival

  int64_t observed_ns = 0;
  int64_t time_ns = 0;
  bool has_time = false;
  uint8_t severity = 0;  // OTLP's severity number
  Value body;
  std::string_view severity_text = {};
  std::string_view scope_name = {};
  // Bytes: 16, 8, none. The flags count only when there are some.
  std::string_view trace_id = {};
  std::string_view span_id = {};
  uint32_t flags = 0;

  // As long as nobody has asked for them, attributes and resource are the origin's.
  Map& attributes(Arena& arena) {
    if (!attributes_) attributes_ = origin->attributes(arena);
    return *attributes_;
  }
  Map& resource(Arena& arena) {
    if (!resource_) resource_ = origin->resource(arena);
    return *resource_;
  }
  void replace_attributes(Map* map) { attributes_ = map; }
  void replace_resource(Map* map) { resource_ = map; }
  // Null when they are the origin's.
  const Map* own_attributes() const { return attributes_; }
  const Map* own_resource() const { return resource_; }

  // An entry of its own with the same content: changing one does not change the other. With texts, nothing of it is in the line.
  Entry copy(Arena& arena, bool with_texts) const;

 private:
  Map* attributes_ = nullptr;
  Map* resource_ = nullptr;
};

}  // namespace vigia::operators
