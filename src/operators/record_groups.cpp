#include "operators/record_groups.h"

#include <algorithm>

namespace vigia::operators {

void RecordGroups::begin(otlp::RequestWriter& writer) {
  writer_ = &writer;
  is_open_ = false;
}

Appender& RecordGroups::open(std::string_view resource, std::string_view scope_name) {
  if (!is_open_ || resource != open_resource_) writer_->open_resource(resource);
  writer_->open_scope(scope_name);
  is_open_ = true;
  open_resource_ = resource;
  open_scope_ = scope_name;
  return writer_->out();
}

Appender& RecordGroups::other_group(std::string_view resource, std::string_view scope_name) {
  if (!is_open_) return open(resource, scope_name);
  for (Waiting& group : waiting_) {
    if (group.resource == resource && group.scope_name == scope_name) return group.records;
  }
  if (waiting_.size() == max_waiting) {
    write_waiting();
    return open(resource, scope_name);
  }
  return waiting_.emplace_back(Waiting{std::string(resource), std::string(scope_name), Appender(ledger_, 4096)}).records;
}

// Those of the open resource come first, so that they need not open it again; the others' scopes stand together as well.
void RecordGroups::write_waiting() {
  std::stable_sort(waiting_.begin(), waiting_.end(), [this](const Waiting& left, const Waiting& right) {
    bool is_left_open = left.resource == open_resource_;
    bool is_right_open = right.resource == open_resource_;
    return is_left_open != is_right_open ? is_left_open : !is_left_open && left.resource < right.resource;
  });
  for (Waiting& group : waiting_) open(group.resource, group.scope_name).append(group.records.view());
  waiting_.clear();
}

void RecordGroups::end() {
  write_waiting();
  writer_ = nullptr;
  is_open_ = false;
}

size_t RecordGroups::waiting_bytes() const {
  size_t bytes = 0;
  for (const Waiting& group : waiting_) bytes += group.records.size();
  return bytes;
}

}  // namespace vigia::operators
