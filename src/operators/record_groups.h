#pragma once

// Brings the records of a batch into the order that a request wants, resource by resource and scope by scope, while they come in
// any order. The first group is written to its place at once, which is all there is for most receivers. The records of further
// groups wait beside it and are written when the batch ends, or when there are too many of them.

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "otlp/request_writer.h"

namespace vigia::operators {

class RecordGroups {
 public:
  // Beyond this many further groups, all are written and a new first one begins. A resource may then come twice in a request.
  static constexpr size_t max_waiting = 64;

  explicit RecordGroups(MemoryLedger& ledger) : ledger_(ledger) {}

  // REQUIRES: the writer is empty and lives until end().
  void begin(otlp::RequestWriter& writer);
  // Where a record of this resource (the content of a Resource message) and scope goes.
  Appender& group_of(std::string_view resource, std::string_view scope_name) {
    if (is_open_ && resource == open_resource_ && scope_name == open_scope_) [[likely]]
      return writer_->out();
    return other_group(resource, scope_name);
  }
  void end();
  size_t size_bytes() const { return writer_->size() + waiting_bytes(); }

 private:
  struct Waiting {
    std::string resource;
    std::string scope_name;
    Appender records;
  };
  Appender& other_group(std::string_view resource, std::string_view scope_name);
  Appender& open(std::string_view resource, std::string_view scope_name);
  void write_waiting();
  size_t waiting_bytes() const;

  MemoryLedger& ledger_;
  otlp::RequestWriter* writer_ = nullptr;
  bool is_open_ = false;
  std::string open_resource_;
  std::string open_scope_;
  std::vector<Waiting> waiting_;
};

}  // namespace vigia::operators
