// Scenario: the database of the control plane is made, used, found again by a newer and by an older program, damaged, and opened where that
// is not possible.
// Guarantee: what was committed is there afterwards, a schema grows without losing anything, a damaged file never keeps the program from
// starting and is never thrown away, and every error names the file.

#include "tenancy/database.h"

#include <gtest/gtest.h>

#include "tenancy/test_database.h"

namespace vigia::tenancy {
namespace {

constexpr std::string_view first_schema[] = {"CREATE TABLE fruit (name TEXT PRIMARY KEY, count INTEGER NOT NULL)"};
constexpr std::string_view second_schema[] = {
    first_schema[0], "ALTER TABLE fruit ADD COLUMN colour TEXT NOT NULL DEFAULT 'green'; CREATE TABLE tree (name TEXT)"};

class DatabaseTest : public TemporaryDirectoryTest {
 protected:
  std::unique_ptr<Database> open(Database::Migrations migrations) {
    auto opened = Database::open(path(), migrations);
    EXPECT_TRUE(opened.is_ok()) << opened.status().to_string();
    return opened.is_ok() ? std::move(*opened) : nullptr;
  }
  static Status add(Database& database, std::string_view name, int64_t count) {
    ASSIGN_OR_RETURN(Statement statement, database.prepare("INSERT INTO fruit (name, count) VALUES (?, ?)"));
    return statement.bind(1, name).bind(2, count).run();
  }
  static int64_t count(Database& database, std::string_view name) {
    Statement statement = std::move(*database.prepare("SELECT count FROM fruit WHERE name = ?"));
    Result<bool> has_row = statement.bind(1, name).next();
    return has_row.is_ok() && *has_row ? statement.integer(0) : -1;
  }
};

TEST_F(DatabaseTest, what_was_committed_is_found_again) {
  std::string odd("a\0b'ñ", 6);
  {
    auto database = open(first_schema);
    ASSERT_TRUE(add(*database, "plum", 3).is_ok());
    ASSERT_TRUE(add(*database, odd, INT64_MAX).is_ok());
    ASSERT_TRUE(add(*database, "", 0).is_ok());
  }
  auto database = open(first_schema);
  EXPECT_EQ(count(*database, "plum"), 3);
  EXPECT_EQ(count(*database, odd), INT64_MAX);
  EXPECT_EQ(count(*database, ""), 0);
  EXPECT_EQ(count(*database, "pear"), -1);
}

TEST_F(DatabaseTest, a_transaction_is_all_or_nothing) {
  auto database = open(first_schema);
  ASSERT_TRUE(add(*database, "plum", 3).is_ok());
  Status failed = database->in_transaction([&]() -> Status {
    RETURN_IF_ERROR(add(*database, "pear", 1));
    return add(*database, "plum", 4);  // there already
  });
  ASSERT_FALSE(failed.is_ok());
  EXPECT_NE(failed.message().find(path()), std::string::npos) << failed.message();
  EXPECT_EQ(count(*database, "pear"), -1);
  EXPECT_TRUE(database->in_transaction([&] { return add(*database, "pear", 1); }).is_ok());
  EXPECT_EQ(count(*database, "pear"), 1);
}

TEST_F(DatabaseTest, an_older_file_gets_what_it_lacks) {
  {
    auto database = open(first_schema);
    ASSERT_TRUE(add(*database, "plum", 3).is_ok());
    EXPECT_EQ(*database->version(), 1);
  }
  auto database = open(second_schema);
  EXPECT_EQ(*database->version(), 2);
  EXPECT_EQ(count(*database, "plum"), 3);
  EXPECT_TRUE(database->execute("INSERT INTO fruit (name, count, colour) VALUES ('fig', 1, 'blue')").is_ok());
}

TEST_F(DatabaseTest, a_migration_that_fails_leaves_the_file_as_it_was) {
  constexpr std::string_view broken[] = {first_schema[0], "CREATE TABLE tree (name TEXT); CREATE TABLE fruit (name TEXT)"};
  { open(first_schema); }
  EXPECT_FALSE(Database::open(path(), broken).is_ok());
  auto database = open(second_schema);
  EXPECT_EQ(*database->version(), 2);
}

TEST_F(DatabaseTest, a_newer_file_is_left_alone) {
  { open(second_schema); }
  auto opened = Database::open_or_set_aside(path(), first_schema, files(), clock(), Logger());
  ASSERT_FALSE(opened.is_ok());
  EXPECT_EQ(opened.status().code(), StatusCode::failed_precondition);
  EXPECT_NE(opened.status().message().find("a newer version of this program wrote it (schema 2, this one knows 1)"), std::string::npos);
  EXPECT_TRUE(files().exists(path()));
}

TEST_F(DatabaseTest, a_damaged_file_is_set_aside_and_told_of) {
  std::string noise(100'000, 'x');
  ASSERT_TRUE(files().write_file_atomically(path(), noise).is_ok());
  EXPECT_EQ(Database::open(path(), first_schema).status().code(), StatusCode::data_loss);
  auto sink = std::make_shared<LinesSink>();
  auto opened = Database::open_or_set_aside(path(), first_schema, files(), clock(), Logger(sink));
  ASSERT_TRUE(opened.is_ok()) << opened.status().to_string();
  EXPECT_TRUE(add(**opened, "plum", 3).is_ok());
  ASSERT_EQ(sink->lines.size(), 1u);
  EXPECT_NE(sink->lines[0].find("The database is damaged: it was set aside"), std::string::npos) << sink->lines[0];
  std::vector<std::string> kept;
  std::vector<std::string> names = std::move(*files().list(directory()));
  for (const std::string& name : names)
    if (name.find(".damaged-") != std::string::npos) kept.push_back(directory() + "/" + name);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(*files().read_file(kept[0]), noise);
}

// One page of many is overwritten: the header is fine, and only a look into the file shows it.
TEST_F(DatabaseTest, damage_in_the_middle_is_found_at_the_start) {
  {
    auto database = open(first_schema);
    ASSERT_TRUE(database
                    ->in_transaction([&]() -> Status {
                      for (int i = 0; i < 5'000; i++) RETURN_IF_ERROR(add(*database, "fruit number " + std::to_string(i), i));
                      return {};
                    })
                    .is_ok());
  }
  std::string content = *files().read_file(path());
  ASSERT_GT(content.size(), 100'000u);
  for (size_t at = 8'192; at < content.size(); at += 4'096) content.replace(at, 64, std::string(64, '\xee'));
  ASSERT_TRUE(files().write_file_atomically(path(), content).is_ok());
  EXPECT_EQ(Database::open(path(), first_schema).status().code(), StatusCode::data_loss);
  EXPECT_TRUE(Database::open_or_set_aside(path(), first_schema, files(), clock(), Logger()).is_ok());
}

TEST_F(DatabaseTest, a_place_where_nothing_can_be_is_a_clear_error) {
  auto opened = Database::open_or_set_aside(directory() + "/missing/file.db", first_schema, files(), clock(), Logger());
  ASSERT_FALSE(opened.is_ok());
  EXPECT_EQ(opened.status().code(), StatusCode::failed_precondition);
  EXPECT_NE(opened.status().message().find("/missing/file.db"), std::string::npos) << opened.status().message();
}

}  // namespace
}  // namespace vigia::tenancy
