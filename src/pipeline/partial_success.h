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
        rejected_items_(context.metrics.counter("vigia_exporter_rejected_items", "Items that the other side refused for good (partial success).",
                                                {{"exporter", context.id.to_string()}})) {}

  void note(const otlp::PartialSuccess& partial) const {
    if (partial.is_full()) return;
    rejected_items_.add(partial.rejected_items);
    log_.warn("Partial success response", {{"message", partial.message}, {"dropped_items", partial.rejected_items}});
  }

 private:
  Logger log_;
  Counter& rejected_items_;
};

}  // namespace vigia::pipeline
