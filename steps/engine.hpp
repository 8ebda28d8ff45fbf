// DuckDB behind its C API, locked down: the only place that opens a database.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steps/failure.hpp"
#include "vocabulary/units.hpp"

struct _duckdb_connection;

namespace runink::steps {

/// What one engine may use and touch. Nothing else of the file system is open to it.
struct EngineLimits {
  Bytes memory;
  std::string spill_folder;  ///< empty: it never spills
  Bytes spill_max;
  std::vector<std::string> folders;  ///< readable and writable with all below them; "/in/"
  std::vector<std::string> files;    ///< single files
};

/// All values of a result as texts; nothing = NULL.
using Rows = std::vector<std::vector<std::optional<std::string>>>;

/// One in-memory database with one connection. Settings are such that the same inputs give the same
/// bytes: one thread, a fixed memory limit, insertion order kept, UTC (docs/adr/0005).
class Engine {
 public:
  /// Opens, registers our functions, limits and locks.
  static Outcome<Engine> open(const EngineLimits& limits);
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  /// Runs one statement and throws its rows away.
  Outcome<void> execute(const std::string& sql);
  /// Runs one statement whose columns are all VARCHAR. `parameter` is bound to $1 when given.
  Outcome<Rows> rows(const std::string& sql, std::optional<std::string_view> parameter = {});
  /// Runs one statement that gives one column of BIGINT (or of UBIGINT: the same bits), none of them
  /// NULL; they are handed over as they come and not kept.
  Outcome<void> numbers(const std::string& sql, const std::function<void(std::int64_t)>& each);
  /// Binds `sql` without running it; the place of a mistake is shown in it.
  Outcome<void> check(const std::string& sql);

  /// For the watch only: both may be called from another thread.
  _duckdb_connection* connection() const;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// 'text' as a SQL literal, "name" as a SQL identifier.
std::string literal(std::string_view text);
std::string identifier(std::string_view name);
/// ['a', 'b']
std::string list_literal(const std::vector<std::string>& texts);

}  // namespace runink::steps
