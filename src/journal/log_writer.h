#pragma once

// Writes one journal file: its header and checkpoint, then group after group. One thread.

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "journal/format.h"
#include "journal/record.h"

namespace vigia::journal {

// A record that is ready to be written: what could be done before its place was known.
class FramedRecord {
 public:
  explicit FramedRecord(Record record);

  const Record& record() const { return record_; }
  uint64_t payload_bytes() const { return head_.size() + record_.body.size(); }
  uint64_t bytes() const { return framed_bytes(payload_bytes()); }
  Amount amount() const { return {1, record_.items, bytes()}; }

 private:
  friend class LogWriter;
  Record record_;
  std::string head_;
  uint64_t check_;
};

class LogWriter {
 public:
  // Makes the file. It is safe in its directory when this is OK; its content is with the first sync().
  static Result<std::unique_ptr<LogWriter>> create(FileSystem& files, const std::string& directory, const FileHeader& header,
                                                   std::string_view checkpoint);
  // The same of a file that nobody needs any more: it is renamed and written over, which costs the system much less than new blocks. Nothing
  // that is left in it can pass for a frame of the new one. After an error it may be gone.
  static Result<std::unique_ptr<LogWriter>> recycle(FileSystem& files, const std::string& directory, const std::string& old_name,
                                                    const FileHeader& header, std::string_view checkpoint);

  const FileHeader& header() const { return header_; }
  // Where the next group goes.
  uint64_t size_bytes() const { return end_; }
  // Up to where sync() has been OK.
  uint64_t synced_bytes() const { return synced_; }
  // Whether the file itself says how far it was synced.
  bool is_marked() const { return marked_ == synced_; }

  // Writes records, numbered from `first_number` on, and releases (encoded; may be empty) as one group; gives the records' offsets.
  // After an error the file holds nothing of it.
  Result<std::vector<uint64_t>> write(const std::vector<const FramedRecord*>& records, uint64_t first_number, std::string_view releases);
  // After an error this file must not be written to any more.
  Status sync();

 private:
  LogWriter(std::unique_ptr<File> file, const FileHeader& header) : file_(std::move(file)), header_(header) {}
  Status write_beginning(std::string_view checkpoint);

  std::unique_ptr<File> file_;
  const FileHeader header_;
  uint64_t end_ = 0;
  uint64_t synced_ = 0;
  uint64_t marked_ = 0;
};

}  // namespace vigia::journal
