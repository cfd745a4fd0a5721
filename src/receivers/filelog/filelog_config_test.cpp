// Scenario: configurations as they are written for the Collector. Guarantee: each key has its effect or its error, with the place and what to do.

#include <gtest/gtest.h>

#include "receivers/filelog/finder.h"
#include "receivers/filelog/rotation_name.h"
#include "receivers/filelog/test_log_directory.h"

namespace vigia::receivers::test {
namespace {

std::string errors_of(const std::string& yaml) {
  auto decoded = pipeline::test::decode_text<FilelogConfig>(yaml, [](config::Section& in, FilelogConfig& out) { decode(in, out); });
  return decoded->errors();
}

TEST(FilelogConfigTest, DefaultsAreTheCollectors) {
  FilelogConfig config = config_of("include: /var/log/*.log");
  EXPECT_FALSE(config.starts_at_beginning);
  EXPECT_EQ(config.poll_interval_ms, 200);
  EXPECT_EQ(config.force_flush_period_ms, 500);
  EXPECT_EQ(config.fingerprint_size, 1000U);
  EXPECT_EQ(config.splitter.max_log_size, 1U << 20);
  EXPECT_EQ(config.max_concurrent_files, 1024U);
  EXPECT_TRUE(config.file_attributes.has_name);
  EXPECT_FALSE(config.file_attributes.has_path);
  EXPECT_EQ(config.retry.max_elapsed_time_ms, 0);
}

TEST(FilelogConfigTest, MistakesAreTold) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"start_at: end", "must name at least one file"},
      {"include: ['/a/[b']", "a [ is not closed"},
      {"include: x\nstart_at: middle", "middle"},
      {"include: x\nencoding: klingon", "unsupported encoding"},
      {"include: x\nmultiline: {line_start_pattern: a, line_end_pattern: b}", "only one"},
      {"include: x\nmultiline: {line_start_pattern: '('}", "cannot use pattern"},
      {"include: x\nencoding: nop\nmultiline: {line_start_pattern: a}", "nop"},
      {"include: x\nfingerprint_size: 10", "between 16 bytes"},
      {"include: x\nmax_log_size: 0", "max_log_size"},
      {"include: x\ndelete_after_read: true", "start_at: end"},
      {"include: x\nheader: {pattern: a, metadata_operators: [{type: noop}]}", "start_at: end"},
      {"include: x\nstart_at: beginning\nheader: {pattern: a}", "metadata_operators"},
      {"include: x\nacquire_fs_lock: true", "not in this build"},
      {"include: x\nattributes: {a: 'EXPR(body +)'}", "attributes::a: cannot use the expression: column 7"},
      {"include: x\nresource: {a: [b]}", "resource::a"},
      {"include: x\ncustomer: a\nresource: {customer.id: 'EXPR(body)'}", "leave out customer.id"},
      {"include: x\ncustomer: 'a b'", "customer: expected letters"},
      {"include: x\ncustomer: a\nresource: {customer_id: b}", "leave out customer_id"},
      {"include: x\ninclud: y", "includ"},
      {"include: x\nordering_criteria: {sort_by: [{sort_type: numeric, regex_key: n}]}", "regex"},
      {"include: x\nordering_criteria: {regex: '(?P<m>a)', sort_by: [{sort_type: numeric, regex_key: n}]}", "no group named 'n'"},
      {"include: x\nordering_criteria: {regex: '(?P<n>a)', sort_by: [{sort_type: timestamp, regex_key: n}]}", "layout"},
  };
  for (const auto& [yaml, expected] : cases)
    EXPECT_NE(errors_of(yaml).find(expected), std::string::npos) << yaml << "\n" << errors_of(yaml);
}

TEST(FilelogConfigTest, OldAndIdleKeysAreAccepted) {
  EXPECT_EQ(errors_of("include: [x]\ninitial_buffer_size: 16KiB\npolls_to_archive: 3\nacquire_fs_lock: false\nfingerprint_size: 1kb\n"
                      "skip_unmodified_files: true\nretry_on_failure: {enabled: false}\nmax_log_size: 1MiB"),
            "");
}

class FinderTest : public testing::Test {
 protected:
  std::vector<std::string> find(const std::string& yaml) {
    FilelogConfig config = config_of(yaml);
    std::vector<std::string> names;
    int64_t now_ns = SystemClock().wall_ns();
    for (const FoundFile& file : find_files(files_, config.finder, now_ns).files)
      names.push_back(file.path.substr(logs_.path().size() + 1));
    return names;
  }
  SystemFiles files_;
  LogDirectory logs_{"finder"};
};

TEST_F(FinderTest, IncludesAndExcludes) {
  for (const char* name : {"a.log", "b.log", "c.txt"}) logs_.append(name, "x");
  std::filesystem::create_directories(logs_ / "deep/er");
  logs_.append("deep/d.log", "x");
  logs_.append("deep/er/e.log", "x");
  std::filesystem::create_directory_symlink(logs_.path(), logs_ / "deep/loop");
  using Names = std::vector<std::string>;
  EXPECT_EQ(find("include: ['" + logs_ / "*.log" + "', '" + logs_ / "a*" + "']"), (Names{"a.log", "b.log"}));
  EXPECT_EQ(find("include: ['" + logs_ / "*" + "']\nexclude: ['" + logs_ / "b*" + "', '" + logs_ / "*.txt" + "']"), (Names{"a.log"}));
  Names all = find("include: ['" + logs_ / "**/*.log" + "']\nexclude: ['" + logs_ / "deep/loop/**" + "']");
  EXPECT_EQ(all, (Names{"a.log", "b.log", "deep/d.log", "deep/er/e.log"}));
  EXPECT_EQ(find("include: ['" + logs_ / "none/*.log" + "']"), Names());
}

TEST_F(FinderTest, OldFilesAreLeftOut) {
  logs_.append("old.log", "x");
  logs_.append("new.log", "x");
  std::filesystem::last_write_time(logs_ / "old.log", std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(find("include: ['" + logs_ / "*" + "']\nexclude_older_than: 1h"), (std::vector<std::string>{"new.log"}));
}

TEST_F(FinderTest, CriteriaOrderAndChoose) {
  for (const char* name : {"a.2.log", "a.10.log", "a.x.log", "b.3.log"}) logs_.append(name, "x");
  std::string include = "include: ['" + logs_ / "*.log" + "']\nordering_criteria:\n  regex: '/[a-z]\\.(?P<n>\\w+)\\.log$'\n";
  using Names = std::vector<std::string>;
  EXPECT_EQ(find(include + "  sort_by: [{sort_type: numeric, regex_key: n}]"), (Names{"a.10.log"}));
  EXPECT_EQ(find(include + "  top_n: 0\n  sort_by: [{sort_type: numeric, regex_key: n, ascending: true}]"),
            (Names{"a.2.log", "b.3.log", "a.10.log"}));
  EXPECT_EQ(find(include + "  group_by: '/(\\w)\\.\\w+\\.log$'\n  sort_by: [{sort_type: numeric, regex_key: n}]"),
            (Names{"a.10.log", "b.3.log"}));
  EXPECT_EQ(find(include + "  top_n: 2\n  sort_by: [{sort_type: alphabetical, regex_key: n}]"), (Names{"a.x.log", "b.3.log"}));
}

TEST(RotationNameTest, KnowsHowRotatedLogsAreCalled) {
  for (const char* name : {"app.log", "app.log.1", "app.log.12", "app.log-20240131", "app.log.2024-01-31", "app-20240131.log",
                           "app.log.1.gz", "app-2024-01-31T10-00-00.log", "app.log.bak", "app.log.1.zst", "app_3.log"})
    EXPECT_EQ(name_before_rotation(name), "app.log") << name;
  EXPECT_EQ(name_before_rotation("0.log"), "0.log");
  EXPECT_EQ(relation_of("/l/app.log", "/l/app.log.1"), NameRelation::rotated);
  EXPECT_EQ(relation_of("/l/app.log.1", "/l/app.log.2.gz"), NameRelation::rotated);
  EXPECT_EQ(relation_of("/l/app.log", "/l/old/app.log.1"), NameRelation::rotated);
  EXPECT_EQ(relation_of("/l/app-1.log", "/l/app-2.log"), NameRelation::siblings);
  EXPECT_EQ(relation_of("/l/a.log", "/l/b.log"), NameRelation::none);
  EXPECT_EQ(relation_of("/pod1/0.log", "/pod2/0.log"), NameRelation::none);
}

}  // namespace
}  // namespace vigia::receivers::test
