#include "receivers/filelog/tail_loop.h"

#include <algorithm>
#include <utility>

#include "receivers/filelog/positions.h"

namespace vigia::receivers {

namespace {

// Others have work for this loop, too.
constexpr int64_t turn_ms = 10;
constexpr size_t step_bytes = 256 << 10;
// A look when names have changed: soon, since files may be rotated quickly, but not for each of many at once.
constexpr int64_t least_look_pause_ms = 20;
// Where watching works, one looks so often all the same.
constexpr int64_t watched_look_ms = 2'000;
// Positions are kept often, since what was read after the last time is read again after a crash, but not for more than so small a share of the time.
constexpr int64_t least_save_pause_ms = 100;
constexpr int64_t most_save_pause_ms = 1'000;
constexpr int64_t save_pause_factor = 20;
constexpr int64_t blocked_pause_ms = 100;

}  // namespace

TailLoop::TailLoop(const pipeline::Context& context, const FilelogConfig& config, pipeline::Consumer& output,
                   std::unique_ptr<operators::ChainRun> run, std::unique_ptr<operators::ChainRun> header_run, Memory memory)
    : context_(context),
      config_(config),
      loop_(context.background.loop()),
      memory_(std::move(memory)),
      batch_(std::move(run), context.ledger),
      reader_(context_, config_, known_, batch_, std::move(header_run)),
      files_(context_, config_, known_, reader_,
             {[this](const std::string& path) {
                if (!contents_) return -1;
                Result<int> id = contents_->watch_content(path);
                if (!id.is_ok()) is_polling_ = true;
                return id.is_ok() ? *id : -1;
              },
              [this](int id) {
                if (contents_) contents_->forget(id);
              }}),
      delivery_(std::make_shared<Delivery>(context_, config_.retry, output, loop_, context.loops.next(),
                                           Delivery::Listener{[this](const std::vector<Mark>& marks) {
                                                                for (const Mark& mark : marks) files_.commit(mark.file, mark.position);
                                                              },
                                                              [this] {
                                                                if (stopped_)
                                                                  finish_if_settled();
                                                                else
                                                                  wake();
                                                              }},
                                           config_.customer)),
      failed_saves_(context.metrics.counter("vigia_filelog_failed_saves", "Times that positions could not be written to the storage.",
                                            {{"receiver", context.id.to_string()}})) {}

Status TailLoop::restore() {
  if (memory_.positions.empty()) return {};
  // A storage that was used means that what is new came since.
  files_.has_history();
  return read_positions(std::exchange(memory_.positions, {}), known_);
}

void TailLoop::begin() {
  if (is_stopped_) return;
  for (std::unique_ptr<net::FileWatcher>* watcher : {&names_, &contents_}) {
    Result<std::unique_ptr<net::FileWatcher>> opened = net::FileWatcher::open(loop_);
    if (opened.is_ok())
      *watcher = std::move(*opened);
    else
      context_.log.warn("files cannot be watched and are polled", {{"error", opened.status()}});
  }
  wait_for_changes();
  // That it looked must be known also where there was nothing to see: what is there after a crash came since.
  is_dirty_ = true;
  work();
}

void TailLoop::wait_for_changes() {
  if (names_) names_->wait([this] { names_changed(); });
  if (contents_) contents_->wait([this] { contents_changed(); });
}

void TailLoop::wake() {
  if (std::exchange(is_woken_, true)) return;
  loop_.post([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->work();
  });
}

void TailLoop::work() {
  is_woken_ = false;
  if (is_stopped_ || stopped_) return;
  int64_t now = now_ms();
  if (now >= next_look_ms_) look();
  bool is_blocked = !read_on(now + turn_ms);
  save_if_due();
  plan_next(is_blocked);
}

// Reads until there is nothing left or the time is over. False when the pipeline has to take something first.
bool TailLoop::read_on(int64_t until_ms) {
  if (batch_.next_flush_ms().value_or(INT64_MAX) <= now_ms()) batch_.flush(now_ms());
  bool ends_rests = files_.next_rest_ms().value_or(INT64_MAX) <= now_ms();
  for (;;) {
    if (context_.ledger.is_over_limit()) return false;
    if (batch_.is_full() && !send_batch()) return false;
    FileSet::Progress progress = ends_rests ? files_.end_rests() : files_.read_some(step_bytes);
    if (progress == FileSet::Progress::batch_full) continue;
    if (progress == FileSet::Progress::nothing_left && !std::exchange(ends_rests, false)) return batch_.is_empty() || send_batch();
    if (now_ms() < until_ms) continue;
    wake();
    return true;
  }
}

bool TailLoop::send_batch() {
  if (!delivery_->has_room()) return false;
  delivery_->send(batch_.close(known_));
  return true;
}

void TailLoop::look() {
  last_look_ms_ = now_ms();
  is_polling_ = !names_ || !contents_;
  watch_directories(files_.look());
  next_look_ms_ = now_ms() + (is_polling_ ? config_.poll_interval_ms : std::max(config_.poll_interval_ms, watched_look_ms));
}

void TailLoop::watch_directories(const std::set<std::string>& directories) {
  if (!names_) return;
  std::erase_if(watched_, [&](const auto& one) {
    if (directories.contains(one.first)) return false;
    names_->forget(one.second);
    return true;
  });
  for (const std::string& directory : directories) {
    if (watched_.contains(directory)) continue;
    Result<net::FileWatcher::Id> id = names_->watch_names(directory.empty() ? "." : directory);
    if (id.is_ok()) {
      watched_[directory] = *id;
    } else if (id.status().code() != StatusCode::not_found) {
      is_polling_ = true;
      if (!std::exchange(has_told_polling_, true))
        context_.log.info("a directory cannot be watched; files are polled", {{"directory", directory}, {"error", id.status()}});
    }
  }
}

void TailLoop::names_changed() {
  net::FileWatcher::Changes changes = names_->take();
  std::map<net::FileWatcher::Id, std::string> directories;
  if (!changes.renames.empty())
    for (const auto& [directory, id] : watched_) directories[id] = directory;
  for (const net::FileWatcher::Rename& rename : changes.renames)
    files_.note_rename(directories[rename.from_directory] + rename.from, directories[rename.to_directory] + rename.to);
  std::erase_if(watched_,
                [&](const auto& one) { return std::find(changes.ended.begin(), changes.ended.end(), one.second) != changes.ended.end(); });
  next_look_ms_ = std::min(next_look_ms_, last_look_ms_ + least_look_pause_ms);
  wake();
  // What follows is seen by the next look in any case, or after it.
  loop_.run_after_ms(least_look_pause_ms, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self && self->names_) self->names_->wait([raw = self.get()] { raw->names_changed(); });
  });
}

// A log that is written to all the time is read at the pace of polling, and one that was quiet at once.
void TailLoop::contents_changed() {
  if (contents_timer_ != 0) return;
  int64_t wait_ms = last_contents_ms_ + config_.poll_interval_ms - now_ms();
  if (wait_ms <= 0) return take_contents();
  contents_timer_ = loop_.run_after_ms(wait_ms, [this] {
    contents_timer_ = 0;
    take_contents();
  });
}

void TailLoop::take_contents() {
  last_contents_ms_ = now_ms();
  net::FileWatcher::Changes changes = contents_->take();
  std::set<int> ids(changes.contents.begin(), changes.contents.end());
  if (changes.is_incomplete) next_look_ms_ = 0;
  known_.for_each([&](TrackedFile& file) {
    if (std::find(changes.ended.begin(), changes.ended.end(), file.watch) != changes.ended.end()) file.watch = -1;
    if (file.watch >= 0 && ids.contains(file.watch)) files_.look_at(file);
  });
  contents_->wait([this] { contents_changed(); });
  wake();
}

void TailLoop::plan_next(bool is_blocked) {
  if (is_woken_) return;
  int64_t due = next_look_ms_;
  if (is_blocked) due = std::min(due, now_ms() + blocked_pause_ms);
  // What waits for the pipeline is not helped by more of it.
  if (!is_blocked) due = std::min({due, files_.next_rest_ms().value_or(INT64_MAX), batch_.next_flush_ms().value_or(INT64_MAX)});
  if (is_dirty_) due = std::min(due, last_save_ms_ + save_pause_ms_);
  loop_.cancel_timer(timer_);
  timer_ = loop_.run_after_ms(due - now_ms(), [this] {
    timer_ = 0;
    work();
  });
}

void TailLoop::save_if_due() {
  is_dirty_ = files_.take_dirty() || is_dirty_;
  if (memory_.keeps_at_end) is_dirty_ = false;
  if (is_dirty_ && now_ms() >= last_save_ms_ + save_pause_ms_) save();
}

void TailLoop::save() {
  last_save_ms_ = now_ms();
  is_dirty_ = false;
  if (!memory_.keep) return;
  Status status = memory_.keep(write_positions(known_));
  save_pause_ms_ = std::clamp((now_ms() - last_save_ms_) * save_pause_factor, least_save_pause_ms, most_save_pause_ms);
  if (status.is_ok()) return;
  is_dirty_ = true;
  failed_saves_.add();
  context_.log.error("cannot keep the positions of log files; after a restart something is read twice", {{"error", status}});
}

void TailLoop::stop(int64_t deadline_steady_ms, Function<void()> stopped) {
  stopped_ = std::move(stopped);
  loop_.cancel_timer(timer_);
  loop_.cancel_timer(contents_timer_);
  names_.reset();
  contents_.reset();
  batch_.flush_all();
  if (!batch_.is_empty()) delivery_->send(batch_.close(known_));
  deadline_timer_ = loop_.run_after_ms(deadline_steady_ms - now_ms(), [this] {
    deadline_timer_ = 0;
    finish();
  });
  finish_if_settled();
}

void TailLoop::finish_if_settled() {
  if (!is_stopped_ && delivery_->is_settled()) finish();
}

void TailLoop::finish() {
  is_stopped_ = true;
  loop_.cancel_timer(deadline_timer_);
  delivery_->abandon();
  save();
  std::exchange(stopped_, nullptr)();
}

}  // namespace vigia::receivers
