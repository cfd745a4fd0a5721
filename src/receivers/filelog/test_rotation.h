#pragma once

// A reader of a directory of logs, which can be restarted, for tests of what happens to their names.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "receivers/filelog/test_log_directory.h"

namespace vigia::receivers::test {

using Bodies = std::vector<std::string>;

inline Bodies sorted(Bodies all) {
  std::sort(all.begin(), all.end());
  return all;
}
inline Bodies joined(Bodies one, const Bodies& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

class RotationTest : public testing::Test {
 protected:
  RotationTest() : logs_(testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  FilelogConfig config(const std::string& pattern = "app.log*", const std::string& more = "") {
    return config_of("include: ['" + logs_ / pattern + "']\nstart_at: beginning\ncompression: auto\n" + more);
  }
  void start(const std::string& pattern = "app.log*", const std::string& more = "") {
    reader_ = std::make_unique<Reader>(kit_, config(pattern, more));
  }
  // Away and back, with what was delivered.
  void restart(const std::string& pattern = "app.log*", const std::string& more = "") {
    std::string positions = reader_->positions();
    start(pattern, more);
    reader_->restore(positions);
  }

  pipeline::test::Kit kit_;
  LogDirectory logs_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace vigia::receivers::test
