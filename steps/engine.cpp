#include "steps/engine.hpp"

#include "duckdb.h"
#include "steps/row_hash.hpp"

namespace runink::steps {

struct Engine::State {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (connection) duckdb_disconnect(&connection);
    if (database) duckdb_close(&database);
  }
};

namespace {

struct Result_ {
  duckdb_result value{};
  ~Result_() { duckdb_destroy_result(&value); }
};
struct Prepared {
  duckdb_prepared_statement value = nullptr;
  ~Prepared() { duckdb_destroy_prepare(&value); }
};

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

std::string bytes_setting(Bytes bytes) { return literal(std::to_string(bytes.value) + "B"); }

void append_chunk(duckdb_data_chunk chunk, Rows& rows) {
  const idx_t count = duckdb_data_chunk_get_size(chunk);
  const idx_t columns = duckdb_data_chunk_get_column_count(chunk);
  const std::size_t first = rows.size();
  rows.resize(first + count, std::vector<std::optional<std::string>>(columns));
  for (idx_t c = 0; c < columns; ++c) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, c);
    auto* data = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
    std::uint64_t* validity = duckdb_vector_get_validity(vector);
    for (idx_t r = 0; r < count; ++r) {
      if (validity && !duckdb_validity_row_is_valid(validity, r)) continue;
      rows[first + r][c] =
          std::string(duckdb_string_t_data(&data[r]), duckdb_string_t_length(data[r]));
    }
  }
}

}  // namespace

std::string literal(std::string_view text) { return quoted(text, '\''); }
std::string identifier(std::string_view name) { return quoted(name, '"'); }
std::string list_literal(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() == 1 ? "" : ", ") + literal(text);
  return out + "]";
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

duckdb_connection Engine::connection() const { return state_->connection; }

Outcome<Engine> Engine::open(const EngineLimits& limits) {
  auto state = std::make_unique<State>();
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  duckdb_set_config(config, "threads", "1");
  duckdb_set_config(config, "memory_limit", (std::to_string(limits.memory.value) + "B").c_str());
  duckdb_set_config(config, "temp_directory", limits.spill_folder.c_str());
  duckdb_set_config(config, "autoinstall_known_extensions", "false");
  duckdb_set_config(config, "autoload_known_extensions", "false");
  char* error = nullptr;
  const auto opened = duckdb_open_ext(nullptr, &state->database, config, &error);
  duckdb_destroy_config(&config);
  if (opened != DuckDBSuccess) {
    std::string text = error ? error : "DuckDB cannot open a database in memory";
    duckdb_free(error);
    return give_up(SliceReason::internal, std::move(text));
  }
  if (duckdb_connect(state->database, &state->connection) != DuckDBSuccess)
    return give_up(SliceReason::internal, "DuckDB refuses a connection to its own database");
  Engine engine{std::move(state)};
  if (auto done = register_row_hash(engine.connection()); !done)
    return std::unexpected(done.error());

  // The temp limit is only enforced when it is set after opening. The lock comes last.
  std::vector<std::string> settings = {"errors_as_json = true", "preserve_insertion_order = true",
                                       "TimeZone = 'UTC'", "enable_progress_bar = true",
                                       "enable_progress_bar_print = false"};
  if (!limits.spill_folder.empty())
    settings.push_back("max_temp_directory_size = " + bytes_setting(limits.spill_max));
  if (!limits.folders.empty())
    settings.push_back("allowed_directories = " + list_literal(limits.folders));
  if (!limits.files.empty()) settings.push_back("allowed_paths = " + list_literal(limits.files));
  settings.push_back("enable_external_access = false");
  settings.push_back("lock_configuration = true");
  for (const std::string& setting : settings)
    if (auto done = engine.execute("SET " + setting); !done) return std::unexpected(done.error());
  return engine;
}

Outcome<void> Engine::execute(const std::string& sql) {
  Result_ result;
  if (duckdb_query(state_->connection, sql.c_str(), &result.value) == DuckDBSuccess) return {};
  const char* text = duckdb_result_error(&result.value);
  return std::unexpected(
      failure_of(duckdb_result_error_type(&result.value), text ? text : "", Moment::execute));
}

Outcome<Rows> Engine::rows(const std::string& sql, std::optional<std::string_view> parameter) {
  Prepared prepared;
  if (duckdb_prepare(state_->connection, sql.c_str(), &prepared.value) != DuckDBSuccess)
    return std::unexpected(failure_of(0, duckdb_prepare_error(prepared.value), Moment::prepare));
  if (parameter)
    duckdb_bind_varchar_length(prepared.value, 1, parameter->data(), parameter->size());
  Result_ result;
  if (duckdb_execute_prepared(prepared.value, &result.value) != DuckDBSuccess)
    return std::unexpected(failure_of(duckdb_result_error_type(&result.value),
                                      duckdb_result_error(&result.value), Moment::execute));
  Rows rows;
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result.value)) {
    append_chunk(chunk, rows);
    duckdb_destroy_data_chunk(&chunk);
  }
  return rows;
}

Outcome<void> Engine::numbers(const std::string& sql,
                              const std::function<void(std::int64_t)>& each) {
  Prepared prepared;
  if (duckdb_prepare(state_->connection, sql.c_str(), &prepared.value) != DuckDBSuccess)
    return std::unexpected(failure_of(0, duckdb_prepare_error(prepared.value), Moment::prepare));
  Result_ result;
  const auto failed = [&] {
    return std::unexpected(failure_of(duckdb_result_error_type(&result.value),
                                      duckdb_result_error(&result.value), Moment::execute));
  };
  if (duckdb_execute_prepared_streaming(prepared.value, &result.value) != DuckDBSuccess)
    return failed();
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result.value)) {
    const auto* data = static_cast<const std::int64_t*>(
        duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
    const idx_t count = duckdb_data_chunk_get_size(chunk);
    for (idx_t i = 0; i < count; ++i) each(data[i]);
    duckdb_destroy_data_chunk(&chunk);
  }
  if (duckdb_result_error(&result.value)) return failed();
  return {};
}

Outcome<void> Engine::check(const std::string& sql) {
  Prepared prepared;
  if (duckdb_prepare(state_->connection, sql.c_str(), &prepared.value) != DuckDBSuccess)
    return std::unexpected(
        failure_of(0, duckdb_prepare_error(prepared.value), Moment::prepare, sql));
  return {};
}

}  // namespace runink::steps
