// Scenario: a compressed file is read in pieces, and may still grow by further members. Guarantee: what comes out is what went in, however
// the pieces fall; damage is an error, and an end in the middle of a member is told from a good one.

#include "base/decompress_stream.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace vigia {
namespace {

std::string compressed(Compression compression, const std::string& text) {
  MemoryLedger ledger;
  auto out = compress(compression, Chain(Slice::copy_of(text, ledger)), ledger);
  return std::string(out.value().view());
}

std::string some_text(uint64_t seed, size_t lines) {
  Random random(seed);
  std::string text;
  for (size_t i = 0; i < lines; i++) text += "line " + std::to_string(i) + " " + std::to_string(random.next()) + "\n";
  return text;
}

struct Whole {
  std::string text;
  bool is_good_end = false;
};

// Pieces of random size on both sides.
Result<Whole> read_whole(Compression compression, std::string_view input, uint64_t seed) {
  auto stream = StreamDecompressor::create(compression);
  Random random(seed);
  Whole whole;
  std::string room(5000, '\0');
  for (int idle = 0; idle < 3;) {
    std::string_view piece = input.substr(0, 1 + random.below(3000));
    ASSIGN_OR_RETURN(StreamDecompressor::Step step, stream->step(piece, room.data(), 1 + random.below(room.size())));
    whole.text.append(room, 0, step.written);
    input.remove_prefix(step.read);
    whole.is_good_end = step.is_between_members;
    idle = step.read == 0 && step.written == 0 ? idle + 1 : 0;
  }
  return whole;
}

class DecompressStream : public testing::TestWithParam<Compression> {};

TEST_P(DecompressStream, GivesBackWhatWentInWhateverThePieces) {
  for (uint64_t seed = 1; seed < 20; seed++) {
    std::string text = some_text(seed, 10 + seed * 100);
    auto whole = read_whole(GetParam(), compressed(GetParam(), text), seed);
    ASSERT_TRUE(whole.is_ok()) << whole.status().to_string();
    EXPECT_EQ(whole->text, text);
    EXPECT_TRUE(whole->is_good_end);
  }
}

TEST_P(DecompressStream, TakesMembersThatFollowOneAnother) {
  std::string first = some_text(1, 300);
  std::string second = some_text(2, 200);
  std::string input = compressed(GetParam(), first) + compressed(GetParam(), second) + compressed(GetParam(), "");
  for (uint64_t seed = 1; seed < 10; seed++) {
    auto whole = read_whole(GetParam(), input, seed);
    ASSERT_TRUE(whole.is_ok());
    EXPECT_EQ(whole->text, first + second);
    EXPECT_TRUE(whole->is_good_end);
  }
}

TEST_P(DecompressStream, TellsAnEndInTheMiddle) {
  std::string input = compressed(GetParam(), some_text(3, 1000));
  auto whole = read_whole(GetParam(), std::string_view(input).substr(0, input.size() / 2), 1);
  ASSERT_TRUE(whole.is_ok());
  EXPECT_FALSE(whole->is_good_end);
}

// A zstd frame has its check only where its writer wanted one.
TEST(DecompressStreamOfGzip, RefusesDamage) {
  std::string input = compressed(Compression::gzip, some_text(4, 1000));
  for (uint64_t seed = 1; seed < 200; seed++) {
    Random random(seed);
    std::string damaged = input;
    damaged[random.below(damaged.size())] ^= static_cast<char>(1 << random.below(8));
    auto whole = read_whole(Compression::gzip, damaged, seed);
    // A bit of a header may mean nothing; what comes out is right then.
    if (whole.is_ok() && whole->is_good_end) {
      EXPECT_EQ(whole->text, some_text(4, 1000)) << seed;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Both, DecompressStream, testing::Values(Compression::gzip, Compression::zstd));

TEST(CompressionByContent, KnowsTheFirstBytes) {
  EXPECT_EQ(compression_by_content(compressed(Compression::gzip, "x")), Compression::gzip);
  EXPECT_EQ(compression_by_content(compressed(Compression::zstd, "x")), Compression::zstd);
  EXPECT_EQ(compression_by_content("2024-01-01 text"), Compression::none);
  EXPECT_EQ(compression_by_content(""), Compression::none);
}

}  // namespace
}  // namespace vigia
