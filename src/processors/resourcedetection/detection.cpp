#include "processors/resourcedetection/detection.h"

#include <algorithm>

namespace vigia::processors {

namespace {

constexpr int64_t first_retry_ms = 1'000;

// What to do about a detector that finds nothing.
std::string_view advice(std::string_view detector) {
  if (detector == "env") return "write the variable as key=value,key=value, with %2C for a comma in a value";
  if (detector == "system") return "hostname_sources says where the host's name comes from";
  if (detector == "docker")
    return "mount Docker's socket, and let this program read it (--group-add with the socket's group), or take \"docker\" from detectors";
  return "when this machine is not in that cloud, take the detector from the list; when it is, let the program reach its metadata service";
}

}  // namespace

Detection::Detection(const pipeline::Context& context, const ResourceDetectionConfig& config, net::EventLoop& loop)
    : context_(context), config_(config), loop_(loop) {
  for (const std::string& name : config.detectors) {
    Running running;
    running.name = name;
    running.next_delay_ms = first_retry_ms;
    running_.push_back(std::move(running));
  }
}

std::shared_ptr<Detector> Detection::make(const std::string& name) const {
  const DetectorConfig& config = config_.by_detector.at(name);
  if (name == "env") return new_env_detector(context_);
  if (name == "system") return new_system_detector(context_, config_, loop_);
  if (name == "docker") return new_docker_detector(context_, config, config_.timeout_ms);
  if (name == "ec2") return new_ec2_detector(context_, config, config_.timeout_ms);
  if (name == "gcp") return new_gcp_detector(context_, config, config_.timeout_ms);
  return new_azure_detector(name, context_, config, config_.timeout_ms);
}

void Detection::begin(Function<void(Outcome)> finished) {
  finished_ = std::move(finished);
  begun_ms_ = loop_.now_ms();
  timeout_timer_ = loop_.run_after_ms(config_.timeout_ms, [self = shared_from_this()] {
    self->timeout_timer_ = 0;
    self->end();
  });
  for (size_t i = 0; i < running_.size(); i++) start(i);
}

void Detection::start(size_t index) {
  running_[index].detector = make(running_[index].name);
  // It may answer at once.
  std::shared_ptr<Detector> keep = running_[index].detector;
  keep->detect([self = shared_from_this(), index](Result<FoundAttributes> found) { self->on_answer(index, std::move(found)); });
}

void Detection::on_answer(size_t index, Result<FoundAttributes> found) {
  Running& running = running_[index];
  let_go(running);
  if (!found.is_ok()) {
    on_failure(running, index, found.status());
  } else {
    running.found = std::move(*found);
    running.found.keep_only([&](const std::string& attribute) { return is_wanted(running.name, attribute); });
    running.has_found = running.is_over = true;
  }
  end_if_over();
}

void Detection::on_failure(Running& running, size_t index, const Status& why) {
  context_.log.warn("cannot detect a part of the resource",
                    {{"detector", running.name}, {"error", why}, {"what to do", advice(running.name)}});
  int64_t delay_ms = running.next_delay_ms;
  running.next_delay_ms *= 2;
  running.is_over = loop_.now_ms() + delay_ms >= begun_ms_ + config_.timeout_ms;
  if (running.is_over) return;
  running.retry_timer = loop_.run_after_ms(delay_ms, [self = shared_from_this(), index] {
    self->running_[index].retry_timer = 0;
    self->start(index);
  });
}

bool Detection::is_wanted(const std::string& detector, const std::string& attribute) const {
  const auto& only = config_.only_attributes;
  if (!only.empty() && std::find(only.begin(), only.end(), attribute) == only.end()) return false;
  const DetectorConfig& config = config_.by_detector.at(detector);
  if (auto said = config.enabled.find(attribute); said != config.enabled.end()) return said->second;
  for (const KnownAttribute& known : find_detector(detector)->attributes)
    if (known.name == attribute) return known.is_default;
  return true;  // tags, and whatever the environment says
}

void Detection::end_if_over() {
  if (std::all_of(running_.begin(), running_.end(), [](const Running& one) { return one.is_over; })) end();
}

void Detection::end() {
  loop_.cancel_timer(std::exchange(timeout_timer_, 0));
  Outcome outcome;
  for (Running& one : running_) {
    loop_.cancel_timer(std::exchange(one.retry_timer, 0));
    let_go(one);
    outcome.attributes.merge(one.found);
    if (one.has_found) continue;
    outcome.is_complete = false;
    context_.log.warn("The resource goes without what a detector did not find in time", {{"detector", one.name}});
  }
  if (auto finished = std::exchange(finished_, {})) finished(std::move(outcome));
}

void Detection::abandon(Function<void()> abandoned) {
  finished_ = {};
  abandoned_ = std::move(abandoned);
  loop_.cancel_timer(std::exchange(timeout_timer_, 0));
  for (Running& one : running_) {
    loop_.cancel_timer(std::exchange(one.retry_timer, 0));
    let_go(one);
  }
  if (leaving_ == 0) std::exchange(abandoned_, {})();
}

void Detection::let_go(Running& running) {
  std::shared_ptr<Detector> detector = std::exchange(running.detector, nullptr);
  if (!detector) return;
  leaving_++;
  Detector& leaving = *detector;
  leaving.abandon([self = shared_from_this(), detector = std::move(detector)]() mutable {
    net::EventLoop& loop = self->loop_;
    loop.post([self = std::move(self), detector = std::move(detector)]() mutable {
      detector.reset();
      self->leaving_--;
      if (self->leaving_ == 0 && self->abandoned_) std::exchange(self->abandoned_, {})();
    });
  });
}

}  // namespace vigia::processors
