#include "base/compress.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace vigia {
namespace {

// Every codec gives back what it was given, whatever way the input was cut into slices; the output limit holds to the
// byte; damage is an error, never wrong content.

std::string some_text(size_t size) {
  Random random(7);
  std::string text;
  while (text.size() < size) text += "attribute-" + std::to_string(random.below(500)) + (random.below(9) == 0 ? "\n" : " ");
  text.resize(size);
  return text;
}

Chain cut(std::string_view text, size_t pieces, MemoryLedger& ledger) {
  Chain chain;
  size_t step = text.size() / pieces + 1;
  for (size_t at = 0; at < text.size(); at += step) chain.append(Slice::copy_of(text.substr(at, step), ledger));
  return chain;
}

class CompressTest : public testing::TestWithParam<Compression> {
 protected:
  MemoryLedger ledger;
};

TEST_P(CompressTest, GivesBackWhatItWasGiven) {
  for (size_t size : {0, 1, 17, 4096, 500'000})
    for (size_t pieces : {1, 7, 300}) {
      std::string text = some_text(size);
      auto packed = compress(GetParam(), cut(text, pieces, ledger), ledger);
      ASSERT_TRUE(packed.is_ok());
      auto plain = decompress(GetParam(), packed->view(), 1 << 20, ledger);
      ASSERT_TRUE(plain.is_ok()) << plain.status().to_string() << " size " << size;
      EXPECT_EQ(plain->view(), text);
    }
  EXPECT_EQ(ledger.held_bytes(), 0);
}

TEST_P(CompressTest, StopsAtTheLimitToTheByte) {
  std::string text(3'000'000, 'x');  // a bomb: it shrinks a thousandfold
  auto packed = compress(GetParam(), cut(text, 3, ledger), ledger);
  ASSERT_TRUE(packed.is_ok());
  EXPECT_TRUE(decompress(GetParam(), packed->view(), text.size(), ledger).is_ok());
  auto refused = decompress(GetParam(), packed->view(), text.size() - 1, ledger);
  ASSERT_FALSE(refused.is_ok());
  EXPECT_EQ(refused.status().code(), StatusCode::resource_exhausted);
}

TEST_P(CompressTest, DamageIsAnError) {
  if (GetParam() == Compression::none) return;  // nothing to notice it by
  std::string text = some_text(20'000);
  auto packed = compress(GetParam(), cut(text, 2, ledger), ledger);
  ASSERT_TRUE(packed.is_ok());
  std::string bytes(packed->view());
  for (size_t keep : {size_t{0}, size_t{1}, size_t{9}, bytes.size() / 2, bytes.size() - 1}) {
    auto cut_short = decompress(GetParam(), std::string_view(bytes).substr(0, keep), 1 << 20, ledger);
    EXPECT_FALSE(cut_short.is_ok()) << keep << " of " << bytes.size();
  }
}

INSTANTIATE_TEST_SUITE_P(AllCodecs, CompressTest,
                         testing::Values(Compression::none, Compression::gzip, Compression::zstd, Compression::zlib, Compression::deflate),
                         [](const auto& info) { return std::string(compression_name(info.param)); });

TEST(Compress, GzipMembersAreJoined) {
  MemoryLedger ledger;
  std::string two;
  for (std::string_view part : {"hello ", "world"}) two += compress(Compression::gzip, cut(part, 1, ledger), ledger)->view();
  auto plain = decompress(Compression::gzip, two, 100, ledger);
  ASSERT_TRUE(plain.is_ok());
  EXPECT_EQ(plain->view(), "hello world");
}

}  // namespace
}  // namespace vigia
