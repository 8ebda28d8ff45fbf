#include "steps/reject_scan.hpp"

#include <algorithm>

#include "duckdb.h"
#include "steps/record_walk.hpp"
#include "steps/vectors.hpp"
#include "vocabulary/limits.hpp"

namespace runink::steps {
namespace {

constexpr idx_t kFixed = 6;  // row to all_rules

/// A text for people, whatever the bytes are.
std::string_view printable(std::string_view bytes, std::string& room) {
  constexpr char digits[] = "0123456789abcdef";
  if (is_text(bytes)) return bytes;
  room.clear();
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0 && byte < 0x80) {
      room += c;
    } else {
      room += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return room;
}

/// The first `limits::raw_record` bytes, without half of a character.
std::string_view cut(std::string_view raw) {
  if (raw.size() <= limits::raw_record.value) return raw;
  std::size_t end = limits::raw_record.value;
  while (end > 0 && (raw[end] & 0xc0) == 0x80) --end;
  return raw.substr(0, end);
}

class RejectRows {
 public:
  explicit RejectRows(RejectSource& source) : source_(source), cursor_(source.rejected) {}
  virtual ~RejectRows() = default;

  Outcome<void> fill(duckdb_data_chunk chunk) {
    columns_.clear();
    for (idx_t c = 0; c < duckdb_data_chunk_get_column_count(chunk); ++c)
      columns_.emplace_back(duckdb_data_chunk_get_vector(chunk, c));
    begin();
    const idx_t room = duckdb_vector_size();
    idx_t n = 0, items = 0;
    for (; n < room && cursor_.get() && goes_on(); ++n, cursor_.next()) {
      const BrokenRow& broken = *cursor_.get();
      tell(n, broken, items);
      if (auto done = record(n, broken.row); !done) return done;
    }
    if (!cursor_.good())
      return give_up(SliceReason::internal, "the list of rejected rows cannot be read back");
    duckdb_data_chunk_set_size(chunk, n);
    return {};
  }

 protected:
  virtual void begin() {}
  virtual bool goes_on() const { return true; }
  virtual Outcome<void> record(idx_t, std::uint64_t) { return {}; }

  RejectSource& source_;
  std::vector<FilledColumn> columns_;

 private:
  void tell(idx_t n, const BrokenRow& broken, idx_t& items) {
    const auto& rules = source_.pass.numbers.rules;
    const auto [file, number] = source_.pass.index.find(broken.row);
    const governance::Rule& first = rules[broken.rules.front()];
    columns_[0].set(n, static_cast<std::int64_t>(broken.row));
    columns_[1].set_text(n, source_.pass.files[file].name);
    columns_[2].set(n, static_cast<std::int64_t>(number + 1));
    columns_[3].set_text(n, first.name);
    columns_[4].set_text(n, to_string(first.reason));
    duckdb_vector list = columns_[5].vector;
    columns_[5].set(n, duckdb_list_entry{items, broken.rules.size()});
    duckdb_list_vector_reserve(list, items + broken.rules.size());
    FilledColumn names{duckdb_list_vector_get_child(list)};
    for (const std::uint16_t rule : broken.rules) names.set_text(items++, rules[rule].name);
    duckdb_list_vector_set_size(list, items);
  }

  BrokenRows::Cursor cursor_;
};

template <class Records>
class RejectRecords final : public RejectRows {
 public:
  explicit RejectRecords(RejectSource& source)
      : RejectRows(source), walk_(source.pass.files, source.pass.columns, nullptr) {}

 private:
  void begin() override { walk_.chunk_ends(); }
  bool goes_on() const override { return walk_.chunk_goes_on(); }
  Outcome<void> record(idx_t n, std::uint64_t row) override {
    if (auto done = walk_.go_to(row, source_.pass.index); !done) return done;
    Records& records = walk_.records();
    const std::size_t count = source_.pass.columns.size();
    const bool hidden = source_.hide_malformed && records.faults() != 0;
    for (std::size_t c = 0; c < count; ++c) {
      const Cell cell = records.cell(c);
      if (cell.null || hidden) {
        columns_[kFixed + c].set_null(n);
      } else {
        columns_[kFixed + c].set_text(n, printable(cell.text, room_));
      }
    }
    columns_[kFixed + count].set_text(n, printable(cut(records.raw()), room_));
    return {};
  }

  RecordWalk<Records> walk_;
  std::string room_;
};

void add_column(duckdb_bind_info info, const std::string& name, duckdb_logical_type type) {
  duckdb_bind_add_result_column(info, name.c_str(), type);
  duckdb_destroy_logical_type(&type);
}

void bind(duckdb_bind_info info) {
  const auto& source = *static_cast<const RejectSource*>(duckdb_bind_get_extra_info(info));
  const auto text = [] { return duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR); };
  add_column(info, "n", duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  add_column(info, "source_file", text());
  add_column(info, "source_record", duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  add_column(info, "rule", text());
  add_column(info, "reason", text());
  duckdb_logical_type item = text();
  add_column(info, "all_rules", duckdb_create_list_type(item));
  duckdb_destroy_logical_type(&item);
  if (source.pass.format != pipeline::Format::parquet) {
    for (std::size_t c = 0; c < source.pass.columns.size(); ++c)
      add_column(info, "c" + std::to_string(c), text());
    add_column(info, "raw", text());
  }
  duckdb_bind_set_cardinality(info, source.rejected.size(), true);
}

void init(duckdb_init_info info) {
  auto& source = *static_cast<RejectSource*>(duckdb_init_get_extra_info(info));
  RejectRows* rows = nullptr;
  switch (source.pass.format) {
    case pipeline::Format::csv: rows = new RejectRecords<CsvRecords>(source); break;
    case pipeline::Format::jsonl: rows = new RejectRecords<JsonRecords>(source); break;
    case pipeline::Format::parquet: rows = new RejectRows(source); break;
  }
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, rows, [](void* of) { delete static_cast<RejectRows*>(of); });
}

void fill(duckdb_function_info info, duckdb_data_chunk chunk) {
  auto& source = *static_cast<RejectSource*>(duckdb_function_get_extra_info(info));
  const auto done = static_cast<RejectRows*>(duckdb_function_get_init_data(info))->fill(chunk);
  if (done) return;
  source.pass.failure = done.error();
  duckdb_function_set_error(info, done.error().text.c_str());
}

}  // namespace

Outcome<void> register_reject_scan(duckdb_connection connection, RejectSource& source) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "runink_rejects");
  duckdb_table_function_set_extra_info(function, &source, nullptr);
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, init);
  duckdb_table_function_set_function(function, fill);
  const auto done = duckdb_register_table_function(connection, function);
  duckdb_destroy_table_function(&function);
  if (done == DuckDBSuccess) return {};
  return give_up(SliceReason::internal, "DuckDB refuses the function runink_rejects");
}

}  // namespace runink::steps
