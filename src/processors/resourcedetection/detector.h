#pragma once

// What finds out something about this machine. One detection is one object: made, asked once, dropped.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/status.h"
#include "pipeline/component.h"
#include "processors/resourcedetection/config.h"

namespace vigia::processors {

// Attributes of a resource, each with its AnyValue in wire form. Of a name the first value stays.
class FoundAttributes {
 public:
  void add(std::string_view name, std::string_view text);  // An empty text is not found.
  void add_int(std::string_view name, int64_t value);
  void add_list(std::string_view name, const std::vector<std::string>& texts);
  // Those of another detector, which stands behind this one.
  void merge(const FoundAttributes& later);
  template <typename Keep>
  void keep_only(Keep&& keep) {
    std::erase_if(entries_, [&](const auto& entry) { return !keep(entry.first); });
  }

  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }
  std::string names() const;

 private:
  bool has(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> entries_;
};

class Detector {
 public:
  using Done = Function<void(Result<FoundAttributes>)>;

  virtual ~Detector() = default;
  // On the loop of the detection. `done` is called once, on it, at once or later; never after abandon().
  virtual void detect(Done done) = 0;
  // Lets go of what is under way. `abandoned` is called on any thread, once nothing of it is left that could touch the component's context.
  virtual void abandon(Function<void()> abandoned) { abandoned(); }
};

// The detectors of the configuration. `loop` is where they are asked.
std::shared_ptr<Detector> new_env_detector(const pipeline::Context& context);
std::shared_ptr<Detector> new_system_detector(const pipeline::Context& context, const ResourceDetectionConfig& config,
                                              net::EventLoop& loop);
std::shared_ptr<Detector> new_docker_detector(const pipeline::Context& context, const DetectorConfig& config, int64_t timeout_ms);
std::shared_ptr<Detector> new_ec2_detector(const pipeline::Context& context, const DetectorConfig& config, int64_t timeout_ms);
std::shared_ptr<Detector> new_gcp_detector(const pipeline::Context& context, const DetectorConfig& config, int64_t timeout_ms);
// `name`: azure or aks, which ask the same service.
std::shared_ptr<Detector> new_azure_detector(std::string_view name, const pipeline::Context& context, const DetectorConfig& config,
                                             int64_t timeout_ms);

// OTEL_RESOURCE_ATTRIBUTES: "key=value,key=value", values percent-encoded.
Result<FoundAttributes> parse_resource_attributes(std::string_view text);

}  // namespace vigia::processors
