#include "pipeline/journal_remains.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "journal/books.h"
#include "journal/format.h"
#include "journal/frame_reader.h"

namespace vigia::pipeline {

namespace {

using journal::Books;
using journal::FrameKind;
using journal::FrameReader;

// A drained file of that size has been given back.
constexpr uint64_t small_file_bytes = 1 << 20;

// Reads a small file to its end. Its checkpoint tells what was wanted of the files before it.
class LastFile {
 public:
  explicit LastFile(const journal::FileIdentity& identity) : identity_(identity) {}

  // Nothing when it cannot tell.
  std::optional<Books> read(FileSystem& files, const std::string& path) {
    Result<std::unique_ptr<File>> file = files.open_file(path, FileMode::read);
    if (!file.is_ok()) return std::nullopt;
    Result<uint64_t> size = (*file)->size_bytes();
    if (!size.is_ok() || *size >= small_file_bytes) return std::nullopt;
    std::string bytes(journal::file_header_bytes, '\0');
    Result<size_t> count = (*file)->read_at(0, bytes.data(), bytes.size());
    if (!count.is_ok() || *count < bytes.size()) return std::nullopt;
    Result<journal::FileHeader> header = journal::decode_file_header(bytes, identity_);
    if (!header.is_ok()) return std::nullopt;
    reader_ = std::make_unique<FrameReader>(std::move(*file), identity_, journal::file_header_bytes, *size);
    most_records_ = *size / journal::frame_header_bytes;
    if (!begin(*header, *size)) return std::nullopt;
    return add_frames() ? std::move(books_) : std::nullopt;
  }

 private:
  bool begin(const journal::FileHeader& header, uint64_t size) {
    Result<FrameReader::Step> step = reader_->next();
    if (!step.is_ok() || step->kind != FrameReader::Step::Kind::frame || step->header.kind != FrameKind::checkpoint) return false;
    Result<Slice> payload = reader_->payload(*step, ledger_);
    if (payload.is_ok()) books_ = Books::decode(payload->view());
    if (!books_) return false;
    books_->begin_file({identity_, header.first_record, header.first_record, size, header.created_ns});
    return true;
  }

  // What is no frame is passed over: the end was never finished, or is what lay in a file that was written over.
  bool add_frames() {
    for (;;) {
      Result<FrameReader::Step> step = reader_->next();
      if (!step.is_ok()) return false;
      if (step->kind == FrameReader::Step::Kind::end) return true;
      if (step->kind != FrameReader::Step::Kind::frame) continue;
      if (step->header.kind == FrameKind::record && !add_record(step->header.number)) return false;
      if (step->header.kind == FrameKind::release && !add_releases(*step)) return false;
    }
  }

  bool add_record(uint64_t number) {
    uint64_t end = books_->newest_file().end_record;
    if (number < end || number - end > most_records_) return false;
    books_->skip_to(number);
    books_->add({1, 0, 0}, 0);
    return true;
  }

  bool add_releases(const FrameReader::Step& step) {
    Result<Slice> payload = reader_->payload(step, ledger_);
    if (!payload.is_ok()) return false;
    std::optional<std::vector<journal::Released>> releases = journal::decode_releases(payload->view());
    if (!releases) return false;
    for (const journal::Released& released : *releases) books_->apply(released);
    return true;
  }

  const journal::FileIdentity identity_;
  MemoryLedger ledger_;
  std::unique_ptr<FrameReader> reader_;
  uint64_t most_records_ = 0;
  std::optional<Books> books_;
};

}  // namespace

bool may_hold_data(FileSystem& files, const std::string& directory, const std::vector<std::string>& names) {
  std::optional<journal::FileIdentity> newest;
  for (const std::string& name : names) {
    std::optional<journal::FileIdentity> identity = journal::FileIdentity::parse(name);
    if (identity && (!newest || identity->number >= newest->number)) newest = identity;
  }
  if (!newest) return false;
  std::optional<Books> books = LastFile(*newest).read(files, directory + "/" + newest->name());
  if (!books) return true;
  // What is not there any more was finished.
  const std::map<uint64_t, journal::FileEntry> known = books->files();
  for (const auto& [number, entry] : known)
    if (std::find(names.begin(), names.end(), entry.identity.name()) == names.end()) books->remove_file(number);
  return std::any_of(books->cursors().begin(), books->cursors().end(),
                     [](const Books::Cursor& cursor) { return cursor.wanted.records > 0; });
}

}  // namespace vigia::pipeline
