#pragma once

// What the journal's tests share: records, files of them, and what a reader finds.

#include <string>
#include <vector>

#include "base/test_faulty_files.h"
#include "journal/books.h"
#include "journal/frame_reader.h"
#include "journal/log_writer.h"

namespace vigia::journal::test {

constexpr const char* directory = "/journal";

inline Record make_record(MemoryLedger& ledger, const std::string& body, const std::string& customer = "acme", uint64_t items = 1) {
  Record record;
  record.signal = 1;
  record.received_ns = 1'700'000'000'000'000'000;
  record.items = items;
  record.customer = customer;
  record.peer_address = "127.0.0.1";
  record.metadata = {{"x-tenant-id", customer}};
  record.unpacked_bytes = body.size();
  record.body = Slice::copy_of(body, ledger);
  return record;
}

// Writes files as the journal does, keeping the books.
class LogBuilder {
 public:
  LogBuilder(FileSystem& files, MemoryLedger& ledger) : files_(files), ledger_(ledger) {
    CHECK(files.create_directories(directory).is_ok());
  }

  Books books;

  // Begins a file with the books as its checkpoint.
  void begin_file() {
    FileIdentity identity{next_file_, 0xABCD0000 + next_file_};
    next_file_++;
    Result<std::unique_ptr<LogWriter>> writer = LogWriter::create(files_, directory, {identity, next_record, 0}, books.encode());
    CHECK(writer.is_ok());
    writer_ = std::move(*writer);
    books.begin_file({identity, next_record, next_record, writer_->size_bytes(), 0});
  }
  // One group; the places of its records.
  std::vector<RecordPlace> write(const std::vector<std::string>& bodies, const std::vector<Released>& releases = {}) {
    std::vector<FramedRecord> framed;
    for (const std::string& body : bodies) framed.emplace_back(make_record(ledger_, body));
    std::vector<const FramedRecord*> records;
    for (const FramedRecord& one : framed) records.push_back(&one);
    Result<std::vector<uint64_t>> offsets = writer_->write(records, next_record, releases.empty() ? "" : encode_releases(releases));
    CHECK(offsets.is_ok());
    std::vector<RecordPlace> places;
    for (size_t i = 0; i < framed.size(); i++) {
      uint64_t number = books.add(framed[i].amount(), 0);
      CHECK(number == next_record);
      next_record++;
      places.push_back({writer_->header().identity.number, number, (*offsets)[i], 1, framed[i].bytes(), 0});
    }
    books.set_file_size(writer_->header().identity.number, writer_->size_bytes());
    return places;
  }
  Status sync() { return writer_->sync(); }
  LogWriter& writer() { return *writer_; }
  std::string path() const { return std::string(directory) + "/" + writer_->header().identity.name(); }

  uint64_t next_record = 1;

 private:
  FileSystem& files_;
  MemoryLedger& ledger_;
  uint64_t next_file_ = 1;
  std::unique_ptr<LogWriter> writer_;
};

inline std::unique_ptr<FrameReader> open_reader(FileSystem& files, const FileIdentity& identity) {
  Result<std::unique_ptr<File>> file = files.open_file(std::string(directory) + "/" + identity.name(), FileMode::read);
  CHECK(file.is_ok());
  uint64_t size = (*file)->size_bytes().value();
  return std::make_unique<FrameReader>(std::move(*file), identity, file_header_bytes, size);
}

// The bodies of the records that can be read, "damage <bytes>" for what cannot, and "broken" for payloads.
inline std::vector<std::string> read_all(FileSystem& files, const FileIdentity& identity, MemoryLedger& ledger) {
  std::vector<std::string> found;
  std::unique_ptr<FrameReader> reader = open_reader(files, identity);
  for (;;) {
    FrameReader::Step step = reader->next().value();
    if (step.kind == FrameReader::Step::Kind::end) return found;
    if (step.kind == FrameReader::Step::Kind::damage) found.push_back("damage " + std::to_string(step.bytes));
    if (step.kind != FrameReader::Step::Kind::frame || step.header.kind != FrameKind::record) continue;
    Result<Slice> payload = reader->payload(step, ledger);
    if (!payload.is_ok()) {
      found.push_back("broken");
      continue;
    }
    Record record;
    size_t head = decode_head(payload->view(), record).value();
    found.emplace_back(payload->view().substr(head));
  }
}

}  // namespace vigia::journal::test
