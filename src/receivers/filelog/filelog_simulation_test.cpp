// Scenario: a writer appends to a log and rotates it in every way there is, in any order; the reader looks when it likes, reads a part or all, dies
// and starts again from its positions. All of it follows from a seed. Guarantee: every line arrives at least once; without a death exactly once.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "receivers/filelog/test_log_directory.h"

namespace vigia::receivers::test {
namespace {

enum class Rotation { renames, copies };

class Simulation {
 public:
  Simulation(uint64_t seed, Rotation rotation, bool may_die, const std::string& pattern)
      : random_(seed),
        rotation_(rotation),
        may_die_(may_die),
        keeps_matching_(pattern == "app.log*"),
        packs_(keeps_matching_ && random_.below(2) == 0),
        logs_("simulation-" + std::to_string(seed)),
        yaml_("include: ['" + logs_ / pattern +
              "']\nstart_at: beginning\ncompression: auto\nfingerprint_size: " + std::to_string(16 + random_.below(500)) +
              "\nmax_concurrent_files: " + std::to_string((may_die ? 2 : 8) + random_.below(20))) {
    reader_ = std::make_unique<Reader>(kit_, config_of(yaml_));
  }

  void run(size_t steps) {
    for (size_t i = 0; i < steps; i++) step();
    for (int i = 0; i < 8; i++) {
      kit_.advance_ms(6'000);
      read();
    }
  }

  void check(uint64_t seed) const {
    for (int line = 0; line < next_line_; line++) {
      auto found = arrived_.find(text_of(line));
      ASSERT_NE(found, arrived_.end()) << "seed " << seed << ": lost line " << line << " of " << next_line_ << "\n" << story_;
      if (deaths_ > 0) continue;
      ASSERT_EQ(found->second, 1) << "seed " << seed << ": line " << line << "\n" << story_;
    }
    ASSERT_EQ(arrived_.size(), static_cast<size_t>(next_line_)) << "seed " << seed << ": something arrived that nobody wrote";
  }

 private:
  // Of any length, and some begin alike.
  static std::string text_of(int line) {
    return "a line like any other " + std::string(static_cast<size_t>(line * 37 % 90), 'x') + " " + std::to_string(line);
  }

  void step() {
    switch (random_.below(may_die_ ? 10 : 9)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return write();
      case 4:
      case 5:
        return rotate();
      case 6:
      case 7:
        return read();
      case 8:
        return kit_.advance_ms(static_cast<int64_t>(random_.below(3'000)));
      default:
        return die();
    }
  }

  void write() {
    std::string text;
    for (uint64_t i = random_.below(40); i > 0; i--) text += text_of(next_line_++) + "\n";
    logs_.append("app.log", text);
    tell("write up to " + std::to_string(next_line_));
  }

  static std::string name_of(int number) { return number == 0 ? "app.log" : "app.log." + std::to_string(number); }

  void rotate() {
    if (rotations_++ > 30) return;  // All of them are kept.
    tell("rotate");
    // Between two looks a file that matches no more is rotated once, or nobody could know of it.
    if (!keeps_matching_) read();
    if (!std::filesystem::exists(logs_ / "app.log")) return;
    for (int number = 60; number > 0; number--) {
      for (const char* suffix : {"", ".gz"})
        if (std::filesystem::exists(logs_ / (name_of(number) + suffix)))
          logs_.rename(name_of(number) + suffix, name_of(number + 1) + suffix);
    }
    if (rotation_ == Rotation::renames) {
      logs_.rename("app.log", "app.log.1");
    } else {
      copy_and_cut();
    }
    if (packs_ && std::filesystem::exists(logs_ / "app.log.2")) {
      tell("pack");
      logs_.compress("app.log.2", "app.log.2.gz");
    }
  }

  void copy_and_cut() {
    std::string whole = logs_.read("app.log");
    size_t half = random_.below(whole.size() + 1);
    tell("copy " + std::to_string(half) + " and then " + std::to_string(whole.size()));
    logs_.append("app.log.1", whole.substr(0, half));
    if (random_.below(2) == 0) read();
    logs_.append("app.log.1", whole.substr(half));
    if (random_.below(2) == 0) read();
    logs_.truncate("app.log");
  }

  void read() {
    reader_->look();
    if (may_die_ && random_.below(3) == 0) reader_->read_without_delivery();
    std::string numbers;
    for (const std::string& body : reader_->read_all()) {
      arrived_[body]++;
      numbers += body.substr(body.rfind(' '));
    }
    tell("read:" + numbers);
  }
  void tell(const std::string& what) { story_ += what + "\n"; }

  void die() {
    deaths_++;
    tell("die");
    // What was kept last may be older than what was delivered last.
    if (random_.below(2) == 0 || positions_.empty()) positions_ = reader_->positions();
    reader_->look();
    reader_->read_without_delivery();
    reader_ = std::make_unique<Reader>(kit_, config_of(yaml_));
    reader_->restore(positions_);
    positions_.clear();
  }

  Random random_;
  const Rotation rotation_;
  const bool may_die_;
  const bool keeps_matching_;
  const bool packs_;
  pipeline::test::Kit kit_;
  LogDirectory logs_;
  const std::string yaml_;
  std::unique_ptr<Reader> reader_;
  std::string positions_;
  std::map<std::string, int> arrived_;
  int next_line_ = 0;
  int rotations_ = 0;
  int deaths_ = 0;
  std::string story_;  // What happened, for whoever has to find out why it went wrong.
};

void run_seeds(Rotation rotation, bool may_die, const std::string& pattern, uint64_t first) {
  for (uint64_t seed = first; seed < first + 60; seed++) {
    Simulation simulation(seed, rotation, may_die, pattern);
    simulation.run(150);
    simulation.check(seed);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(FilelogSimulation, RenamedFiles) { run_seeds(Rotation::renames, false, "app.log*", 1'000); }
TEST(FilelogSimulation, RenamedFilesThatDoNotMatch) { run_seeds(Rotation::renames, false, "app.log", 2'000); }
TEST(FilelogSimulation, RenamedFilesAndDeaths) { run_seeds(Rotation::renames, true, "app.log*", 3'000); }
TEST(FilelogSimulation, CopiedFiles) { run_seeds(Rotation::copies, false, "app.log*", 4'000); }
TEST(FilelogSimulation, CopiedFilesAndDeaths) { run_seeds(Rotation::copies, true, "app.log*", 5'000); }

}  // namespace
}  // namespace vigia::receivers::test
