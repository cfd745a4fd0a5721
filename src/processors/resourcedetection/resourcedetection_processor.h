#pragma once

// Adds what detectors found to every resource. Until they have answered, or their time is over, data waits here, up to a limit.

#include <deque>
#include <memory>
#include <utility>

#include "base/guarded.h"
#include "ottl/attribute_actions.h"
#include "pipeline/component.h"
#include "processors/resourcedetection/detection.h"

namespace vigia::processors {

class ResourceDetectionProcessor final : public pipeline::Processor {
 public:
  ResourceDetectionProcessor(const pipeline::Context& context, const ResourceDetectionConfig& config, pipeline::Consumer& next);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;
  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return next_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override;

 private:
  using Waiting = std::deque<std::pair<pipeline::Batch, pipeline::Done>>;
  struct State {
    bool is_detecting = true;
    Waiting waiting;
    std::shared_ptr<const ottl::AttributeEditor> editor;  // Null while there is nothing to add.
  };

  void detect();
  void on_detected(Detection::Outcome outcome);
  void detect_again_later();
  std::shared_ptr<const ottl::AttributeEditor> editor_for(const FoundAttributes& found) const;
  // Lets what waits go on.
  void release(std::shared_ptr<const ottl::AttributeEditor> editor);
  void pass_on(const ottl::AttributeEditor* editor, pipeline::Batch batch, pipeline::Done done);

  const pipeline::Context context_;
  const ResourceDetectionConfig config_;
  pipeline::Consumer& next_;
  net::EventLoop& loop_;  // Of the detection; what follows it is touched there only, but for the state.
  std::shared_ptr<Detection> detection_;
  net::EventLoop::TimerId refresh_timer_ = 0;
  Gauge& attributes_;
  Counter& incomplete_;
  Counter& refused_;
  Guarded<State> state_;
  MetricRegistry::Observation waiting_;
};

}  // namespace vigia::processors
