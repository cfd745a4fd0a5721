// Lives that end at any moment on disks that misbehave. An oracle knows what was acknowledged: all of it is there after the next start, with the
// bytes that were sent, unless the cursor has released it; and nothing is there that nobody sent. A failing seed is printed; run it alone with
// --gtest_filter and first_seed.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "journal/recovery.h"
#include "journal/test_log_internal.h"

namespace vigia::journal {
namespace {

constexpr uint64_t first_seed = 1;
constexpr uint64_t seeds = 2000;
const std::vector<std::string> cursors = {"a", "b"};

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed), files_(seed * 31) {}

  void run() {
    for (uint64_t lives = 2 + random_.below(4); lives > 0 && !::testing::Test::HasFailure(); lives--) {
      start();
      check_all_is_there();
      files_.set_faults({0, random_.below(3) == 0 ? 0.1 : 0, random_.below(3) == 0 ? 0.15 : 0, 0});
      files_.set_capacity_bytes(random_.below(4) == 0 ? files_.used_bytes() + random_.below(20'000) : 0);
      for (uint64_t steps = random_.below(40); steps > 0; steps--) step();
      files_.set_faults({});
      files_.set_capacity_bytes(0);
      if (random_.below(2) && writer_) write_group(false);
      writer_ = nullptr;
      random_.below(3) == 0 ? files_.kill() : files_.crash();
    }
    start();
    check_all_is_there();
  }

 private:
  void start() {
    DamageKeeper damage(files_, test::directory, Logger());
    Result<Recovered> recovered = recover(files_, test::directory, cursors, damage, Logger());
    ASSERT_TRUE(recovered.is_ok()) << recovered.status().message();
    EXPECT_TRUE(damage.damaged_bytes() == 0 || !doubtful_.empty()) << "a crash is no damage";
    EXPECT_LE(damage.lost_records(), doubtful_.size());
    books_ = std::move(recovered->books);
    next_file_ = recovered->next_file;
    next_record_ = recovered->next_record;
    for (const std::string& name : cursors) books_.set_active(books_.find_or_add_cursor(name), true);
    writer_ = nullptr;
  }

  // --- The oracle ---

  void check_all_is_there() {
    for (const std::string& name : cursors) {
      uint32_t cursor = books_.find_or_add_cursor(name);
      std::set<uint64_t> waiting;
      Books::Position from;
      while (std::optional<Books::Position> next = books_.next_waiting(cursor, from)) {
        std::optional<std::string> body = read(*next);
        ASSERT_TRUE(body || doubtful_.contains(next->number))
            << "record " << next->number << " of file " << next->file << " cannot be read";
        EXPECT_TRUE(!body || sent_[next->number].contains(*body)) << "record " << next->number << " was never sent like this";
        if (acknowledged_.contains(next->number)) {
          EXPECT_EQ(*body, acknowledged_[next->number]);
        }
        waiting.insert(next->number);
        from = {next->file, next->number + 1};
      }
      for (const auto& [number, body] : acknowledged_)
        EXPECT_TRUE(waiting.contains(number) || released_[name].contains(number)) << name << " misses record " << number;
      EXPECT_EQ(books_.cursor(cursor).wanted.records, waiting.size());
    }
  }

  std::optional<std::string> read(const Books::Position& position) {
    const FileEntry& entry = *books_.find_file(position.file);
    std::unique_ptr<FrameReader> reader = test::open_reader(files_, entry.identity);
    reader->set_end(entry.size_bytes);
    for (;;) {
      FrameReader::Step step = reader->next().value();
      if (step.kind == FrameReader::Step::Kind::end) return std::nullopt;
      bool is_it =
          step.kind == FrameReader::Step::Kind::frame && step.header.kind == FrameKind::record && step.header.number == position.number;
      if (!is_it) continue;
      Result<Slice> payload = reader->payload(step, ledger_);
      if (!payload.is_ok()) return std::nullopt;
      Record record;
      return std::string(payload->view().substr(decode_head(payload->view(), record).value()));
    }
  }

  // --- A life ---

  void step() {
    if (!writer_ || random_.below(12) == 0) begin_file();
    if (writer_) write_group(true);
    if (random_.below(3) == 0) remove_finished();
  }

  void begin_file() {
    // A file is left only when all that is acknowledged in it is safe: it is, for every group was synced.
    FileHeader header{{next_file_++, random_.next()}, next_record_, 0};
    Result<std::unique_ptr<LogWriter>> writer = LogWriter::create(files_, test::directory, header, books_.encode());
    writer_ = nullptr;
    if (!writer.is_ok()) return;
    writer_ = std::move(*writer);
    unwritten_releases_.clear();  // the checkpoint has them
    books_.begin_file({header.identity, next_record_, next_record_, writer_->size_bytes(), 0});
  }

  // Releases some, writes some, and with `is_synced` syncs and acknowledges them.
  void write_group(bool is_synced) {
    release_some();
    std::vector<FramedRecord> framed;
    std::vector<std::string> bodies;
    for (uint64_t count = random_.below(4); count > 0; count--) {
      std::string& body =
          bodies.emplace_back(random_.below(5) == 0 ? random_.below(3000) : random_.below(100), static_cast<char>(random_.next()));
      sent_[next_record_ + framed.size()].insert(body);
      framed.emplace_back(test::make_record(ledger_, body));
    }
    std::vector<const FramedRecord*> records;
    for (const FramedRecord& one : framed) records.push_back(&one);
    std::string releases = encode_releases(unwritten_releases_);
    if (!writer_->write(records, next_record_, releases).is_ok()) return;
    if (!is_synced) return;
    if (!writer_->sync().is_ok()) {
      // Given up: what was acknowledged stays in it, the rest is refused; the next file takes their numbers. If there is no next file before the
      // end, the system shows what the disk may not have, and nobody can tell.
      for (size_t i = 0; i < framed.size(); i++) doubtful_.insert(next_record_ + i);
      writer_ = nullptr;
      return;
    }
    unwritten_releases_.clear();
    for (size_t i = 0; i < framed.size(); i++) {
      doubtful_.erase(next_record_);
      acknowledged_[next_record_++] = bodies[i];
      books_.add(framed[i].amount(), 0);
    }
    books_.set_file_size(writer_->header().identity.number, writer_->size_bytes());
  }

  void release_some() {
    for (uint64_t count = random_.below(4); count > 0; count--) {
      uint32_t cursor = books_.find_or_add_cursor(cursors[random_.below(cursors.size())]);
      std::optional<Books::Position> next = books_.next_waiting(cursor, {});
      if (!next) continue;
      // Not always the oldest.
      if (std::optional<Books::Position> later = books_.next_waiting(cursor, {next->file, next->number + random_.below(3)})) next = later;
      RecordPlace place{next->file, next->number, 0, 1, 0, 0};
      EXPECT_TRUE(books_.release(cursor, place));
      released_[books_.cursor(cursor).name].insert(next->number);
      unwritten_releases_.push_back({cursor, next->file, next->number, 1, 1, 0});
    }
  }

  void remove_finished() {
    for (const FileIdentity& file : books_.finished_files())
      if (files_.remove(std::string(test::directory) + "/" + file.name()).is_ok()) books_.remove_file(file.number);
  }

  Random random_;
  MemoryLedger ledger_;
  vigia::test::FaultyFiles files_;
  Books books_;
  uint64_t next_file_ = 1;
  uint64_t next_record_ = 1;
  std::unique_ptr<LogWriter> writer_;
  std::vector<Released> unwritten_releases_;

  std::map<uint64_t, std::set<std::string>> sent_;  // Every try under a number.
  std::map<uint64_t, std::string> acknowledged_;
  std::set<uint64_t> doubtful_;  // In a group whose sync failed.
  std::map<std::string, std::set<uint64_t>> released_;
};

TEST(RecoverySimulation, NothingAcknowledgedIsEverMissing) {
  for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation(seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace vigia::journal
