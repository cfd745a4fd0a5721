// Thousands of lives of a journal on disks that tear, fill up, fail and forget, under clocks that jump. An oracle knows what was answered: all of
// it is read after a crash with the bytes that were sent, until the cursor has released it, and nothing is read that nobody sent.
//
// A failing seed is printed; VIGIA_SEED=<n> runs it alone, VIGIA_SEEDS=<n> runs so many.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "journal/journal.h"
#include "journal/test_log_internal.h"

namespace vigia::journal {
namespace {

constexpr uint64_t default_seeds = 10'000;

// The date jumps as it likes; the other hand only goes on.
class JumpingClock final : public Clock {
 public:
  int64_t steady_ns() const override { return steady_ns_; }
  int64_t wall_ns() const override { return wall_ns_; }
  void pass(Random& random) {
    steady_ns_ += static_cast<int64_t>(random.below(150)) * 1'000'000;
    wall_ns_ = 1'600'000'000'000'000'000 + static_cast<int64_t>(random.below(1'000'000'000'000));
  }

 private:
  int64_t steady_ns_ = 1'000'000'000;
  int64_t wall_ns_ = 0;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed), seed_(seed), files_(seed * 31) {
    CHECK(files_.create_directories(test::directory).is_ok());
    options_.directory = test::directory;
    options_.file_bytes = 200 + random_.below(6000);
    options_.min_free_bytes = 0;
    options_.live_bytes = random_.below(3) * 2000;
    options_.backlog_bytes = 200 + random_.below(12000);
    options_.cursors = {{"a", {}, WhenFull::reject}, {"b", {}, WhenFull::reject}};
    if (random_.below(3) == 0) options_.cursors[0].quota.records = 1 + random_.below(20);
    drops_ = random_.below(4) == 0;
    if (drops_) options_.cursors[1] = {"b", {1 + random_.below(10), 0, 0}, WhenFull::drop_oldest};
    rots_ = random_.below(8) == 0;
  }

  void run() {
    for (uint64_t lives = 1 + random_.below(3); lives > 0 && !::testing::Test::HasFailure(); lives--) {
      start();
      for (uint64_t steps = random_.below(30); steps > 0; steps--) step();
      end();
    }
    start();
    drain();
  }

 private:
  struct Held {
    RecordPlace place;
    Origin origin;
    std::string body;
  };

  void start() {
    files_.set_faults({});
    files_.set_capacity_bytes(0);
    Result<std::unique_ptr<Journal>> journal = Journal::open(options_, {files_, clock_, ledger_, log_, seed_});
    ASSERT_TRUE(journal.is_ok()) << journal.status().message();
    journal_ = std::move(*journal);
    EXPECT_TRUE(rots_ || is_doubtful_ || journal_->state().damaged_bytes == 0) << "a crash is no damage";
    files_.set_faults({random_.below(6) == 0 ? 0.05 : 0, random_.below(4) == 0 ? 0.1 : 0, random_.below(4) == 0 ? 0.15 : 0,
                       random_.below(8) == 0 ? 0.05 : 0});
    if (random_.below(4) == 0) files_.set_capacity_bytes(files_.used_bytes() + random_.below(20'000));
  }

  void end() {
    if (random_.below(2) == 0) append();  // what was not answered may be there or not
    if (random_.below(3) == 0) {
      // What a failed sync left in the system's memory was never acknowledged, but is seen by the next life and may be gone after a crash.
      is_doubtful_ |= journal_->state().failed_writes > 0;
      files_.kill();
    } else {
      files_.crash();
    }
    journal_ = nullptr;
    for (auto& held : held_) held.clear();
    if (rots_) rot();
  }

  void rot() {
    std::vector<std::string> paths = files_.paths();
    if (paths.empty()) return;
    const std::string& path = paths[random_.below(paths.size())];
    files_.set_faults({});
    size_t size = files_.read_file(path)->size();
    if (path.ends_with(".journal") && size > 40) files_.damage(path, random_.below(size - 40), 1 + random_.below(40));
  }

  // --- A life ---

  void step() {
    clock_.pass(random_);
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2:
        append();
        break;
      case 3:
      case 4:
        journal_->work();
        break;
      case 5:
        read(static_cast<uint32_t>(random_.below(2)));
        break;
      case 6:
        let_go(static_cast<uint32_t>(random_.below(2)), true);
        break;
      case 7:
        if (random_.below(6) == 0)
          EXPECT_TRUE(journal_->change_options(options_).is_ok());
        else
          let_go(static_cast<uint32_t>(random_.below(2)), false);
        break;
    }
  }

  void append() {
    std::string body =
        std::to_string(++last_body_) + ":" + std::string(random_.below(6) == 0 ? random_.below(3000) : random_.below(60), 'x');
    sent_.insert(body);
    journal_->append(test::make_record(ledger_, body), [this, body](Result<Appended> answer) {
      if (!answer.is_ok()) return;
      acknowledged_.insert(body);
      for (uint32_t cursor = 0; cursor < 2; cursor++)
        if (answer->live_cursors >> cursor & 1) held_[cursor].push_back({answer->place, Origin::live, body});
    });
  }

  size_t read(uint32_t cursor) {
    Result<std::vector<ReadRecord>> records = journal_->read(cursor, 1 + random_.below(4000));
    if (!records.is_ok()) return 0;
    for (ReadRecord& record : *records) {
      std::string body = record.record.body.to_string();
      EXPECT_TRUE(sent_.contains(body)) << "nobody sent this";
      for (const Held& other : held_[cursor]) EXPECT_NE(other.body, body) << "somebody holds it already";
      held_[cursor].push_back({record.place, Origin::backlog, std::move(body)});
    }
    return records->size();
  }

  void let_go(uint32_t cursor, bool releases) {
    for (uint64_t count = random_.below(5); count > 0 && !held_[cursor].empty(); count--) {
      size_t at = random_.below(held_[cursor].size());
      Held held = std::move(held_[cursor][at]);
      held_[cursor].erase(held_[cursor].begin() + static_cast<std::ptrdiff_t>(at));
      if (releases) {
        journal_->release(cursor, held.place, held.origin);
        done_[cursor].insert(held.body);
      } else {
        journal_->give_back(cursor, held.place, held.origin);
      }
    }
  }

  // The last life is a good one: all that is left is delivered, and the disk is empty then.
  void drain() {
    files_.set_faults({});
    files_.set_capacity_bytes(0);
    for (uint32_t cursor = 0; cursor < 2; cursor++) {
      while (read(cursor) > 0)
        for (Held& held : std::exchange(held_[cursor], {})) {
          journal_->release(cursor, held.place, held.origin);
          done_[cursor].insert(held.body);
        }
      if (rots_ || (cursor == 1 && drops_)) continue;
      for (const std::string& body : acknowledged_)
        EXPECT_TRUE(done_[cursor].contains(body)) << options_.cursors[cursor].name << " misses " << body.substr(0, 10);
      EXPECT_EQ(journal_->cursor_state(cursor).wanted, Amount());
    }
    for (int i = 0; i < 20; i++) {
      clock_.pass(random_);
      journal_->work();
    }
    EXPECT_LE(journal_->state().files, 1u) << "drops " << drops_ << " rots " << rots_ << " lost " << journal_->state().lost_records << " b "
                                           << journal_->cursor_state(1).wanted.records << " a " << journal_->cursor_state(0).wanted.records;
  }

  Random random_;
  const uint64_t seed_;
  JumpingClock clock_;
  // A seed that runs alone tells what happened.
  const Logger log_ = std::getenv("VIGIA_SEED") ? Logger(LogSink::open(LogSettings(), clock_).value()) : Logger();
  MemoryLedger ledger_;
  vigia::test::FaultyFiles files_;
  JournalOptions options_;
  bool drops_ = false;
  bool rots_ = false;
  bool is_doubtful_ = false;
  std::unique_ptr<Journal> journal_;

  uint64_t last_body_ = 0;
  std::set<std::string> sent_;
  std::set<std::string> acknowledged_;
  std::vector<Held> held_[2];
  std::set<std::string> done_[2];
};

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(JournalSimulation, NothingAcknowledgedIsEverMissing) {
  uint64_t only = number_from("VIGIA_SEED", 0);
  uint64_t seeds = only ? 1 : number_from("VIGIA_SEEDS", default_seeds);
  for (uint64_t seed = only ? only : 1; seeds > 0; seed++, seeds--) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation(seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace vigia::journal
