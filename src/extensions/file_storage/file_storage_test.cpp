// Scenario: the Collector's sections of file_storage, and our own keys, are decoded; the extension is started on directories that are there,
// missing, none, or read-only.
// Guarantee: what was meant is what the queues are told, mistakes are told with what to do, and the start leaves nothing behind.

#include "extensions/file_storage/file_storage.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "extensions/file_storage/factory.h"
#include "extensions/test_environment.h"
#include "pipeline/test_kit.h"

namespace vigia::extensions {
namespace {

using pipeline::StorageSync;

std::unique_ptr<pipeline::test::Decoded<FileStorageConfig>> decoded(const std::string& yaml) {
  return pipeline::test::decode_text<FileStorageConfig>(
      yaml, [](config::Section& section, FileStorageConfig& out) { out = decode_file_storage(section); });
}

FileStorageConfig good(const std::string& yaml) {
  auto result = decoded(yaml);
  EXPECT_EQ(result->errors(), "");
  return result->config;
}

std::string mistakes(const std::string& yaml) { return decoded(yaml)->errors(); }

TEST(FileStorageConfigTest, the_defaults_are_the_safe_ones) {
  FileStorageConfig config = good("");
  EXPECT_EQ(config.storage.directory, "/var/lib/otelcol/file_storage");
  EXPECT_EQ(config.storage.sync, StorageSync::always);
  EXPECT_EQ(config.storage.sync_interval_ms, 1000);
  EXPECT_EQ(config.storage.max_bytes, 0u);
  EXPECT_FALSE(config.creates_directory);
  EXPECT_EQ(config.directory_permissions, 0750u);
  EXPECT_EQ(config.lock_timeout_ms, 1000);
}

TEST(FileStorageConfigTest, the_collectors_keys_are_all_known) {
  auto result = decoded(R"(
directory: /d
create_directory: true
directory_permissions: 0700
timeout: 10s
fsync: true
recreate: true
compaction: {on_start: true, on_rebound: true, directory: /d, rebound_needed_threshold_mib: 100, rebound_trigger_threshold_mib: 10,
             max_transaction_size: 65536, check_interval: 5s, cleanup_on_start: true}
)");
  EXPECT_EQ(result->errors(), "");
  EXPECT_EQ(result->config.storage.directory, "/d");
  EXPECT_TRUE(result->config.creates_directory);
  EXPECT_EQ(result->config.directory_permissions, 0700u);
  EXPECT_EQ(result->config.lock_timeout_ms, 10'000);
  EXPECT_EQ(result->config.storage.sync, StorageSync::always);
  ASSERT_EQ(result->diagnostics.warnings().size(), 1u);
  EXPECT_EQ(result->diagnostics.warnings().front().message, "compaction is not needed: finished files are deleted whole");
}

TEST(FileStorageConfigTest, only_a_plain_no_leaves_data_unsynced) {
  EXPECT_EQ(good("fsync: false").storage.sync, StorageSync::never);
  EXPECT_EQ(good("sync: never").storage.sync, StorageSync::never);
  FileStorageConfig config = good("sync: interval\nsync_interval: 250ms\nmax_size_mib: 2");
  EXPECT_EQ(config.storage.sync, StorageSync::interval);
  EXPECT_EQ(config.storage.sync_interval_ms, 250);
  EXPECT_EQ(config.storage.max_bytes, 2u << 20);
}

TEST(FileStorageConfigTest, mistakes_say_what_was_expected) {
  EXPECT_NE(mistakes("directory: ''").find("must name a directory"), std::string::npos);
  for (const char* bad : {"0888", "1777", "rwx", "-1", "''"})
    EXPECT_NE(mistakes(std::string("directory_permissions: ") + bad).find("permissions in octal such as \"0750\""), std::string::npos)
        << bad;
  EXPECT_NE(mistakes("fsync: false\nsync: always").find("cannot both be given"), std::string::npos);
  EXPECT_NE(mistakes("sync: sometimes").find("\"always\", \"interval\", \"never\""), std::string::npos);
  EXPECT_NE(mistakes("sync_interval: 0s").find("must be positive"), std::string::npos);
  EXPECT_NE(mistakes("timeout: -1s").find("must not be negative"), std::string::npos);
  EXPECT_NE(mistakes("max_size_mib: 17592186044416").find("is too large"), std::string::npos);
  EXPECT_NE(mistakes("compaction: {on_strat: true}").find("on_start"), std::string::npos);
}

class FileStorageTest : public ::testing::Test {
 protected:
  FileStorageTest() : directory_(::testing::TempDir() + "file_storage_test_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    EXPECT_TRUE(environment_.files.create_directories(directory_).is_ok());
  }
  ~FileStorageTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<pipeline::Extension> create(const std::string& yaml) {
    std::string errors;
    auto extension = environment_.create(file_storage_extension(), yaml, errors);
    EXPECT_NE(extension, nullptr) << errors;
    return extension;
  }
  Status start(const std::string& yaml) { return create(yaml)->start(); }

  TestEnvironment environment_;
  const std::string directory_;
};

TEST_F(FileStorageTest, a_usable_directory_is_offered_and_left_as_it_was) {
  auto extension = create("directory: " + directory_);
  ASSERT_TRUE(extension->start().is_ok());
  auto* storage = dynamic_cast<pipeline::Storage*>(extension.get());
  ASSERT_NE(storage, nullptr);
  EXPECT_EQ(storage->storage().directory, directory_);
  EXPECT_EQ(environment_.files.list(directory_).value(), std::vector<std::string>());
  environment_.stop(*extension);
}

TEST_F(FileStorageTest, a_missing_directory_is_created_only_when_asked_for) {
  std::string deep = directory_ + "/a/b";
  EXPECT_EQ(start("directory: " + deep).message(),
            "cannot use " + deep + " for storage: it does not exist; create it or set create_directory: true");
  EXPECT_FALSE(environment_.files.exists(deep));
  ASSERT_TRUE(start("create_directory: true\ndirectory_permissions: 0710\ndirectory: " + deep).is_ok());
  struct stat facts {};
  ASSERT_EQ(::stat(deep.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0710u);
}

TEST_F(FileStorageTest, the_permissions_of_a_directory_that_was_there_are_not_ours) {
  ASSERT_TRUE(environment_.files.set_permissions(directory_, 0711).is_ok());
  ASSERT_TRUE(start("create_directory: true\ndirectory: " + directory_).is_ok());
  struct stat facts {};
  ASSERT_EQ(::stat(directory_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0711u);
}

TEST_F(FileStorageTest, what_is_no_directory_or_cannot_be_written_to_stops_the_start) {
  std::string file = directory_ + "/file";
  ASSERT_TRUE(environment_.files.write_file_atomically(file, "x").is_ok());
  for (const char* also : {"", "\ncreate_directory: true"}) {
    Status status = start("directory: " + file + also);
    EXPECT_NE(status.message().find("cannot use " + file + " for storage: "), std::string::npos) << status.message();
    EXPECT_NE(status.message().find("Not a directory"), std::string::npos) << status.message();
  }
  Status status = start("directory: /proc");
  EXPECT_NE(status.message().find("cannot use /proc for storage: it cannot be written to: "), std::string::npos) << status.message();
}

}  // namespace
}  // namespace vigia::extensions
