// Scenario: bodies of remote write, whole and damaged. Guarantee: they come back, or an error says why, and nothing is taken on a promise.

#include "base/snappy.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace vigia {
namespace {

TEST(Snappy, there_and_back) {
  MemoryLedger ledger;
  Random random(3);
  for (size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{100'000}, size_t{3'000'000}}) {
    std::string text;
    while (text.size() < size) text += std::string(random.below(20), static_cast<char>('a' + random.below(4)));
    text.resize(size);
    Slice packed = snappy_compress(text, ledger);
    Result<Slice> plain = snappy_decompress(packed.view(), size, ledger);
    ASSERT_TRUE(plain.is_ok());
    EXPECT_EQ(plain->view(), text);
    if (size > 0) {
      EXPECT_EQ(snappy_decompress(packed.view(), size - 1, ledger).status().code(), StatusCode::resource_exhausted);
    }
  }
}

TEST(Snappy, damaged) {
  MemoryLedger ledger;
  std::string packed(snappy_compress(std::string(1000, 'x') + "yz", ledger).view());
  for (size_t length = 0; length < packed.size(); length++)
    EXPECT_EQ(snappy_decompress(packed.substr(0, length), 1 << 20, ledger).status().code(), StatusCode::invalid_argument) << length;
  // It promises a gigabyte, and has a byte.
  std::string promise = "\x80\x80\x80\x80\x04\x00";
  int64_t before = ledger.held_bytes();
  EXPECT_FALSE(snappy_decompress(promise, size_t{2} << 30, ledger).is_ok());
  EXPECT_EQ(ledger.held_bytes(), before);
}

}  // namespace
}  // namespace vigia
