// Every batch is one line of JSON or one message with its length before it; a file that has grown too large is put aside, and old ones
// are removed.

#include <stdlib.h>

#include <gtest/gtest.h>

#include "base/compress.h"
#include "exporters/file/config.h"
#include "exporters/file/factory.h"
#include "exporters/file/rotating_file.h"
#include "otlp/json_read.h"
#include "pipeline/test_kit.h"

namespace vigia::exporters {
namespace {

using otlp::Signal;

const std::string span_json =
    R"({"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"traceId":"","spanId":"","name":"a","status":{}}]}]}]})";

// A folder that is there as long as the test.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/vigia-file-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() {
    SystemFiles files;
    for (const std::string& name : names()) (void)files.remove(path + "/" + name).is_ok();
    (void)files.remove(path).is_ok();
  }
  std::vector<std::string> names() {
    auto listed = SystemFiles().list(path);
    return listed.is_ok() ? *listed : std::vector<std::string>();
  }
  std::string path;
};

class FileExporterTest : public ::testing::Test {
 protected:
  std::string file() const { return folder_.path + "/out.json"; }
  std::string content() { return kit_.files.read_file(file()).value(); }
  std::unique_ptr<pipeline::Exporter> make(const std::string& more, Signal signal = Signal::traces) {
    std::any config;
    auto decoded =
        pipeline::test::decode_text<int>("path: " + file() + "\n" + more, [&](config::Section& in, int&) { config = factory_.decode(in); });
    EXPECT_EQ(decoded->errors(), "");
    auto exporter = factory_.create(kit_.context("file"), config, signal);
    EXPECT_TRUE(exporter.is_ok());
    Status started = (*exporter)->start();
    EXPECT_TRUE(started.is_ok()) << started.message();
    return std::move(*exporter);
  }
  pipeline::Batch batch() {
    auto read = otlp::read_json(Signal::traces, span_json, kit_.ledger);
    EXPECT_TRUE(read.is_ok());
    pipeline::Batch batch;
    batch.payload = Chain(read->request);
    batch.item_count = 1;
    return batch;
  }
  Status write(pipeline::Exporter& exporter, int times = 1) {
    Status last;
    for (int i = 0; i < times; i++) exporter.consume(batch(), [&](Status status) { last = std::move(status); });
    return last;
  }

  pipeline::test::Kit kit_;
  Folder folder_;
  pipeline::ExporterFactory factory_ = file_exporter();
};

TEST_F(FileExporterTest, JsonIsALineForEachBatch) {
  auto exporter = make("");
  EXPECT_TRUE(write(*exporter, 2).is_ok());
  std::string text = content();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  std::string line = text.substr(0, text.find('\n'));
  auto again = otlp::read_json(Signal::traces, line, kit_.ledger);
  ASSERT_TRUE(again.is_ok());
  EXPECT_EQ(again->request.view(), batch().payload.to_string());
  EXPECT_EQ(kit_.metric("otelcol_exporter_sent_spans{exporter=\"file\"}"), 2);
}

TEST_F(FileExporterTest, ProtoIsLengthAndMessage) {
  auto exporter = make("format: proto\n");
  EXPECT_TRUE(write(*exporter, 2).is_ok());
  std::string message = batch().payload.to_string();
  std::string record = std::string(3, '\0') + static_cast<char>(message.size()) + message;
  EXPECT_EQ(content(), record + record);
}

TEST_F(FileExporterTest, CompressedMessagesHaveTheirLengthBeforeThem) {
  auto exporter = make("compression: zstd\n");
  EXPECT_TRUE(write(*exporter).is_ok());
  std::string text = content();
  ASSERT_GT(text.size(), 4u);
  EXPECT_EQ(static_cast<unsigned char>(text[3]), text.size() - 4);
  auto plain = decompress(Compression::zstd, std::string_view(text).substr(4), 10'000, kit_.ledger);
  ASSERT_TRUE(plain.is_ok());
  EXPECT_TRUE(plain->view().starts_with("{\"resourceSpans\""));
}

TEST_F(FileExporterTest, AnOldFileIsReplacedUnlessAppendIsOn) {
  ASSERT_TRUE(kit_.files.write_file_atomically(file(), "old\n").is_ok());
  make("append: true\n");
  EXPECT_EQ(content(), "old\n");
  make("");
  EXPECT_EQ(content(), "");
}

TEST_F(FileExporterTest, TheSignalsShareOneFile) {
  auto traces = make("");
  EXPECT_TRUE(write(*traces).is_ok());
  auto logs = make("", Signal::logs);
  EXPECT_NE(content(), "") << "the second to start must not empty the file";
}

TEST_F(FileExporterTest, ASuccessorAfterAReloadDoesNotEmptyTheFile) {
  auto old = make("");
  EXPECT_TRUE(write(*old).is_ok());
  auto successor = make("flush_interval: 2s\nformat: proto\n");
  EXPECT_TRUE(content().starts_with("{"));
}

TEST_F(FileExporterTest, LargeFilesArePutAsideAndTheOldestGo) {
  RotationConfig rotation;
  rotation.max_megabytes = 1;
  rotation.max_backups = 2;
  FileConfig config;
  config.path = file();
  config.rotation = rotation;
  RotatingFile rotating(config, kit_.files, kit_.clock);
  ASSERT_TRUE(kit_.files.write_file_atomically(folder_.path + "/out-notes.json", "not ours").is_ok());
  ASSERT_TRUE(rotating.open(false).is_ok());
  std::string record(600'000, 'x');
  for (int i = 0; i < 5; i++) EXPECT_TRUE(rotating.write(record).is_ok());
  std::vector<std::string> names = folder_.names();
  ASSERT_EQ(names.size(), 4u) << "the file, two backups, and a stranger";
  EXPECT_EQ(names[0], "out-2023-11-14T22-13-20.002.json");
  EXPECT_EQ(names[1], "out-2023-11-14T22-13-20.003.json");
  EXPECT_EQ(names[2], "out-notes.json");
  EXPECT_EQ(content().size(), 600'000u);
}

TEST_F(FileExporterTest, AMissingFolderIsAnErrorAtStartUnlessItMayBeMade) {
  std::string deep = folder_.path + "/deep";
  FileConfig config;
  config.path = deep + "/out.json";
  EXPECT_FALSE(RotatingFile(config, kit_.files, kit_.clock).open(false).is_ok());
  config.creates_directory = true;
  {
    RotatingFile rotating(config, kit_.files, kit_.clock);
    EXPECT_TRUE(rotating.open(false).is_ok());
  }
  EXPECT_TRUE(kit_.files.remove(config.path).is_ok());
}

TEST_F(FileExporterTest, AFailedWriteIsRetryableAndCounted) {
  // A device that is always full.
  FileConfig config;
  config.path = "/dev/full";
  config.appends = true;
  auto exporter = factory_.create(kit_.context("file"), config, Signal::traces);
  ASSERT_TRUE((*exporter)->start().is_ok());
  Status status = write(**exporter);
  EXPECT_FALSE(status.is_ok());
  EXPECT_TRUE(status.is_retryable());
  EXPECT_EQ(kit_.metric("otelcol_exporter_send_failed_spans{exporter=\"file\"}"), 1);
}

TEST(FileConfig, Mistakes) {
  auto decoded = pipeline::test::decode_text<FileConfig>("format: xml\nrotation: {max_megabytes: 0}\ngroup_by: {}\n", decode);
  EXPECT_EQ(decoded->diagnostics.error_count(), 4u) << decoded->errors();
  auto clash = pipeline::test::decode_text<FileConfig>("path: x\nappend: true\nrotation:\n", decode);
  EXPECT_EQ(clash->diagnostics.error_count(), 1u) << clash->errors();
}

}  // namespace
}  // namespace vigia::exporters
