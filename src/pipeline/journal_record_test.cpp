// A batch becomes a record of a journal and a batch again.

#include "pipeline/journal_record.h"

#include <gtest/gtest.h>

#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

class JournalRecordTest : public ::testing::Test {
 protected:
  Batch batch(Compression compression, const std::string& body = std::string(1000, 'x')) {
    Batch batch = test::make_batch(ledger_, 7, 0, otlp::Signal::logs);
    batch.payload = Slice::copy_of(body, ledger_);
    if (compression != Compression::none)
      batch.packed = std::make_shared<const Packed>(Packed{compression, compress(compression, batch.payload, ledger_).value()});
    return batch;
  }

  MemoryLedger ledger_;
};

TEST_F(JournalRecordTest, ABatchComesBackHoweverItIsPacked) {
  for (auto compression : {Compression::none, Compression::gzip, Compression::zstd, Compression::zlib, Compression::deflate}) {
    Batch batch = this->batch(compression);
    batch.client = std::make_shared<const Client>(Client{"10.0.0.1:5", {{"x-a", "1"}}, "acme"});
    Batch again = to_batch(to_record(batch, 5), ledger_).value();
    EXPECT_EQ(again.signal, otlp::Signal::logs);
    EXPECT_EQ(again.item_count, 7u);
    EXPECT_EQ(again.payload.to_string(), batch.payload.to_string()) << compression_name(compression);
    ASSERT_NE(again.client, nullptr);
    EXPECT_EQ(again.client->customer, "acme");
    EXPECT_EQ(again.client->metadata, batch.client->metadata);
  }
}

TEST_F(JournalRecordTest, ABodyThatIsNotAsLargeAsItWasIsRefused) {
  for (auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    for (uint64_t bytes : {999, 1001}) {
      journal::Record record = to_record(batch(compression), 5);
      record.unpacked_bytes = bytes;
      EXPECT_FALSE(to_batch(std::move(record), ledger_).is_ok()) << compression_name(compression) << " " << bytes;
    }
  }
}

TEST_F(JournalRecordTest, UnknownNumbersAreRefused) {
  journal::Record record = to_record(batch(Compression::none), 5);
  record.signal = 3;
  EXPECT_EQ(to_batch(record, ledger_).status().code(), StatusCode::data_loss);
  record.signal = 0;
  record.encoding = 5;
  EXPECT_EQ(to_batch(record, ledger_).status().code(), StatusCode::data_loss);
}

}  // namespace
}  // namespace vigia::pipeline
