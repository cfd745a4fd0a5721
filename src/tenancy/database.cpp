#include "tenancy/database.h"

#include <sqlite3.h>

#include <utility>

#include <fmt/core.h>

#include "base/check.h"

namespace vigia::tenancy {

namespace {

constexpr int busy_timeout_ms = 5'000;

StatusCode code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return StatusCode::data_loss;
    case SQLITE_FULL:
      return StatusCode::resource_exhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
      return StatusCode::unavailable;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return StatusCode::failed_precondition;
    default:
      return StatusCode::internal;
  }
}

Status database_error(std::string_view what, const std::string& path, int result, sqlite3* connection) {
  std::string cause = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(result);
  return {code_of(result), fmt::format("cannot {} the database: {}: {}", what, path, cause)};
}

}  // namespace

// --- Statements ---

Statement::Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)), path_(other.path_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  std::swap(path_, other.path_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

// Binding fails only for a parameter that is not there or a text beyond a gigabyte: mistakes of the caller.
Statement& Statement::bind(int parameter, int64_t value) {
  CHECK(sqlite3_bind_int64(statement_, parameter, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view value) {
  const char* data = value.data() ? value.data() : "";
  CHECK(sqlite3_bind_text64(statement_, parameter, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::next() {
  int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  Status error;
  if (result != SQLITE_DONE) error = database_error("use", *path_, result, sqlite3_db_handle(statement_));
  sqlite3_reset(statement_);
  if (!error.is_ok()) return error;
  return false;
}

Status Statement::run() {
  for (;;) {
    ASSIGN_OR_RETURN(bool has_row, next());
    if (!has_row) return {};
  }
}

int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  if (!text) return {};
  return {reinterpret_cast<const char*>(text), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

// --- Opening ---

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Migrations migrations) {
  sqlite3* connection = nullptr;
  int result = sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  // Also after an error there may be a connection, which has to be closed.
  std::unique_ptr<Database> database(new Database(connection, path));
  if (result != SQLITE_OK) return database_error("open", path, result, connection);
  sqlite3_busy_timeout(connection, busy_timeout_ms);
  RETURN_IF_ERROR(database->check());
  RETURN_IF_ERROR(database->prepare_connection());
  RETURN_IF_ERROR(database->migrate(migrations));
  return database;
}

Result<std::unique_ptr<Database>> Database::open_or_set_aside(const std::string& path, Migrations migrations, FileSystem& files,
                                                              const Clock& clock, const Logger& log) {
  Result<std::unique_ptr<Database>> opened = open(path, migrations);
  if (opened.is_ok() || opened.status().code() != StatusCode::data_loss) return opened;
  std::string aside = fmt::format("{}.damaged-{}", path, clock.wall_ns() / 1'000'000);
  RETURN_IF_ERROR(files.rename(path, aside));
  // What belongs to the damaged file must not be taken for the new one's.
  for (const char* suffix : {"-wal", "-shm"})
    if (files.exists(path + suffix)) RETURN_IF_ERROR(files.rename(path + suffix, aside + suffix));
  log.error("The database is damaged: it was set aside, and an empty one takes its place",
            {{"database", path}, {"kept_as", aside}, {"error", opened.status()}});
  return open(path, migrations);
}

Database::~Database() { sqlite3_close(connection_); }

Status Database::prepare_connection() {
  // Readers do not wait for writers, and a commit is one sync.
  RETURN_IF_ERROR(execute("PRAGMA journal_mode=WAL"));
  RETURN_IF_ERROR(execute("PRAGMA synchronous=FULL"));
  return execute("PRAGMA foreign_keys=ON");
}

Status Database::check() {
  ASSIGN_OR_RETURN(Statement statement, prepare("PRAGMA quick_check(1)"));
  ASSIGN_OR_RETURN(bool has_row, statement.next());
  std::string answer = has_row ? statement.text(0) : "no answer";
  if (answer == "ok") return {};
  return data_loss(fmt::format("cannot use the database: {}: {}", path_, answer));
}

Result<int64_t> Database::version() {
  ASSIGN_OR_RETURN(Statement statement, prepare("PRAGMA user_version"));
  ASSIGN_OR_RETURN(bool has_row, statement.next());
  return has_row ? statement.integer(0) : 0;
}

Status Database::migrate(Migrations migrations) {
  ASSIGN_OR_RETURN(int64_t done, version());
  auto wanted = static_cast<int64_t>(migrations.size());
  if (done > wanted)
    return {StatusCode::failed_precondition,
            fmt::format("cannot use the database: {}: a newer version of this program wrote it (schema {}, this one knows {})", path_, done,
                        wanted)};
  for (int64_t step = std::max<int64_t>(done, 0); step < wanted; step++)
    RETURN_IF_ERROR(in_transaction([&]() -> Status {
      RETURN_IF_ERROR(execute(std::string(migrations[static_cast<size_t>(step)])));
      return execute(fmt::format("PRAGMA user_version={}", step + 1));
    }));
  return {};
}

// --- Use ---

Status Database::execute(const std::string& sql) {
  int result = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? Status() : database_error("use", path_, result, connection_);
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  int result = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return database_error("use", path_, result, connection_);
  return Statement(statement, &path_);
}

Status Database::in_transaction(const std::function<Status()>& work) {
  RETURN_IF_ERROR(execute("BEGIN IMMEDIATE"));
  Status done = work();
  if (done.is_ok()) done = execute("COMMIT");
  // Some errors have rolled back already, and then this one says so, which is no matter.
  if (!done.is_ok()) (void)execute("ROLLBACK");
  return done;
}

}  // namespace vigia::tenancy
