#pragma once

// What exporters do when the other side took only a part: it is counted and told, and never sent again.

#include "base/log.h"
#include "base/metrics.h"
#include "otlp/export_response.h"
#include "pipeline/component.h"

namespace vigia::pipeline {

class PartialSuccessLog {
 public:
  explicit PartialSuccessLog(const Context& context)
      : log_(context.log),
        rejected_items_(context.metrics.counter("vigia_exporter_rejected_items",
                                                "Items that the other side refused for good (partial success).",
                                                {{"exporter", context.id.to_string()}})) {}

  // The protobuf body of an answer that says success. One that cannot be read is a success all the same: the other side has the data.
  void note(std::string_view response) const {
    std::optional<otlp::PartialSuccess> partial = otlp::decode_export_response(response);
    if (!partial) {
      log_.warn("The answer says success, but its body cannot be read. Taking it for a full success.", {{"body_bytes", response.size()}});
      return;
    }
    if (partial->is_full()) return;
    rejected_items_.add(partial->rejected_items);
    log_.warn("Partial success response", {{"message", partial->message}, {"dropped_items", partial->rejected_items}});
  }

 private:
  Logger log_;
  Counter& rejected_items_;
};

}  // namespace vigia::pipeline
