#pragma once

// The program's own log: one line an event, a message and named values.
//
//   log.warn("cannot reach the collector", {{"endpoint", endpoint}, {"attempt", 3}});
//
// A Logger is a cheap value: a sink and fields that every line carries. It may be used on any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace vigia {

enum class LogLevel : uint8_t { debug, info, warn, error };
enum class LogEncoding : uint8_t { console, json };

struct LogField {
  std::string name;
  std::variant<std::string, int64_t, double, bool> value;

  LogField(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string(v)) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(v) {}
  LogField(std::string_view n, const Status& v) : name(n), value(v.to_string()) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
  LogField(std::string_view n, double v) : name(n), value(v) {}
  template <typename Integer>
  requires std::is_integral_v<Integer> LogField(std::string_view n, Integer v) : name(n), value(static_cast<int64_t>(v)) {}
};
using LogFields = std::vector<LogField>;

struct LogSettings {
  LogLevel level = LogLevel::info;
  LogEncoding encoding = LogEncoding::console;
  std::vector<std::string> output_paths = {"stderr"};  // "stdout", "stderr" or file names
  std::string service = "vigia";
  // In every period, of lines with the same level and message: the first ones, then every n-th. 0 = no sampling.
  int sampling_initial = 10;
  int sampling_thereafter = 100;
  int64_t sampling_period_ms = 10'000;
};

// Where lines go. Writes whole lines; what cannot be written is lost silently.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual bool is_enabled(LogLevel level) const = 0;
  virtual void write(LogLevel level, std::string_view message, const LogFields& context, const LogFields& fields) = 0;

  static Result<std::shared_ptr<LogSink>> open(const LogSettings& settings, const Clock& clock);
  // Swallows everything.
  static std::shared_ptr<LogSink> null();
};

class Logger {
 public:
  // A logger that says nothing.
  Logger();
  explicit Logger(std::shared_ptr<LogSink> sink) : sink_(std::move(sink)) {}

  // The same logger with more fields on every line.
  Logger with(const LogFields& fields) const;

  bool is_enabled(LogLevel level) const { return sink_->is_enabled(level); }
  void write(LogLevel level, std::string_view message, const LogFields& fields = {}) const {
    if (is_enabled(level)) sink_->write(level, message, context_, fields);
  }
  void debug(std::string_view message, const LogFields& fields = {}) const { write(LogLevel::debug, message, fields); }
  void info(std::string_view message, const LogFields& fields = {}) const { write(LogLevel::info, message, fields); }
  void warn(std::string_view message, const LogFields& fields = {}) const { write(LogLevel::warn, message, fields); }
  void error(std::string_view message, const LogFields& fields = {}) const { write(LogLevel::error, message, fields); }

 private:
  std::shared_ptr<LogSink> sink_;
  LogFields context_;
};

// The text of one line, newline included; what sinks print.
std::string format_log_line(const LogSettings& settings, int64_t wall_ns, LogLevel level, std::string_view message,
                            const LogFields& context, const LogFields& fields);

// `text` as the inside of a JSON string.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace vigia
