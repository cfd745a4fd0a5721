#pragma once

// A log whose destination, level and form can be exchanged while others write to it.

#include <memory>

#include "base/guarded.h"
#include "base/log.h"
#include "base/log_tap.h"

namespace vigia::app {

class SwitchingSink final : public LogSink {
 public:
  explicit SwitchingSink(const Clock& clock) : clock_(clock) {}

  // Who takes lines out of it gets them beside the place they go to. Any thread.
  const std::shared_ptr<LogTap>& tap() const { return tap_; }
  // Lines go there from now on, each with these fields in front. Who is writing at the moment ends in the old place.
  void switch_to(std::shared_ptr<LogSink> sink, LogFields fields);

  bool is_enabled(LogLevel level) const override { return current()->sink->is_enabled(level); }
  void write(LogLevel level, std::string_view message, const LogFields& context, const LogFields& fields) override;

 private:
  struct Target {
    std::shared_ptr<LogSink> sink = LogSink::null();
    LogFields fields;
  };
  std::shared_ptr<const Target> current() const;

  const Clock& clock_;
  const std::shared_ptr<LogTap> tap_ = std::make_shared<LogTap>();
  Guarded<std::shared_ptr<const Target>> target_{std::make_shared<const Target>()};
};

}  // namespace vigia::app
