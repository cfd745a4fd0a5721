#include "pipeline/journal_runner.h"

#include <algorithm>

namespace vigia::pipeline {

namespace {

// Runs the task there, unless the loop is gone.
void post_to(Guarded<net::EventLoop*>& held, net::Task task) {
  held.with([&](net::EventLoop* loop) {
    if (loop) loop->post(std::move(task));
  });
}

}  // namespace

JournalRunner::JournalRunner(std::unique_ptr<journal::Journal> journal, net::LoopGroup& disk_loops)
    : journal_(std::move(journal)), write_loop_(&disk_loops.at(0)), read_loop_(&disk_loops.at(1)) {}

// Nobody works any more: whoever does holds a reference.
JournalRunner::~JournalRunner() { journal_->flush(); }

void JournalRunner::start() {
  journal_->set_wake([weak = weak_from_this()] {
    std::shared_ptr<JournalRunner> self = weak.lock();
    if (!self) return;
    post_to(self->write_loop_, [weak] {
      if (std::shared_ptr<JournalRunner> runner = weak.lock()) runner->work();
    });
  });
  post_to(write_loop_, [weak = weak_from_this()] {
    if (std::shared_ptr<JournalRunner> runner = weak.lock()) runner->work();
  });
}

void JournalRunner::close() {
  write_loop_.with([](net::EventLoop*& loop) { loop = nullptr; });
  read_loop_.with([](net::EventLoop*& loop) { loop = nullptr; });
}

// On the write loop.
void JournalRunner::work() {
  int64_t next_ms = journal_->work();
  write_loop_.with([&](net::EventLoop* loop) {
    if (!loop) return;
    loop->cancel_timer(std::exchange(timer_, 0));
    if (next_ms < 0) return;
    timer_ = loop->run_after_ms(next_ms, [weak = weak_from_this()] {
      std::shared_ptr<JournalRunner> runner = weak.lock();
      if (!runner) return;
      runner->timer_ = 0;
      runner->work();
    });
  });
}

void JournalRunner::read_soon(net::Task task, int64_t delay_ms) {
  if (delay_ms <= 0) return post_to(read_loop_, std::move(task));
  read_loop_.with([&](net::EventLoop* loop) {
    if (!loop) return;
    loop->post([loop, delay_ms, task = std::move(task)]() mutable { loop->run_after_ms(delay_ms, std::move(task)); });
  });
}

// --- Users ---

Status JournalRunner::join(const std::shared_ptr<User>& user, const journal::JournalOptions& options) {
  users_.with([&](std::vector<Member>& users) { users.push_back({user, options}); });
  Status status = use_options();
  if (!status.is_ok()) leave(*user);
  return status;
}

void JournalRunner::leave(const User& user) {
  bool is_any_left = users_.with([&](std::vector<Member>& users) {
    std::erase_if(users, [&](const Member& member) { return member.user.get() == &user; });
    return !users.empty();
  });
  if (is_any_left) (void)use_options();  // They were good before.
}

// The newest one's, with the cursors that only others have: they still answer for these, and go on when it is the newest one that goes.
Status JournalRunner::use_options() {
  journal::JournalOptions options = users_.with([](const std::vector<Member>& users) {
    journal::JournalOptions merged = users.back().options;
    for (const Member& member : users)
      for (const journal::CursorOptions& cursor : member.options.cursors) {
        auto has_its_name = [&](const journal::CursorOptions& other) { return other.name == cursor.name; };
        if (std::none_of(merged.cursors.begin(), merged.cursors.end(), has_its_name)) merged.cursors.push_back(cursor);
      }
    return merged;
  });
  return journal_->change_options(std::move(options));
}

void JournalRunner::tell_readable(uint32_t cursor) {
  std::vector<std::shared_ptr<User>> newest_first = users_.with([](const std::vector<Member>& members) {
    std::vector<std::shared_ptr<User>> all;
    for (auto member = members.rbegin(); member != members.rend(); ++member) all.push_back(member->user);
    return all;
  });
  for (const std::shared_ptr<User>& user : newest_first)
    if (user->on_readable(cursor)) return;
}

JournalShelf::JournalShelf(FileSystem& files, const Clock& clock, MemoryLedger& ledger, Logger log)
    : environment_{files, clock, ledger, std::move(log)} {}

JournalShelf::~JournalShelf() {
  for (auto& [directory, weak] : runners_)
    if (std::shared_ptr<JournalRunner> runner = weak.lock()) runner->close();
  if (disk_loops_) disk_loops_->stop();
}

Result<std::shared_ptr<JournalRunner>> JournalShelf::open(const journal::JournalOptions& options, int64_t lock_timeout_ms) {
  std::weak_ptr<JournalRunner>& place = runners_[options.directory];
  if (std::shared_ptr<JournalRunner> runner = place.lock()) return runner;
  ASSIGN_OR_RETURN(std::unique_ptr<journal::Journal> journal, journal::Journal::open(options, environment_, lock_timeout_ms));
  if (!disk_loops_) {
    disk_loops_ = std::make_unique<net::LoopGroup>(environment_.clock, 2);
    disk_loops_->start();
  }
  auto runner = std::make_shared<JournalRunner>(std::move(journal), *disk_loops_);
  runner->start();
  place = runner;
  return runner;
}

std::shared_ptr<DeadLetters> JournalShelf::letters(DeadLetterPlace place, MetricRegistry& metrics, const DeadLetterLimits& limits) {
  return letters_.with([&](std::map<std::string, std::shared_ptr<DeadLetters>>& all) {
    std::shared_ptr<DeadLetters>& letters = all[place.directory];
    if (!letters) letters = std::make_shared<DeadLetters>(environment_.files, environment_.clock, environment_.log, metrics, place, limits);
    return letters;
  });
}

}  // namespace vigia::pipeline
