// Guarantee: a record is never taken for older than it is, and at most an eighth too late for as old.

#include "pipeline/record_ages.h"

#include <gtest/gtest.h>

namespace vigia::pipeline {
namespace {

TEST(RecordAgesTest, WhatWasThereBeforeIsAsOldAsTheStart) {
  RecordAges ages(800, 1000);
  EXPECT_FALSE(ages.is_overdue(5, 1799));
  EXPECT_TRUE(ages.is_overdue(5, 1800)) << "nothing was appended yet, so it is from before";
  ages.note_appended(10, 5000);
  EXPECT_TRUE(ages.is_overdue(9, 5000));
  EXPECT_FALSE(ages.is_overdue(10, 5000));
}

TEST(RecordAgesTest, TheLastRecordIsNotForgottenWhenNoneComesAfterIt) {
  RecordAges ages(800, 0);
  ages.note_appended(1, 100);
  ages.note_appended(2, 110);
  EXPECT_FALSE(ages.is_overdue(2, 909));
  EXPECT_TRUE(ages.is_overdue(2, 910));
}

TEST(RecordAgesTest, ASteadyStreamIsKnownToWithinAnEighth) {
  constexpr int64_t after_ms = 8000;
  RecordAges ages(after_ms, 0);
  // Record n comes at 100 × n ms.
  for (int64_t now_ms = 100; now_ms < 100'000; now_ms += 100) {
    ages.note_appended(static_cast<uint64_t>(now_ms / 100), now_ms);
    for (int64_t came_ms = 100; came_ms <= now_ms; came_ms += 100) {
      bool is_overdue = ages.is_overdue(static_cast<uint64_t>(came_ms / 100), now_ms);
      ASSERT_TRUE(is_overdue ? now_ms - came_ms >= after_ms : now_ms - came_ms <= after_ms / 8 * 9) << now_ms << " " << came_ms;
    }
  }
}

TEST(RecordAgesTest, NumbersMayComeInAnyOrder) {
  RecordAges ages(800, 0);
  ages.note_appended(3, 1000);
  ages.note_appended(2, 1001);
  EXPECT_FALSE(ages.is_overdue(3, 1799));
  EXPECT_TRUE(ages.is_overdue(3, 1801));
  EXPECT_TRUE(ages.is_overdue(2, 1801));
}

}  // namespace
}  // namespace vigia::pipeline
