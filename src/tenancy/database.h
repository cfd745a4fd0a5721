#pragma once

// The embedded database of the control plane: what must not be lost and is small (customers, credentials, agents). SQLite, of which
// nothing but the two forward declarations is seen outside.
//
// One thread at a time, and not an event loop: a commit waits for the disk. A committed transaction survives a power cut. Errors name the
// file; their code says what may be done:
//   DATA_LOSS           the file is damaged or no database: set it aside
//   RESOURCE_EXHAUSTED  the disk is full, UNAVAILABLE somebody holds it or the disk failed: perhaps later
//   FAILED_PRECONDITION it cannot be opened or written to, or a newer version of this program wrote it

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace vigia::tenancy {

// A prepared statement. It must go before its database.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Parameters count from 1 and stay bound until they are bound again. Texts are copied.
  Statement& bind(int parameter, int64_t value);
  Statement& bind(int parameter, std::string_view value);

  // Steps to the next row: false when there is none. Then, and after an error, the statement is ready to be run anew.
  Result<bool> next();
  // Runs a statement whose rows, if any, do not matter.
  Status run();

  // Of the current row; columns count from 0.
  int64_t integer(int column) const;
  std::string text(int column) const;

 private:
  friend class Database;
  Statement(sqlite3_stmt* statement, const std::string* path) : statement_(statement), path_(path) {}
  sqlite3_stmt* statement_ = nullptr;
  const std::string* path_ = nullptr;
};

class Database {
 public:
  // The steps from an empty database to the newest schema, each one SQL text. Steps are only ever appended: the number of those done
  // stands in the file, and an older file gets what it lacks.
  using Migrations = std::span<const std::string_view>;

  // Creates the file when it is not there; ":memory:" is a database without one.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Migrations migrations);
  // A damaged file is renamed to "<path>.damaged-<time>", which is told in the log, and an empty database takes its place.
  static Result<std::unique_ptr<Database>> open_or_set_aside(const std::string& path, Migrations migrations, FileSystem& files,
                                                             const Clock& clock, const Logger& log);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Status execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  // All of what `work` does, or nothing of it when it or the commit fails.
  Status in_transaction(const std::function<Status()>& work);
  // How many migrations have been done.
  Result<int64_t> version();
  const std::string& path() const { return path_; }

 private:
  Database(sqlite3* connection, std::string path) : connection_(connection), path_(std::move(path)) {}
  Status prepare_connection();
  Status check();
  Status migrate(Migrations migrations);

  sqlite3* connection_;
  // Statements point to it.
  const std::string path_;
};

}  // namespace vigia::tenancy
