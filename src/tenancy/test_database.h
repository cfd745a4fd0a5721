#pragma once

// What tests of the control plane share: a directory that goes away again, and a log that can be read.

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

namespace vigia::tenancy {

class LinesSink final : public LogSink {
 public:
  bool is_enabled(LogLevel) const override { return true; }
  void write(LogLevel level, std::string_view message, const LogFields& context, const LogFields& fields) override {
    lines.push_back(format_log_line(LogSettings(), 0, level, message, context, fields));
  }
  std::vector<std::string> lines;
};

class TemporaryDirectoryTest : public ::testing::Test {
 protected:
  TemporaryDirectoryTest() {
    const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = ::testing::TempDir() + test->test_suite_name() + "_" + test->name() + "_" + std::to_string(::getpid());
    remove_all();
    EXPECT_TRUE(files_.create_directories(directory_).is_ok());
  }
  ~TemporaryDirectoryTest() override {
    remove_all();
    ::rmdir(directory_.c_str());
  }

  const std::string& directory() const { return directory_; }
  std::string path() const { return directory_ + "/test.db"; }
  FileSystem& files() { return files_; }
  const Clock& clock() const { return clock_; }

 private:
  void remove_all() {
    Result<std::vector<std::string>> names = files_.list(directory_);
    if (!names.is_ok()) return;
    for (const std::string& name : *names) EXPECT_TRUE(files_.remove(directory_ + "/" + name).is_ok());
  }

  std::string directory_;
  SystemFiles files_;
  SystemClock clock_;
};

}  // namespace vigia::tenancy
