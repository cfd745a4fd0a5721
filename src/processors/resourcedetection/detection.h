#pragma once

// One run of all detectors of a configuration, side by side, with a time limit. What fails is tried again as long as there is time.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "processors/resourcedetection/detector.h"

namespace vigia::processors {

class Detection final : public std::enable_shared_from_this<Detection> {
 public:
  struct Outcome {
    FoundAttributes attributes;
    bool is_complete = true;  // Every detector has answered.
  };

  // Everything is called, and calls, on `loop`.
  Detection(const pipeline::Context& context, const ResourceDetectionConfig& config, net::EventLoop& loop);

  // `finished` is called once, after the configuration's timeout at the latest, unless abandon() comes first.
  void begin(Function<void(Outcome)> finished);
  // `abandoned` is called once nothing is under way any more; at once when nothing is.
  void abandon(Function<void()> abandoned);

 private:
  struct Running {
    std::string name;
    std::shared_ptr<Detector> detector;
    FoundAttributes found;
    bool has_found = false;
    bool is_over = false;
    int64_t next_delay_ms = 0;
    net::EventLoop::TimerId retry_timer = 0;
  };

  std::shared_ptr<Detector> make(const std::string& name) const;
  void start(size_t index);
  void on_answer(size_t index, Result<FoundAttributes> found);
  void on_failure(Running& running, size_t index, const Status& why);
  bool is_wanted(const std::string& detector, const std::string& attribute) const;
  void end_if_over();
  void end();
  void let_go(Running& running);

  const pipeline::Context context_;
  const ResourceDetectionConfig config_;
  net::EventLoop& loop_;
  std::vector<Running> running_;
  Function<void(Outcome)> finished_;
  Function<void()> abandoned_;
  int64_t begun_ms_ = 0;
  net::EventLoop::TimerId timeout_timer_ = 0;
  size_t leaving_ = 0;  // Detectors that have been let go of, and are not gone.
};

}  // namespace vigia::processors
