// The body of an answer comes in pieces of any size and any compression, and is read as if it had come at once; what is too large or damaged is
// refused before it takes more memory than allowed.

#include "receivers/prometheus/scrape_body.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/compress.h"
#include "base/random.h"

namespace vigia::receivers {

namespace {

using prometheus::ExpositionParser;

// The names and values of all samples of a body that comes in pieces.
class Reading {
 public:
  explicit Reading(uint64_t body_bytes = 1 << 20) { job_.limits.body_bytes = body_bytes; }

  Status read(std::string_view bytes, std::string_view encoding, const std::function<size_t()>& piece_size,
              std::string_view type = "text/plain") {
    found.clear();
    net::Headers head;
    head.set("content-type", type);
    if (!encoding.empty()) head.set("content-encoding", encoding);
    ScrapeBody body(job_, ledger_, [&] { return take(body); });
    RETURN_IF_ERROR(body.open(head));
    while (!bytes.empty()) {
      // Nobody may keep a view of what has been given.
      std::string piece(bytes.substr(0, piece_size()));
      bytes.remove_prefix(piece.size());
      RETURN_IF_ERROR(body.add(piece));
      most_held_bytes = std::max(most_held_bytes, ledger_.held_bytes());
    }
    RETURN_IF_ERROR(body.end());
    text_bytes = body.text_bytes();
    return take(body);
  }

  std::vector<std::string> found;
  uint64_t text_bytes = 0;
  int64_t most_held_bytes = 0;

 private:
  Status take(ScrapeBody& body) {
    for (;;) switch (body.parser().next()) {
        case ExpositionParser::Event::sample:
          found.push_back(std::string(body.parser().identity()) + "=" + std::to_string(body.parser().value()));
          break;
        case ExpositionParser::Event::broken:
          return body.parser().error();
        case ExpositionParser::Event::more:
        case ExpositionParser::Event::end:
          return {};
        default:
          break;
      }
  }

  ScrapeJob job_;
  MemoryLedger ledger_;
};

std::string text_of(size_t lines) {
  std::string text;
  for (size_t i = 0; i < lines; i++) {
    text += "some_metric{number=\"" + std::to_string(i) + "\"} " + std::to_string(i) + "\n";
    if (i % 10 == 9) text += "other{text=\"two\nlines\"} 1\n\n# HELP some_metric what it is\n";
  }
  return text;
}

std::string packed(Compression compression, std::string_view text) {
  MemoryLedger ledger;
  return std::string(compress(compression, Chain(Slice::copy_of(text, ledger)), ledger)->view());
}

TEST(ScrapeBody, PiecesOfAnySizeAreTheSame) {
  Random random(7);
  std::string text = text_of(500);
  Reading whole;
  ASSERT_EQ(whole.read(text, "", [] { return SIZE_MAX; }).to_string(), "OK");
  ASSERT_EQ(whole.found.size(), 550U);
  for (Compression compression : {Compression::none, Compression::gzip, Compression::zstd, Compression::zlib}) {
    std::string bytes = compression == Compression::none ? text : packed(compression, text);
    for (size_t most : {1, 2, 30, 400, 5000}) {
      Reading reading;
      Status status = reading.read(bytes, compression_name(compression), [&] { return 1 + random.below(most); });
      ASSERT_EQ(status.to_string(), "OK") << compression_name(compression);
      ASSERT_EQ(reading.found, whole.found) << compression_name(compression) << " " << most;
      EXPECT_EQ(reading.text_bytes, text.size());
    }
  }
}

TEST(ScrapeBody, OnlyTheBeginningOfALineIsKept) {
  std::string text = text_of(20'000);
  for (std::string_view encoding : {"", "gzip"}) {
    Reading reading;
    ASSERT_TRUE(reading.read(encoding.empty() ? text : packed(Compression::gzip, text), encoding, [] { return 10'000; }).is_ok());
    EXPECT_EQ(reading.found.size(), 22'000U);
    EXPECT_LT(reading.most_held_bytes, 2000);
  }
}

TEST(ScrapeBody, WhatIsTooLargeIsRefusedInTime) {
  std::string zeros = packed(Compression::gzip, std::string(64 << 20, '#'));
  Reading reading(1 << 20);
  Status status = reading.read(zeros, "gzip", [] { return 1000; });
  EXPECT_EQ(status.code(), StatusCode::resource_exhausted) << status.to_string();
  EXPECT_NE(status.to_string().find("body_size_limit of 1048576 bytes"), std::string::npos);
  EXPECT_LT(reading.most_held_bytes, 3 << 20);
  EXPECT_EQ(reading.read(std::string(2 << 20, '\n'), "", [] { return 1000; }).code(), StatusCode::resource_exhausted);
  EXPECT_EQ(reading.read(packed(Compression::zlib, std::string(2 << 20, '\n')), "deflate", [] { return 1000; }).code(),
            StatusCode::resource_exhausted);
}

TEST(ScrapeBody, WhatIsBrokenIsToldWithItsPlace) {
  std::string text = text_of(100);
  Reading reading;
  std::string gzip = packed(Compression::gzip, text);
  EXPECT_NE(reading.read(gzip.substr(0, gzip.size() - 5), "gzip", [] { return 50; }).to_string().find("cut short"), std::string::npos);
  gzip[gzip.size() / 2] ^= 0x55;
  EXPECT_FALSE(reading.read(gzip, "gzip", [] { return 50; }).is_ok());
  EXPECT_FALSE(reading.read(text, "br", [] { return 50; }).is_ok());
  // A hundred lines, two more for each tenth, and those within quotes.
  EXPECT_EQ(reading.read(text + "x{\n" + text, "", [] { return 50; }).message(),
            "line 141: expected the name of a label, found the end of the line");
}

TEST(ScrapeBody, ProtobufIsReadAsAWhole) {
  // A family "a" with one gauge of 5.
  std::string family = std::string("\x0A\x01") + "a\x18\x01\x22\x0B\x12\x09\x09" + std::string("\0\0\0\0\0\0\x14\x40", 8);
  std::string body = static_cast<char>(family.size()) + family;
  Reading reading;
  ASSERT_EQ(reading
                .read(
                    body, "", [] { return 1; }, "application/vnd.google.protobuf")
                .to_string(),
            "OK");
  ASSERT_EQ(reading.found.size(), 1U);
  EXPECT_TRUE(reading.found[0].ends_with("=5.000000")) << reading.found[0];
}

}  // namespace

}  // namespace vigia::receivers
