#pragma once

// What the tests of dead letters share: a disk in memory, a storage on it, and the threads of a journal's shelf.

#include <gtest/gtest.h>

#include <future>

#include "base/test_faulty_files.h"
#include "pipeline/dead_letters.h"
#include "pipeline/journal_runner.h"
#include "pipeline/test_kit.h"
#include "pipeline/test_storage.h"

namespace vigia::pipeline::test {

class DeadLettersOnDiskTest : public ::testing::Test {
 protected:
  DeadLettersOnDiskTest() { kit_.extensions[{"file_storage", ""}] = &storage_; }

  void SetUp() override {
    journal::JournalOptions options;
    options.directory = "/s/traces";
    options.min_free_bytes = 0;
    runner_ = shelf_.open(options, 0).value();
  }

  Context context(const std::string& exporter) {
    Context parts = kit_.context(exporter);
    return {parts.id,         parts.log,      parts.metrics,        kit_.clock,        files_, parts.ledger, parts.loops,
            parts.background, parts.resolver, parts.find_extension, parts.report_port, "1.0"};
  }
  // What has been handed to the disk's reading thread is done when this returns, and what follows from it.
  void settle() {
    for (int i = 0; i < 3; i++) {
      std::promise<void> ended;
      shelf_.run_soon([&] { ended.set_value(); });
      ended.get_future().wait();
      kit_.settle();
    }
  }
  static std::string directory_of(const std::string& exporter, const std::string& pipeline = "traces/x") {
    return dead_letter_directory("/s", pipeline, exporter);
  }
  std::vector<DeadLetter> letters_in(const std::string& directory) {
    std::vector<DeadLetter> letters;
    std::vector<ListedDeadLetter> listed = list_dead_letters(files_, directory).value();
    for (const ListedDeadLetter& letter : listed) letters.push_back(read_dead_letter(files_, directory, letter.name).value());
    return letters;
  }

  Kit kit_;
  vigia::test::FaultyFiles files_{11};
  FakeStorage storage_{"/s"};
  JournalShelf shelf_{files_, kit_.clock, kit_.ledger, Logger()};
  std::shared_ptr<JournalRunner> runner_;
};

}  // namespace vigia::pipeline::test
