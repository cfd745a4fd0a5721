// One journal file: what is written is read again, and damage costs only what it hit.

#include <gtest/gtest.h>

#include "journal/coding.h"
#include "journal/test_log_internal.h"

namespace vigia::journal {
namespace {

using test::LogBuilder;
using Lines = std::vector<std::string>;

class LogFileTest : public ::testing::Test {
 protected:
  LogFileTest() { log_.begin_file(); }
  Lines read() { return test::read_all(files_, log_.writer().header().identity, ledger_); }

  MemoryLedger ledger_;
  vigia::test::FaultyFiles files_{1};
  LogBuilder log_{files_, ledger_};
};

TEST_F(LogFileTest, WhatIsWrittenIsReadInItsOrder) {
  std::string large(300'000, 'x');
  log_.write({"first", ""});
  log_.write({large, "last"});
  EXPECT_EQ(read(), (Lines{"first", "", large, "last"}));
}

TEST_F(LogFileTest, ARecordComesBackWithAllThatWasKnownOfIt) {
  Record record = test::make_record(ledger_, "body", "umbrella", 42);
  record.encoding = 7;
  record.metadata = {{"a", "1"}, {"b", std::string(5000, 'b')}};
  std::string head = encode_head(record);
  Record copy;
  EXPECT_EQ(decode_head(head + "body", copy).value(), head.size());
  EXPECT_EQ(copy.signal, record.signal);
  EXPECT_EQ(copy.encoding, 7);
  EXPECT_EQ(copy.received_ns, record.received_ns);
  EXPECT_EQ(copy.items, 42u);
  EXPECT_EQ(copy.customer, "umbrella");
  EXPECT_EQ(copy.peer_address, "127.0.0.1");
  EXPECT_EQ(copy.metadata, record.metadata);
  for (size_t size = 0; size < head.size(); size++) EXPECT_FALSE(decode_head(head.substr(0, size), copy).is_ok()) << size;
}

TEST_F(LogFileTest, ADamagedHeaderCostsOneRecordAndTheReaderFindsTheNext) {
  std::vector<RecordPlace> places = log_.write({"one", "two", "three"});
  for (size_t at : {0, 8, 16, 30, 39}) {
    SCOPED_TRACE(at);
    files_.damage(log_.path(), places[1].offset + at, 1);
    EXPECT_EQ(read(), (Lines{"one", "damage " + std::to_string(places[1].bytes), "three"}));
  }
}

TEST_F(LogFileTest, ADamagedPayloadCostsItsRecord) {
  std::vector<RecordPlace> places = log_.write({"one", "two", "three"});
  files_.damage(log_.path(), places[1].offset + frame_header_bytes, 1);
  EXPECT_EQ(read(), (Lines{"one", "broken", "three"}));
}

// Somebody sends us pieces of a journal, perhaps of this one: what lies inside a body must not pass for a frame, not even when the frame around
// it is damaged.
TEST_F(LogFileTest, AFrameInsideABodyIsNoFrame) {
  log_.write({"first"});
  std::string own_bytes = files_.read_file(log_.path()).value();
  std::vector<RecordPlace> places = log_.write({own_bytes, "behind"});
  files_.damage(log_.path(), places[0].offset, 4);
  EXPECT_EQ(read(), (Lines{"first", "damage " + std::to_string(places[0].bytes), "behind"}));
}

TEST_F(LogFileTest, AnImpossibleLengthDoesNotEndTheFile) {
  std::vector<RecordPlace> places = log_.write({"one", "two"});
  // With a check that fits, as if the writer itself had gone wrong.
  std::string header(frame_header_bytes, '\0');
  encode_frame_header({FrameKind::record, 0xFFFFFFF0, places[0].number, 0}, log_.writer().header().identity.nonce, places[0].offset,
                      header.data());
  std::unique_ptr<File> file = files_.open_file(log_.path(), FileMode::update).value();
  std::string_view part = header;
  ASSERT_TRUE(file->write_at(places[0].offset, {&part, 1}).is_ok());
  EXPECT_EQ(read(), (Lines{"damage " + std::to_string(places[0].bytes), "two"}));
}

TEST_F(LogFileTest, AFailedWriteLeavesNothingBehind) {
  log_.write({"one"});
  Record record = test::make_record(ledger_, std::string(5000, 'x'));
  FramedRecord framed(std::move(record));
  files_.fail_next_write();
  EXPECT_FALSE(log_.writer().write({&framed}, log_.next_record, "").is_ok());
  log_.write({"two"});
  EXPECT_EQ(read(), (Lines{"one", "two"}));
}

TEST_F(LogFileTest, NamesTellNumberAndNonce) {
  FileIdentity identity{7, 0x8f3c21d09ab4e6f1};
  EXPECT_EQ(identity.name(), "0000000007-8f3c21d09ab4e6f1.journal");
  EXPECT_EQ(FileIdentity::parse(identity.name()), identity);
  for (const char* other :
       {"", "x.journal", "7-8f3c21d09ab4e6f1.journal", "0000000007-8f3c21d09ab4e6f.journal", "0000000007-8F3C21D09AB4E6F1.journal",
        "0000000007-8f3c21d09ab4e6f1.journal.64.damaged", "-000000007-8f3c21d09ab4e6f1.journal"})
    EXPECT_EQ(FileIdentity::parse(other), std::nullopt) << other;
}

TEST_F(LogFileTest, AFileHeaderIsCheckedWhole) {
  FileHeader header{{3, 99}, 17, 5};
  std::string bytes = encode_file_header(header);
  ASSERT_EQ(bytes.size(), file_header_bytes);
  EXPECT_EQ(decode_file_header(bytes, header.identity).value().first_record, 17u);
  for (size_t at = 0; at < bytes.size(); at++) {
    std::string damaged = bytes;
    damaged[at] ^= 1;
    EXPECT_EQ(decode_file_header(damaged, header.identity).status().code(), StatusCode::data_loss) << at;
  }
  EXPECT_FALSE(decode_file_header(bytes, {4, 99}).is_ok());
}

}  // namespace
}  // namespace vigia::journal
