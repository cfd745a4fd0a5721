#pragma once

// Dead letters of one exporter in one pipeline: a directory with a file for each batch that was set aside.
//
// One DeadLetters writes; any process may list, read and remove at the same time, since a letter appears whole and disappears whole.
// Everything waits for the disk: not for event loops that have something else to do.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/metrics.h"
#include "pipeline/dead_letter.h"

namespace vigia::pipeline {

// <storage>/dead-letters/<pipeline>/<exporter>. What cannot stand in a file's name is written as %XX: "traces%2Fx".
std::string dead_letter_directory(const std::string& storage_directory, std::string_view pipeline, std::string_view exporter);
// Above all of them.
std::string dead_letter_root(const std::string& storage_directory);
// What the pipeline is for whose directory this is; nothing when it is none of ours.
std::optional<otlp::Signal> dead_letter_signal(std::string_view directory);
// Within an exporter's directory: letters that are to be sent again.
constexpr std::string_view resend_directory_name = "resend";

struct ListedDeadLetter {
  std::string name;
  uint64_t number = 0;  // Rises with every letter of this directory.
  uint64_t bytes = 0;
  DeadLetterHead head;
  Status damage;  // Not OK: the head is empty, or the file is shorter than it says.
};

// The oldest first. Heads only: whether a body is whole shows when it is read. A directory that is not there holds nothing.
Result<std::vector<ListedDeadLetter>> list_dead_letters(FileSystem& files, const std::string& directory);
Result<DeadLetter> read_dead_letter(FileSystem& files, const std::string& directory, const std::string& name);
// Moves it to where the running program looks for what is to be sent again.
Status resend_dead_letter(FileSystem& files, const std::string& directory, const std::string& name);
// Whether a file of this name is a dead letter; nothing else is touched.
bool is_dead_letter_name(std::string_view name);

struct DeadLetterLimits {
  uint64_t max_files = 10'000;
  uint64_t max_bytes = 256ULL << 20;
};

struct DeadLetterPlace {
  std::string directory;
  std::string pipeline;
  std::string exporter;
};

// Any thread. The references outlive it.
class DeadLetters {
 public:
  DeadLetters(FileSystem& files, const Clock& clock, const Logger& log, MetricRegistry& metrics, DeadLetterPlace place,
              const DeadLetterLimits& limits = {});
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  // Sets the batch aside. Once this is OK it survives a power cut; after an error it may lie there all the same. The oldest letters make room
  // within the limits: they are removed, counted and logged. A batch that is larger than all may be together is refused.
  Status put(const Batch& batch, std::string_view reason);

  Result<std::vector<ListedDeadLetter>> list() { return list_dead_letters(files_, place_.directory); }
  Result<DeadLetter> read(const std::string& name) { return read_dead_letter(files_, place_.directory, name); }
  Status remove(const std::string& name);

 private:
  struct Kept {
    std::string name;
    uint64_t bytes = 0;
  };
  struct State {
    bool is_open = false;
    std::deque<Kept> kept;  // The oldest first. Others may have removed some of them.
    uint64_t bytes = 0;
    uint64_t last_number = 0;  // Of all lives.
  };

  Status open(State& state);
  Status create_directory();
  Status write(State& state, std::string_view content, int64_t time_ms);
  bool is_over_limits(const State& state) const;
  void make_room(State& state);
  void forget_what_is_gone(State& state);
  void show(const State& state);

  FileSystem& files_;
  const Clock& clock_;
  const Logger log_;
  const DeadLetterPlace place_;
  const DeadLetterLimits limits_;
  Counter& written_items_;
  Counter& removed_;
  Gauge& kept_files_;
  Gauge& kept_bytes_;
  Guarded<State> state_;
};

}  // namespace vigia::pipeline
