// Scenario: the files of a journal were changed at will, before or after their checks were made; the input says where and how. Then a journal
// is opened on them, read to its end, written to, and opened again.
// Guarantee: no crash, no loop without end, no more memory than the files are large. Each record is read once, opening twice gives the same,
// what was released does not come back, and what is appended afterwards is read as it was sent.

#include "journal/journal.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

#include "base/check.h"
#include "base/hash.h"
#include "journal/coding.h"
#include "journal/test_log_internal.h"

namespace vigia::journal {
namespace {

using Contents = std::map<std::string, std::string>;  // by path

// Two cursors at different places, one that is gone and still wants something; three files, the middle one with a void end.
Contents make_journal() {
  vigia::test::FaultyFiles files(1);
  MemoryLedger ledger;
  test::LogBuilder log(files, ledger);
  for (const char* name : {"a", "b", "gone"}) log.books.set_active(log.books.find_or_add_cursor(name), true);
  log.begin_file();
  std::vector<RecordPlace> first = log.write({"one", "two", "three"});
  log.write({"four"}, {{0, 1, 1, 2, 2, 2 * first[0].bytes}});
  for (const RecordPlace& place : {first[0], first[1]}) log.books.release(0, place);
  log.books.set_active(2, false);
  log.begin_file();
  std::vector<RecordPlace> second = log.write({"five", std::string(300, '6')});
  CHECK(log.sync().is_ok());
  Books before = log.books;
  uint64_t next_record = log.next_record;
  log.write({"void"});
  log.books = before;
  log.next_record = next_record;
  log.begin_file();
  log.write({"seven", "eight"}, {{1, second[0].file, second[0].number, 1, 1, second[0].bytes}});
  CHECK(log.sync().is_ok());
  log.write({"nine"}, {{0, 3, next_record, 1, 1, 100}});
  Contents contents;
  for (const std::string& path : files.paths()) contents[path] = files.read_file(path).value();
  return contents;
}

// --- Changing them ---

FileIdentity identity_of(const std::string& path) { return FileIdentity::parse(path.substr(path.rfind('/') + 1)).value(); }

// Makes all checks of a file fit what stands in it, so that what is behind them is reached.
void seal(const FileIdentity& identity, std::string& content) {
  if (content.size() < file_header_bytes) return;
  put_at(content.data() + file_header_bytes - 8, hash64(std::string_view(content).substr(0, file_header_bytes - 8), identity.nonce));
  for (uint64_t offset = file_header_bytes; offset + frame_header_bytes <= content.size();) {
    char* frame = content.data() + offset;
    auto payload_bytes = get_at<uint32_t>(frame + 8);
    bool is_frame = get_at<uint32_t>(frame) == frame_marker && offset + framed_bytes(payload_bytes) <= content.size();
    if (is_frame) {
      put_at(frame + 24, payload_check({std::string_view(content).substr(offset + frame_header_bytes, payload_bytes)}));
      put_at(frame + 32, hash64({frame, frame_header_bytes - 8}, identity.nonce ^ (offset * 0x9E3779B97F4A7C15ULL)));
    }
    offset += is_frame ? framed_bytes(payload_bytes) : 8;
  }
}

constexpr uint64_t telling_numbers[] = {0,
                                        1,
                                        2,
                                        8,
                                        40,
                                        64,
                                        255,
                                        258,
                                        65'536,
                                        1 << 20,
                                        UINT32_MAX,
                                        uint64_t{1} << 32,
                                        uint64_t{1} << 40,
                                        uint64_t{1} << 62,
                                        INT64_MAX,
                                        uint64_t{1} << 63,
                                        UINT64_MAX - 1,
                                        UINT64_MAX};

// The input: edits, one after the other.
class Editor {
 public:
  Editor(std::string_view input, Contents& contents) : in_(input), contents_(contents) {}

  void run() {
    while (in_.left() > 0 && !contents_.empty()) edit();
  }

 private:
  void edit() {
    auto action = in_.get<uint8_t>();
    auto file = std::next(contents_.begin(), in_.get<uint8_t>() % static_cast<std::ptrdiff_t>(contents_.size()));
    std::string& content = file->second;
    size_t at = in_.get<uint16_t>() % (content.size() + 1);
    switch (action % 9) {
      case 0:
        return write(content, at, std::string(1, static_cast<char>(in_.get<uint8_t>())));
      case 1:
        return write(content, at / 4 * 4, number<uint32_t>(telling()));
      case 2:
        return write(content, at / 4 * 4, number<uint64_t>(telling()));
      case 3:
        return write(content, at, number<uint64_t>(get_near(content, at)));
      case 4:
        return content.resize(at);
      case 5:
        return write(content, at / 8 * 8, content.substr(in_.get<uint16_t>() / 8 * 8 % (content.size() + 1), in_.get<uint16_t>()));
      case 6:
        content.insert(at / 8 * 8, std::string(in_.get<uint8_t>() * size_t{8}, '\0'));
        return;
      case 7:
        contents_.erase(file);
        return;
      case 8:
        return add_twin(identity_of(file->first), content);
    }
  }

  template <typename Number>
  static std::string number(uint64_t value) {
    std::string bytes;
    put(bytes, static_cast<Number>(value));
    return bytes;
  }
  uint64_t telling() { return telling_numbers[in_.get<uint8_t>() % std::size(telling_numbers)]; }
  // What stands there, a little more or less.
  uint64_t get_near(const std::string& content, size_t at) {
    uint64_t old = at + 8 <= content.size() ? get_at<uint64_t>(content.data() + at) : 0;
    return old + static_cast<uint64_t>(int64_t{in_.get<int8_t>()});
  }
  static void write(std::string& content, size_t at, const std::string& bytes) {
    content.replace(at, std::min(bytes.size(), content.size() - at), bytes);
  }
  void add_twin(FileIdentity identity, const std::string& content) {
    if (contents_.size() > 8) return;
    identity.number += in_.get<uint8_t>() % 3;
    identity.nonce += in_.get<uint8_t>();
    contents_.insert_or_assign(std::string(test::directory) + "/" + identity.name(), content);
  }

  Decoder in_;
  Contents& contents_;
};

// --- Reading them ---

struct Reader {
  explicit Reader(const Contents& contents) {
    for (const auto& [path, content] : contents) {
      std::unique_ptr<File> file = files.open_file(path, FileMode::create).value();
      std::string_view part = content;
      CHECK(file->write_at(0, {&part, 1}).is_ok());
      CHECK(file->sync().is_ok());
      bytes += content.size();
    }
    CHECK(files.sync_directory(test::directory).is_ok());
    options.directory = test::directory;
    options.cursors = {{"a", {}, WhenFull::reject}, {"b", {}, WhenFull::drop_oldest}};
    options.file_bytes = 4096;
    options.backlog_bytes = UINT64_MAX;  // Nobody lets go before all is read, and a record may say that it is large.
    options.min_free_bytes = 0;
  }

  // Says no when the journal may be refused: a later version wrote it, or it has too many cursors.
  bool open() {
    journal = nullptr;
    Result<std::unique_ptr<Journal>> opened = Journal::open(options, {files, clock, ledger, Logger(), 7});
    if (!opened.is_ok()) {
      CHECK(opened.status().code() == StatusCode::unimplemented || opened.status().code() == StatusCode::resource_exhausted);
      return false;
    }
    journal = std::move(*opened);
    return true;
  }

  // The place of each record that the cursor gets, and its body.
  using Records = std::map<std::pair<uint64_t, uint64_t>, std::string>;
  Records read(const char* name, bool releases) {
    Records all;
    std::vector<RecordPlace> held;
    uint32_t cursor = journal->cursor(name);
    for (;;) {
      std::vector<ReadRecord> found = journal->read(cursor, 4096).value();
      if (found.empty()) break;
      for (const ReadRecord& record : found) {
        CHECK(all.emplace(std::pair(record.place.file, record.place.number), record.record.body.to_string()).second);
        if (releases)
          journal->release(cursor, record.place, Origin::backlog);
        else
          held.push_back(record.place);
      }
      CHECK(all.size() <= bytes / frame_header_bytes);
    }
    for (const RecordPlace& place : held) journal->give_back(cursor, place, Origin::backlog);
    return all;
  }

  RecordPlace append(const std::string& body) {
    std::optional<Appended> appended;
    journal->append(test::make_record(ledger, body), [&](Result<Appended> answer) { appended = answer.value(); });
    journal->work();
    CHECK(appended.has_value());
    for (uint32_t cursor : {journal->cursor("a"), journal->cursor("b")}) {
      CHECK(appended->live_cursors >> cursor & 1);
      journal->give_back(cursor, appended->place, Origin::live);
    }
    return appended->place;
  }

  vigia::test::FaultyFiles files{1};
  ManualClock clock;
  MemoryLedger ledger;
  JournalOptions options;
  uint64_t bytes = 1024;
  std::unique_ptr<Journal> journal;
};

void read_and_write(const Contents& contents) {
  Reader reader(contents);
  if (!reader.open()) return;
  Reader::Records for_a = reader.read("a", false), for_b = reader.read("b", false);
  if (!reader.open()) return;
  CHECK(reader.read("a", true) == for_a);
  CHECK(reader.read("b", false) == for_b);
  CHECK(reader.journal->cursor_state(reader.journal->cursor("a")).wanted.records == 0);
  RecordPlace place = reader.append("afterwards");
  if (place.number >= largest_number) return;  // the next start would take our own numbers for damage; nobody gets there
  for_b[{place.file, place.number}] = "afterwards";
  reader.journal->flush();
  reader.files.kill();
  CHECK(reader.open());
  CHECK(reader.read("a", true) == (Reader::Records{{{place.file, place.number}, "afterwards"}}));
  CHECK(reader.read("b", true) == for_b);
  CHECK(reader.journal->cursor_state(reader.journal->cursor("b")).wanted.records == 0);
}

}  // namespace
}  // namespace vigia::journal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vigia::journal;
  if (size == 0) return 0;
  static const Contents whole = make_journal();
  Contents contents = whole;
  Editor({reinterpret_cast<const char*>(data) + 1, size - 1}, contents).run();
  bool is_sealed = data[0] % 4 != 0;
  if (is_sealed)
    for (auto& [path, content] : contents) seal(identity_of(path), content);
  read_and_write(contents);
  return 0;
}
