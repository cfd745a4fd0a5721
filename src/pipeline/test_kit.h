#pragma once

// What tests of pipelines and components share: loops, a clock that can be turned, consumers that refuse on demand, a log
// that can be read.

#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "base/log.h"
#include "config/diagnostics.h"
#include "config/section.h"
#include "config/yaml_reader.h"
#include "pipeline/component.h"

namespace vigia::pipeline::test {

// Every line of the log, for reading afterwards.
class RecordingSink final : public LogSink {
 public:
  struct Line {
    LogLevel level;
    std::string text;  // The message and all fields, as on the console.
  };
  bool is_enabled(LogLevel) const override { return true; }
  void write(LogLevel level, std::string_view message, const LogFields& context, const LogFields& fields) override {
    std::string text = format_log_line(LogSettings(), 0, level, message, context, fields);
    lines_.with([&](std::vector<Line>& lines) { lines.push_back({level, text}); });
  }
  std::vector<Line> lines() const {
    return lines_.with([](const std::vector<Line>& lines) { return lines; });
  }
  size_t count(std::string_view part) const {
    size_t count = 0;
    for (const Line& line : lines()) count += line.text.find(part) != std::string::npos;
    return count;
  }

 private:
  Guarded<std::vector<Line>> lines_;
};

class NoResolver final : public net::Resolver {
 public:
  void resolve(const std::string& host, int, Function<void(Result<std::vector<net::SocketAddress>>)> done) override {
    done(not_found("cannot resolve " + host));
  }
};

// One loop whose clock stands still until advance_ms(); the clock is only touched on the loop.
class Kit {
 public:
  explicit Kit(size_t loop_count = 1) : loops(clock, loop_count) { loops.start(); }
  ~Kit() {
    background.stop();
    loops.stop();
  }

  Context context(const std::string& id = "test") {
    return {ComponentId::parse(id),
            Logger(sink),
            metrics,
            clock,
            files,
            ledger,
            loops,
            background,
            resolver,
            [this](const ComponentId& wanted) -> Extension* {
              auto found = extensions.find(wanted);
              return found == extensions.end() ? nullptr : found->second;
            },
            [](const std::string&, int) {},
            "1.0"};
  }

  // Runs on the first loop and waits for the end.
  void on_loop(const std::function<void()>& call) {
    std::promise<void> ended;
    loops.at(0).post([&] {
      call();
      ended.set_value();
    });
    ended.get_future().wait();
  }
  // Lets the first loop finish what it has been given, and what follows from that.
  void settle() {
    for (int i = 0; i < 6; i++) on_loop([] {});
  }
  void advance_ms(int64_t ms) {
    on_loop([&] { clock.advance_ms(ms); });
    settle();
  }
  // The value of a series by the beginning of its line in the exposition text.
  double metric(const std::string& series) const {
    std::string text = "\n" + metrics.prometheus_text();
    size_t at = text.find("\n" + series);
    if (at == std::string::npos) return -1;
    size_t end = text.find('\n', at + 1);
    std::string line = text.substr(at + 1, end - at - 1);
    return std::stod(line.substr(line.rfind(' ')));
  }

  ManualClock clock;
  MemoryLedger ledger;
  MetricRegistry metrics;
  SystemFiles files;
  NoResolver resolver;
  std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();
  std::map<ComponentId, Extension*> extensions;
  net::LoopGroup loops;
  net::BackgroundLoop background{clock};
};

inline Batch make_batch(MemoryLedger& ledger, size_t items, size_t bytes = 100, otlp::Signal signal = otlp::Signal::traces) {
  Batch batch;
  batch.signal = signal;
  batch.item_count = items;
  batch.payload = Chain(Slice::copy_of(std::string(bytes, 'x'), ledger));
  return batch;
}

// Takes what it is given; answers from a script, then OK. Answers can be held back.
class FakeConsumer : public Consumer {
 public:
  struct Taken {
    size_t items;
    std::string bytes;
    std::shared_ptr<const Client> client;
  };

  Result<Reservation> reserve(const Load&) override {
    reserves++;
    if (!reserve_error.is_ok()) return reserve_error;
    return Reservation();
  }
  void consume(Batch batch, Done done) override {
    Status answer;
    bool is_held = false;
    state_.with([&](State& state) {
      if (!state.script.empty()) {
        answer = std::move(state.script.front());
        state.script.pop_front();
      }
      state.tries++;
      if (answer.is_ok()) state.taken.push_back({batch.item_count, batch.payload.to_string(), batch.client});
      is_held = state.holds;
      if (is_held) state.held.push_back(std::move(done));
    });
    if (is_held) {
      kept.push_back(std::move(batch));
      return;
    }
    if (answer.is_ok()) batch.settle();
    done(std::move(answer));
  }

  // The next answers, in turn.
  void script(std::vector<Status> answers) {
    state_.with([&](State& state) { state.script.assign(answers.begin(), answers.end()); });
  }
  // From now on answers wait for release().
  void hold(bool holds = true) {
    state_.with([&](State& state) { state.holds = holds; });
  }
  void release(const Status& answer = Status()) {
    std::vector<Done> held = state_.with([](State& state) { return std::exchange(state.held, {}); });
    kept.clear();
    for (Done& done : held) done(answer);
  }
  std::vector<Taken> taken() const {
    return state_.with([](const State& state) { return state.taken; });
  }
  size_t tries() const {
    return state_.with([](const State& state) { return state.tries; });
  }
  size_t items() const {
    size_t items = 0;
    for (const Taken& one : taken()) items += one.items;
    return items;
  }

  Status reserve_error;
  int reserves = 0;
  std::vector<Batch> kept;

 private:
  struct State {
    std::deque<Status> script;
    std::vector<Taken> taken;
    std::vector<Done> held;
    size_t tries = 0;
    bool holds = false;
  };
  Guarded<State> state_;
};

// A status that somebody is yet to give.
struct Answer {
  std::shared_ptr<Guarded<std::vector<Status>>> statuses = std::make_shared<Guarded<std::vector<Status>>>();
  Done done() {
    return [statuses = statuses](Status status) { statuses->with([&](auto& list) { list.push_back(std::move(status)); }); };
  }
  size_t count() const {
    return statuses->with([](const auto& list) { return list.size(); });
  }
  Status get() const {
    return statuses->with([](const auto& list) { return list.empty() ? internal_error("no answer yet") : list.front(); });
  }
};

// A journal's record that remembers how it ended.
class FakeRecord final : public Receipt::Record {
 public:
  void on_released() override { released++; }
  void on_kept() override { kept++; }
  std::atomic<int> released{0};
  std::atomic<int> kept{0};
};

// A component's section, decoded.
template <typename Config>
struct Decoded {
  Config config;
  config::Diagnostics diagnostics;
  std::string errors() const { return diagnostics.render_errors(); }
};
template <typename Config>
std::unique_ptr<Decoded<Config>> decode_text(const std::string& yaml, const std::function<void(config::Section&, Config&)>& decode,
                                             const Config& defaults = Config()) {
  auto decoded = std::make_unique<Decoded<Config>>();
  decoded->config = defaults;
  auto node = config::read_yaml(std::make_shared<config::Source>(config::Source{"test.yaml", yaml}), decoded->diagnostics);
  config::Node empty;
  config::Section section(node ? *node : empty, "test", decoded->diagnostics);
  decode(section, decoded->config);
  section.finish();
  return decoded;
}

}  // namespace vigia::pipeline::test
