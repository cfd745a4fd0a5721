#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <map>

#include <fmt/core.h>

#include "base/escape.h"
#include "base/guarded.h"
#include "base/hash.h"

namespace vigia {

void append_json_escaped(std::string& out, std::string_view text) {
  for (char c : text) {
    if (std::string_view escape = short_escape(c); !escape.empty())
      out += escape;
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
}

namespace {

constexpr std::array<std::string_view, 4> console_names = {"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 4> json_names = {"DEBUG", "INFO", "WARNING", "ERROR"};

// Names that document 5 puts at the top of a line; everything else lies under "context".
bool is_top_level_field(std::string_view name) {
  return name == "trace_id" || name == "span_id" || name == "tenant_id" || name == "session_id" || name == "request_id";
}

void append_json_value(std::string& out, const LogField& field) {
  out += '"';
  append_json_escaped(out, field.name);
  out += "\":";
  if (const auto* text = std::get_if<std::string>(&field.value)) {
    out += '"';
    append_json_escaped(out, *text);
    out += '"';
  } else if (const auto* number = std::get_if<int64_t>(&field.value)) {
    out += fmt::format("{}", *number);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    out += std::isfinite(*real) ? fmt::format("{}", *real) : "null";
  } else {
    out += std::get<bool>(field.value) ? "true" : "false";
  }
}

std::string json_line(const LogSettings& settings, int64_t wall_ns, LogLevel level, std::string_view message, const LogFields& context,
                      const LogFields& fields) {
  std::string top =
      fmt::format(R"({{"timestamp":"{}","level":"{}","service":")", format_rfc3339(wall_ns), json_names[static_cast<size_t>(level)]);
  append_json_escaped(top, settings.service);
  top += '"';
  std::string inner;
  for (const LogFields* list : {&context, &fields})
    for (const LogField& field : *list) {
      std::string& out = is_top_level_field(field.name) ? top : inner;
      if (&out == &top || !inner.empty()) out += ',';
      append_json_value(out, field);
    }
  top += R"(,"message":")";
  append_json_escaped(top, message);
  top += '"';
  if (!inner.empty()) top += R"(,"context":{)" + inner + "}";
  return top + "}\n";
}

std::string console_line(int64_t wall_ns, LogLevel level, std::string_view message, const LogFields& context, const LogFields& fields) {
  std::string line = fmt::format("{}\t{}\t", format_rfc3339(wall_ns), console_names[static_cast<size_t>(level)]);
  line += message;
  std::string values;
  for (const LogFields* list : {&context, &fields})
    for (const LogField& field : *list) {
      values += values.empty() ? "\t{" : ", ";
      append_json_value(values, field);
    }
  if (!values.empty()) line += values + "}";
  return line + "\n";
}

class NullSink final : public LogSink {
 public:
  bool is_enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, const LogFields&, const LogFields&) override {}
};

// Lets through the first lines of a kind in every period, then every n-th.
class Sampler {
 public:
  bool lets_through(const LogSettings& settings, int64_t now_ms, LogLevel level, std::string_view message) {
    if (settings.sampling_initial <= 0) return true;
    if (now_ms - period_start_ms_ >= settings.sampling_period_ms || seen_.size() > 4096) {
      period_start_ms_ = now_ms;
      seen_.clear();
    }
    // By hash: a message may be as long as the telemetry that the debug exporter prints.
    int count = ++seen_[hash64(message, static_cast<uint64_t>(level))];
    if (count <= settings.sampling_initial) return true;
    return settings.sampling_thereafter > 0 && (count - settings.sampling_initial) % settings.sampling_thereafter == 0;
  }

 private:
  int64_t period_start_ms_ = 0;
  std::map<uint64_t, int> seen_;
};

class DescriptorSink final : public LogSink {
 public:
  DescriptorSink(const LogSettings& settings, const Clock& clock, std::vector<int> descriptors)
      : settings_(settings), clock_(clock), descriptors_(std::move(descriptors)) {}
  ~DescriptorSink() override {
    for (int descriptor : descriptors_)
      if (descriptor > 2) ::close(descriptor);
  }

  bool is_enabled(LogLevel level) const override { return level >= settings_.level; }

  void write(LogLevel level, std::string_view message, const LogFields& context, const LogFields& fields) override {
    bool wanted = sampler_.with([&](Sampler& s) { return s.lets_through(settings_, clock_.steady_ms(), level, message); });
    if (!wanted) return;
    std::string line = format_log_line(settings_, clock_.wall_ns(), level, message, context, fields);
    for (int descriptor : descriptors_) {
      ssize_t written = ::write(descriptor, line.data(), line.size());
      (void)written;  // there is nowhere to complain
    }
  }

 private:
  const LogSettings settings_;
  const Clock& clock_;
  std::vector<int> descriptors_;
  Guarded<Sampler> sampler_;
};

}  // namespace

std::string format_log_line(const LogSettings& settings, int64_t wall_ns, LogLevel level, std::string_view message,
                            const LogFields& context, const LogFields& fields) {
  return settings.encoding == LogEncoding::json ? json_line(settings, wall_ns, level, message, context, fields)
                                                : console_line(wall_ns, level, message, context, fields);
}

Result<std::shared_ptr<LogSink>> LogSink::open(const LogSettings& settings, const Clock& clock) {
  std::vector<int> descriptors;
  for (const std::string& path : settings.output_paths) {
    if (path == "stdout" || path == "stderr") {
      descriptors.push_back(path == "stdout" ? 1 : 2);
      continue;
    }
    int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor < 0) {
      Status status = system_error("cannot open the log file " + path, errno);
      for (int opened : descriptors)
        if (opened > 2) ::close(opened);
      return status;
    }
    descriptors.push_back(descriptor);
  }
  return std::shared_ptr<LogSink>(std::make_shared<DescriptorSink>(settings, clock, std::move(descriptors)));
}

std::shared_ptr<LogSink> LogSink::null() { return std::make_shared<NullSink>(); }

Logger::Logger() : sink_(LogSink::null()) {}

Logger Logger::with(const LogFields& fields) const {
  Logger result = *this;
  result.context_.insert(result.context_.end(), fields.begin(), fields.end());
  return result;
}

}  // namespace vigia
