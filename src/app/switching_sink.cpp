#include "app/switching_sink.h"

#include <utility>

namespace vigia::app {

void SwitchingSink::switch_to(std::shared_ptr<LogSink> sink, LogFields fields) {
  auto fresh = std::make_shared<const Target>(Target{std::move(sink), std::move(fields)});
  target_.with([&](std::shared_ptr<const Target>& target) { target.swap(fresh); });
}

std::shared_ptr<const SwitchingSink::Target> SwitchingSink::current() const {
  return target_.with([](const std::shared_ptr<const Target>& target) { return target; });
}

void SwitchingSink::write(LogLevel level, std::string_view message, const LogFields& context, const LogFields& fields) {
  std::shared_ptr<const Target> target = current();
  // A logger may have asked before a switch to a higher level.
  if (!target->sink->is_enabled(level)) return;
  tap_->add(clock_.wall_ns(), level, message, context, fields);
  if (target->fields.empty()) return target->sink->write(level, message, context, fields);
  LogFields all = target->fields;
  all.insert(all.end(), context.begin(), context.end());
  target->sink->write(level, message, all, fields);
}

}  // namespace vigia::app
