#pragma once

// Lines of the program's own log, kept for whoever sends them on as telemetry. A bounded list: what comes while it is full is counted and
// forgotten. Any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"

namespace vigia {

class LogTap {
 public:
  struct Line {
    int64_t wall_ns = 0;
    LogLevel level = LogLevel::info;
    std::string message;
    LogFields fields;
  };
  struct Taken {
    std::vector<Line> lines;
    uint64_t lost = 0;  // Since the last taking.
  };

  // Keeps lines of this level and above from now on, `most` at a time. 0: none, as at the start.
  void open(LogLevel level, size_t most) {
    state_.with([&](State& state) {
      state.level = level;
      state.most = most;
    });
  }
  void add(int64_t wall_ns, LogLevel level, std::string_view message, const LogFields& context, const LogFields& fields) {
    state_.with([&](State& state) {
      if (state.most == 0 || level < state.level) return;
      if (state.taken.lines.size() >= state.most) {
        state.taken.lost++;
        return;
      }
      Line& line = state.taken.lines.emplace_back(Line{wall_ns, level, std::string(message), context});
      line.fields.insert(line.fields.end(), fields.begin(), fields.end());
    });
  }
  Taken take() {
    return state_.with([](State& state) { return std::exchange(state.taken, {}); });
  }

 private:
  struct State {
    LogLevel level = LogLevel::info;
    size_t most = 0;
    Taken taken;
  };
  Guarded<State> state_;
};

}  // namespace vigia
