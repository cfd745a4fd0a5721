#pragma once

// What tests of the file reader share: a directory of real files, and the reader without threads: who tests looks, reads and commits by hand.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "otlp/log_view.h"
#include "pipeline/test_kit.h"
#include "receivers/filelog/entry_batch.h"
#include "receivers/filelog/file_set.h"
#include "receivers/filelog/positions.h"

namespace vigia::receivers::test {

class LogDirectory {
 public:
  explicit LogDirectory(const std::string& name) : path_(testing::TempDir() + "filelog-" + name) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~LogDirectory() { std::filesystem::remove_all(path_); }

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  void append(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name, std::ios::app | std::ios::binary) << text;
  }
  void rename(const std::string& from, const std::string& to) const { std::filesystem::rename(*this / from, *this / to); }
  void copy(const std::string& from, const std::string& to) const {
    std::filesystem::copy_file(*this / from, *this / to, std::filesystem::copy_options::overwrite_existing);
  }
  void truncate(const std::string& name) const { std::filesystem::resize_file(*this / name, 0); }
  void remove(const std::string& name) const { std::filesystem::remove(*this / name); }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(*this / name, std::ios::binary).rdbuf();
    return text.str();
  }
  // As gzip does: the packed one is complete before the plain one goes.
  void compress(const std::string& name, const std::string& packed, Compression compression = Compression::gzip) const {
    write_packed(packed, read(name), compression);
    remove(name);
  }
  void write_packed(const std::string& packed, const std::string& text, Compression compression = Compression::gzip) const {
    MemoryLedger ledger;
    append(packed, std::string(vigia::compress(compression, Chain(Slice::copy_of(text, ledger)), ledger).value().view()));
  }

 private:
  std::string path_;
};

inline std::string body_text(std::string_view item) {
  otlp::ValueView body = otlp::LogRecordView(item).body();
  return std::string(body.kind() == otlp::ValueKind::bytes ? body.bytes() : body.string());
}

// One life of the reader.
class Reader {
 public:
  Reader(pipeline::test::Kit& kit, FilelogConfig config)
      : kit_(kit),
        config_(std::move(config)),
        context_(kit.context("filelog")),
        batch_(make_run(config_.operators), kit.ledger),
        reader_(context_, config_, known_, batch_, config_.header ? make_run(config_.header->operators) : nullptr),
        files_(context_, config_, known_, reader_, {}) {}

  void restore(const std::string& positions) {
    files_.has_history();
    ASSERT_TRUE(read_positions(positions, known_).is_ok());
  }
  std::string positions() { return write_positions(known_); }

  void look() { files_.look(); }
  // Everything there is, delivered. `visit` sees each record.
  std::vector<std::string> read_all(const std::function<void(std::string_view item)>& visit = nullptr) {
    std::vector<std::string> bodies;
    for (int rounds = 0; rounds < 100'000; rounds++) {
      FileSet::Progress progress = files_.read_some(64 << 10);
      if (progress == FileSet::Progress::more) continue;
      deliver(bodies, visit);
      if (progress == FileSet::Progress::nothing_left) return bodies;
    }
    ADD_FAILURE() << "reading does not end";
    return bodies;
  }
  std::vector<std::string> look_and_read() {
    look();
    return read_all();
  }
  // What has no end yet, after its time.
  std::vector<std::string> end_rests() {
    kit_.advance_ms(config_.force_flush_period_ms + 1);
    files_.end_rests();
    std::vector<std::string> bodies;
    deliver(bodies, nullptr);
    return bodies;
  }
  // Reads and does not deliver, as when the program dies before the pipeline has answered.
  void read_without_delivery() {
    while (files_.read_some(64 << 10) == FileSet::Progress::more) {
    }
  }
  std::vector<std::string> flush_operators() {
    batch_.flush_all();
    std::vector<std::string> bodies;
    deliver(bodies, nullptr);
    return bodies;
  }

  KnownFiles& known() { return known_; }
  FileSet& files() { return files_; }

 private:
  std::unique_ptr<operators::ChainRun> make_run(const operators::Chain& chain) {
    return std::move(operators::ChainRun::create(chain, {kit_.clock, kit_.files, kit_.metrics, kit_.ledger, Logger(), "filelog"}).value());
  }
  void deliver(std::vector<std::string>& bodies, const std::function<void(std::string_view)>& visit) {
    Parcel parcel = batch_.close(known_);
    if (parcel.item_count > 0)
      otlp::for_each_item(parcel.request.view(), [&](const otlp::ResourceGroup&, const otlp::ScopeGroup&, std::string_view item) {
        bodies.push_back(body_text(item));
        if (visit) visit(item);
      });
    for (const Mark& mark : parcel.marks) files_.commit(mark.file, mark.position);
  }

  pipeline::test::Kit& kit_;
  const FilelogConfig config_;
  const pipeline::Context context_;
  KnownFiles known_;
  EntryBatch batch_;
  FileReader reader_;
  FileSet files_;
};

inline FilelogConfig config_of(const std::string& yaml) {
  auto decoded = pipeline::test::decode_text<FilelogConfig>(yaml, [](config::Section& in, FilelogConfig& out) { decode(in, out); });
  EXPECT_EQ(decoded->errors(), "");
  return decoded->config;
}

inline std::string lines(int from, int to, const std::string& what = "line") {
  std::string text;
  for (int i = from; i < to; i++) text += what + " " + std::to_string(i) + "\n";
  return text;
}
inline std::vector<std::string> bodies(int from, int to, const std::string& what = "line") {
  std::vector<std::string> all;
  for (int i = from; i < to; i++) all.push_back(what + " " + std::to_string(i));
  return all;
}

}  // namespace vigia::receivers::test
