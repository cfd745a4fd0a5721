// Scenario: files with all kinds of content. Guarantee: the records are what the Collector makes of them, and hostile content harms nobody.

#include <gtest/gtest.h>

#include <map>

#include "base/utf8.h"
#include "receivers/filelog/test_log_directory.h"

namespace vigia::receivers::test {
namespace {

using Bodies = std::vector<std::string>;

class FileReaderTest : public testing::Test {
 protected:
  FileReaderTest() : logs_(std::string("reader-") + testing::UnitTest::GetInstance()->current_test_info()->name()) {}
  void start(const std::string& more = "") {
    reader_ = std::make_unique<Reader>(kit_, config_of("include: ['" + logs_ / "*.log" + "']\nstart_at: beginning\n" + more));
  }
  Bodies read() { return reader_->look_and_read(); }
  std::map<std::string, std::string> attributes() {
    std::map<std::string, std::string> all;
    reader_->look();
    reader_->read_all([&](std::string_view item) {
      for (const otlp::AttributeView& one : otlp::LogRecordView(item).attributes()) {
        otlp::ValueView value = one.value();
        all[std::string(one.key)] =
            value.kind() == otlp::ValueKind::integer ? std::to_string(value.integer()) : std::string(value.string());
      }
    });
    return all;
  }

  pipeline::test::Kit kit_;
  LogDirectory logs_;
  std::unique_ptr<Reader> reader_;
};

TEST_F(FileReaderTest, BlanksAndEmptyLines) {
  start();
  logs_.append("a.log", "  x \t\r\n\n \ny\r\n");
  EXPECT_EQ(read(), (Bodies{"x", "y"}));
}

TEST_F(FileReaderTest, BlanksAreKeptWhereThatIsWanted) {
  start("preserve_leading_whitespaces: true\npreserve_trailing_whitespaces: true");
  logs_.append("a.log", "  x \n");
  EXPECT_EQ(read(), Bodies{"  x "});
}

TEST_F(FileReaderTest, AnEntryWithoutAnEndIsGivenAfterItsTime) {
  start();
  logs_.append("a.log", "one\ntw");
  EXPECT_EQ(read(), Bodies{"one"});
  kit_.advance_ms(400);
  logs_.append("a.log", "o");
  EXPECT_EQ(read(), Bodies());
  kit_.advance_ms(400);
  EXPECT_EQ(read(), Bodies());
  EXPECT_EQ(reader_->end_rests(), Bodies{"two"});
  logs_.append("a.log", "\nthree\n");
  EXPECT_EQ(read(), Bodies{"three"});
}

TEST_F(FileReaderTest, WhatIsNoTextIsRepaired) {
  start();
  std::string garbage;
  for (int i = 0; i < 100'000; i++) garbage += static_cast<char>(i * 7919 >> 3);
  logs_.append("a.log", garbage + "\n\xFF\xFE broken \x80\nfine\n");
  reader_->look();
  size_t count = 0;
  Bodies all = reader_->read_all([&](std::string_view item) {
    count++;
    EXPECT_TRUE(is_valid_utf8(otlp::LogRecordView(item).body().string()));
  });
  EXPECT_EQ(all.back(), "fine");
  EXPECT_GT(count, 100U);
}

TEST_F(FileReaderTest, RawBytesStayWhatTheyAre) {
  start("encoding: utf-8-raw");
  logs_.append("a.log", "caf\xE9\n");
  EXPECT_EQ(read(), Bodies{"caf\xE9"});
}

TEST_F(FileReaderTest, NopGivesBytesAtOnce) {
  start("encoding: nop");
  logs_.append("a.log", std::string("a\nb\0c", 5));
  EXPECT_EQ(read(), Bodies{std::string("a\nb\0c", 5)});
}

TEST_F(FileReaderTest, ByteOrderMarksAreNoText) {
  start();
  logs_.append("a.log", "\xEF\xBB\xBFx\n\xEF\xBB\xBFy\n");
  EXPECT_EQ(read(), (Bodies{"x", "\xEF\xBB\xBFy"}));
}

TEST_F(FileReaderTest, WideText) {
  start("encoding: utf-16le");
  std::string wide;
  for (char c : std::string("ab\r\ncd\nef")) wide += {c, '\0'};
  logs_.append("a.log", "\xFF\xFE" + wide);
  EXPECT_EQ(read(), (Bodies{"ab", "cd"}));
  EXPECT_EQ(reader_->end_rests(), Bodies{"ef"});
}

TEST_F(FileReaderTest, LinesOfTenMegabytes) {
  start("max_log_size: 1MiB");
  logs_.append("a.log", std::string(10 << 20, 'x') + "\nshort\n");
  Bodies all = read();
  ASSERT_EQ(all.size(), 11U);
  for (size_t i = 0; i < 10; i++) EXPECT_EQ(all[i].size(), 1U << 20);
  EXPECT_EQ(all[10], "short");
  EXPECT_EQ(kit_.metric("vigia_filelog_cut_entries"), 9);
}

// Reading is by blocks much smaller than the longest line.
TEST_F(FileReaderTest, LongLinesAmongShortOnes) {
  Bodies written;
  std::string text;
  for (int i = 0; i < 40; i++) {
    written.push_back(std::string(i % 3 == 0 ? 20'000U * static_cast<unsigned>(i) + 1 : 7U, static_cast<char>('a' + i % 26)));
    text += written.back() + "\n";
  }
  logs_.append("a.log", text);
  start();
  EXPECT_EQ(read(), written);
  logs_.remove("a.log");
  logs_.write_packed("b.log", text);
  start("compression: gzip");
  EXPECT_EQ(read(), written);
}

TEST_F(FileReaderTest, LongLinesAreTruncatedWhereThatIsWanted) {
  start("max_log_size: 1000\nmax_log_size_behavior: truncate");
  logs_.append("a.log", std::string(500'000, 'x') + "\nshort\n" + std::string(500'000, 'y'));
  Bodies all = read();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0], std::string(1000, 'x'));
  EXPECT_EQ(all[1], "short");
  logs_.append("a.log", "the rest\nnext\n");
  EXPECT_EQ(read(), Bodies{"next"});
}

TEST_F(FileReaderTest, EntriesOfSeveralLines) {
  start("multiline: {line_start_pattern: '^\\d'}");
  logs_.append("a.log", "1 a\n b\n2 c\n");
  EXPECT_EQ(read(), Bodies{"1 a\n b"});
  logs_.append("a.log", " d\n3 e\n");
  EXPECT_EQ(read(), Bodies{"2 c\n d"});
  EXPECT_EQ(reader_->end_rests(), Bodies{"3 e"});
}

TEST_F(FileReaderTest, Attributes) {
  start(
      "include_file_path: true\ninclude_file_name_resolved: true\ninclude_file_path_resolved: true\ninclude_file_owner_name: true\n"
      "include_file_owner_group_name: true\ninclude_file_permissions: true\ninclude_file_record_number: true\n"
      "include_file_record_offset: true\nattributes: {team: a}");
  logs_.append("target", "first\n\nsecond\n");
  std::filesystem::permissions(logs_ / "target", static_cast<std::filesystem::perms>(0640));
  std::filesystem::create_symlink(logs_ / "target", logs_ / "a.log");
  std::map<std::string, std::string> all = attributes();
  EXPECT_EQ(all["log.file.name"], "a.log");
  EXPECT_EQ(all["log.file.path"], logs_ / "a.log");
  EXPECT_EQ(all["log.file.name_resolved"], "target");
  EXPECT_EQ(all["log.file.path_resolved"], std::filesystem::canonical(logs_ / "target").string());
  EXPECT_EQ(all["log.file.permissions"], "640");
  EXPECT_FALSE(all["log.file.owner.name"].empty());
  EXPECT_FALSE(all["log.file.owner.group.name"].empty());
  EXPECT_EQ(all["log.file.record_number"], "3");
  EXPECT_EQ(all["log.file.record_offset"], "7");
  EXPECT_EQ(all["team"], "a");
}

TEST_F(FileReaderTest, WhatOperatorsHoldIsReadAgainAfterADeath) {
  std::string recombine = "operators: [{type: recombine, combine_field: body, is_first_entry: 'body startsWith \"-\"'}]";
  start(recombine);
  logs_.append("a.log", "-1\n a\n-2\n b\n");
  EXPECT_EQ(read(), Bodies{"-1\na"});
  std::string positions = reader_->positions();
  start(recombine);
  reader_->restore(positions);
  EXPECT_EQ(read(), Bodies());
  EXPECT_EQ(reader_->flush_operators(), Bodies{"-2\nb"});
}

}  // namespace
}  // namespace vigia::receivers::test
