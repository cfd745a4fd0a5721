#include "pipeline/dead_letters.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

namespace vigia::pipeline {

namespace {

// What write_file_atomically() of a program that died has left.
constexpr std::string_view unfinished_suffix = ".dead.new";

std::string parent_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

DeadLetters::DeadLetters(FileSystem& files, const Clock& clock, const Logger& log, MetricRegistry& metrics, DeadLetterPlace place,
                         const DeadLetterLimits& limits)
    : files_(files),
      clock_(clock),
      log_(log),
      place_(std::move(place)),
      limits_(limits),
      written_items_(metrics.counter("otelcol_exporter_dead_letter_items", "Items that could not be delivered and were set aside",
                                     {{"exporter", place_.exporter}, {"pipeline", place_.pipeline}})),
      removed_(metrics.counter("otelcol_exporter_dead_letters_removed", "Dead letters that were removed because there were too many",
                               {{"exporter", place_.exporter}, {"pipeline", place_.pipeline}})),
      kept_files_(metrics.gauge("otelcol_exporter_dead_letters", "Dead letters that are kept",
                                {{"exporter", place_.exporter}, {"pipeline", place_.pipeline}})),
      kept_bytes_(metrics.gauge("otelcol_exporter_dead_letters_bytes", "What the kept dead letters take on disk",
                                {{"exporter", place_.exporter}, {"pipeline", place_.pipeline}})) {}

Status DeadLetters::put(const Batch& batch, std::string_view reason) {
  DeadLetterHead head;
  head.pipeline = place_.pipeline;
  head.exporter = place_.exporter;
  head.signal = batch.signal;
  head.reason = reason;
  head.time_ms = clock_.wall_ns() / 1'000'000;
  head.items = batch.item_count;
  if (batch.client) head.client = *batch.client;
  std::string content = encode_dead_letter(head, batch.payload);
  if (content.size() > limits_.max_bytes || limits_.max_files == 0)
    return resource_exhausted(
        fmt::format("cannot set a batch of {} bytes aside: {} bytes are kept at most", content.size(), limits_.max_bytes));
  Status status = state_.with([&](State& state) -> Status {
    RETURN_IF_ERROR(open(state));
    RETURN_IF_ERROR(write(state, content, head.time_ms));
    make_room(state);
    show(state);
    return {};
  });
  if (status.is_ok()) written_items_.add(batch.item_count);
  return status;
}

Status DeadLetters::remove(const std::string& name) {
  if (!is_dead_letter_name(name)) return invalid_argument("\"" + name + "\" is no name of a dead letter");
  return state_.with([&](State& state) -> Status {
    RETURN_IF_ERROR(files_.remove(place_.directory + "/" + name));
    for (Kept& kept : state.kept)
      if (kept.name == name) state.bytes -= std::exchange(kept.bytes, 0);
    std::erase_if(state.kept, [&](const Kept& kept) { return kept.name == name; });
    show(state);
    return files_.sync_directory(place_.directory);
  });
}

// Finds out what lies there from earlier lives.
Status DeadLetters::open(State& state) {
  if (state.is_open) return {};
  RETURN_IF_ERROR(create_directory());
  ASSIGN_OR_RETURN(std::vector<std::string> names, files_.list(place_.directory));
  for (const std::string& name : names)
    if (name.ends_with(unfinished_suffix)) (void)files_.remove(place_.directory + "/" + name);
  ASSIGN_OR_RETURN(std::vector<ListedDeadLetter> letters, list());
  for (ListedDeadLetter& letter : letters) {
    state.bytes += letter.bytes;
    state.last_number = std::max(state.last_number, letter.number);
    state.kept.push_back({std::move(letter.name), letter.bytes});
  }
  state.is_open = true;
  return {};
}

// The levels below the storage directory are ours, and have to survive a power cut like what lies in them: also those that are there already,
// since whoever made them may not have seen to it. The place for what is to be sent again is made here, so that it belongs to this program's
// user whoever puts something there.
Status DeadLetters::create_directory() {
  std::string path = place_.directory + "/" + std::string(resend_directory_name);
  RETURN_IF_ERROR(files_.create_directories(path));
  for (int level = 0; level < 4; level++) {
    path = parent_of(path);
    RETURN_IF_ERROR(files_.sync_directory(path));
  }
  return {};
}

Status DeadLetters::write(State& state, std::string_view content, int64_t time_ms) {
  std::string name;
  // The clock may have been set back to when an earlier life wrote.
  do name = fmt::format("{}-{}.dead", time_ms, ++state.last_number);
  while (files_.exists(place_.directory + "/" + name));
  std::string path = place_.directory + "/" + name;
  Status status = files_.write_file_atomically(path, content);
  if (!status.is_ok()) {
    // Whoever is told that it failed keeps the data, so nothing half done has to stay.
    for (const std::string& left : {path + ".new", path})
      if (files_.exists(left)) (void)files_.remove(left);
    return std::move(status).with_context("cannot set data aside");
  }
  state.bytes += content.size();
  state.kept.push_back({std::move(name), content.size()});
  return {};
}

bool DeadLetters::is_over_limits(const State& state) const {
  return state.kept.size() > limits_.max_files || state.bytes > limits_.max_bytes;
}

// The newest is never removed: put() has seen to it that it fits.
void DeadLetters::make_room(State& state) {
  if (!is_over_limits(state)) return;
  forget_what_is_gone(state);
  uint64_t count = 0;
  while (is_over_limits(state) && state.kept.size() > 1) {
    const Kept& oldest = state.kept.front();
    Status status = files_.remove(place_.directory + "/" + oldest.name);
    if (status.is_ok())
      count++;
    else if (status.code() != StatusCode::not_found)
      log_.error("cannot remove an old dead letter", {{"error", status}});
    // What cannot be removed is not tried for ever; the next start finds it again.
    state.bytes -= oldest.bytes;
    state.kept.pop_front();
  }
  removed_.add(count);
  if (count > 0) log_.warn("too many dead letters: the oldest were removed", {{"removed", count}, {"directory", place_.directory}});
}

// Somebody may have removed or resent letters behind our back, and these make no room a second time.
void DeadLetters::forget_what_is_gone(State& state) {
  Result<std::vector<std::string>> names = files_.list(place_.directory);
  if (!names.is_ok()) return;
  std::set<std::string_view> there(names->begin(), names->end());
  std::erase_if(state.kept, [&](const Kept& kept) { return !there.contains(kept.name); });
  state.bytes = 0;
  for (const Kept& kept : state.kept) state.bytes += kept.bytes;
}

void DeadLetters::show(const State& state) {
  kept_files_.set(static_cast<double>(state.kept.size()));
  kept_bytes_.set(static_cast<double>(state.bytes));
}

}  // namespace vigia::pipeline
