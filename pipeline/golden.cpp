#include "pipeline/golden.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "vocabulary/limits.hpp"
#include "vocabulary/text.hpp"

namespace runink::pipeline {
namespace {

constexpr std::size_t shown_cell_bytes = 60;
/// Of one row, and of one list of columns: a golden file may have thousands.
constexpr std::size_t shown_columns = 40;
/// Cells that are compared in search of pairs; beyond, rows stay missing and unexpected.
constexpr std::size_t pairing_effort = 4'000'000;

/// One field after the other.
class CsvWalk {
 public:
  explicit CsvWalk(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
  }

  bool ended() const { return at_ >= text_.size(); }
  std::size_t line() const { return line_; }

  /// The record at hand; an error without its line.
  std::expected<std::vector<Cell>, std::string> record() {
    std::vector<Cell> cells;
    while (true) {
      auto cell = field();
      if (!cell) return std::unexpected(cell.error());
      cells.push_back(std::move(*cell));
      if (ended()) return cells;
      const char c = text_[at_];
      if (c == ',') {
        ++at_;
        continue;
      }
      if (c == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
      ++at_;
      ++line_;
      return cells;
    }
  }

 private:
  bool at_end_of_field() const {
    if (ended() || text_[at_] == ',' || text_[at_] == '\n') return true;
    return text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
  }

  std::expected<Cell, std::string> field() {
    if (ended() || text_[at_] != '"') {
      const std::size_t from = at_;
      while (!at_end_of_field()) {
        if (text_[at_] == '"')
          return std::unexpected("a quote stands within a field without quotes");
        ++at_;
      }
      if (at_ == from) return Cell{};
      return Cell{std::string(text_.substr(from, at_ - from))};
    }
    std::string value;
    for (++at_; !ended(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') {
        value += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        value += '"';
        ++at_;
      } else {
        ++at_;
        if (!at_end_of_field()) return std::unexpected("something stands behind a closing quote");
        return Cell{std::move(value)};
      }
    }
    return std::unexpected("a quote is never closed");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

std::optional<std::size_t> column_place(const TextTable& table, const std::string& column) {
  const auto at = std::ranges::find(table.columns, column);
  if (at == table.columns.end()) return {};
  return static_cast<std::size_t>(at - table.columns.begin());
}

std::string csv_field(const Cell& cell) {
  if (!cell) return "";
  if (!cell->empty() && cell->find_first_of(",\"\r\n") == std::string::npos) return *cell;
  std::string quoted = "\"";
  for (const char c : *cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

void add_csv_line(std::string& to, const std::vector<std::string>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) to += (i > 0 ? "," : "") + fields[i];
  to += '\n';
}

std::string shown_cell(const Cell& cell) {
  if (!cell) return "NULL";
  if (cell->empty()) return "''";
  return printable(*cell, shown_cell_bytes);
}

/// "... and 7 more columns", when there are more than are shown.
std::string more_columns(std::size_t all) {
  if (all <= shown_columns) return {};
  return "... and " + std::to_string(all - shown_columns) +
         (all == shown_columns + 1 ? " more column" : " more columns");
}

/// The cells of `row` at `columns`, with the names.
std::string shown_cells(const TextTable& table, std::size_t row,
                        const std::vector<std::size_t>& columns) {
  std::string all;
  for (std::size_t i = 0; i < std::min(columns.size(), shown_columns); ++i)
    all += (i > 0 ? ", " : "") + printable(table.columns[columns[i]], shown_cell_bytes) + "=" +
           shown_cell(table.rows[row][columns[i]]);
  const std::string more = more_columns(columns.size());
  return all + (more.empty() ? "" : ", " + more);
}

std::string shown_row(const TextTable& table, std::size_t row) {
  std::vector<std::size_t> columns(table.columns.size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  return shown_cells(table, row, columns);
}

std::string columns_text(const std::vector<std::string>& names, const std::string& before,
                         const std::string& after) {
  std::string all;
  for (std::size_t i = 0; i < std::min(names.size(), shown_columns); ++i)
    all += before + printable(names[i], shown_cell_bytes) + after;
  const std::string more = more_columns(names.size());
  return all + (more.empty() ? "" : "  " + more + "\n");
}

/// The rows of `table` sorted, by their places.
std::vector<std::size_t> sorted_rows(const TextTable& table) {
  std::vector<std::size_t> order(table.rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return table.rows[a] < table.rows[b]; });
  return order;
}

/// What is left of both when equal rows are taken away, each in the order of its table.
struct LeftOver {
  std::vector<std::size_t> expected;
  std::vector<std::size_t> got;
};
LeftOver left_over(const TextTable& expected, const TextTable& got) {
  const auto left = sorted_rows(expected);
  const auto right = sorted_rows(got);
  LeftOver over;
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < left.size() || k < right.size()) {
    if (k == right.size()) {
      over.expected.push_back(left[i++]);
    } else if (i == left.size()) {
      over.got.push_back(right[k++]);
    } else if (expected.rows[left[i]] < got.rows[right[k]]) {
      over.expected.push_back(left[i++]);
    } else if (got.rows[right[k]] < expected.rows[left[i]]) {
      over.got.push_back(right[k++]);
    } else {
      ++i;
      ++k;
    }
  }
  std::ranges::sort(over.expected);
  std::ranges::sort(over.got);
  return over;
}

std::size_t equal_cells(const std::vector<Cell>& a, const std::vector<Cell>& b) {
  std::size_t equal = 0;
  for (std::size_t c = 0; c < a.size(); ++c) equal += a[c] == b[c] ? 1 : 0;
  return equal;
}

std::vector<RowDifference> paired_rows(const TextTable& expected, const TextTable& got,
                                       LeftOver over) {
  std::vector<RowDifference> all;
  const std::size_t columns = expected.columns.size();
  const bool pairing =
      over.expected.empty() || over.got.size() * columns <= pairing_effort / over.expected.size();
  for (const std::size_t row : over.expected) {
    std::size_t best = 0;
    std::size_t most = 0;
    for (std::size_t k = 0; pairing && k < over.got.size(); ++k) {
      const std::size_t equal = equal_cells(expected.rows[row], got.rows[over.got[k]]);
      if (equal > most) {
        most = equal;
        best = k;
      }
    }
    if (most > 0 && most * 2 >= columns) {
      all.push_back({RowChange::different, row, over.got[best]});
      over.got.erase(over.got.begin() + static_cast<std::ptrdiff_t>(best));
    } else {
      all.push_back({RowChange::missing, row, 0});
    }
  }
  for (const std::size_t row : over.got) all.push_back({RowChange::unexpected, 0, row});
  return all;
}

std::string different_text(const TextTable& expected, const TextTable& got,
                           const RowDifference& one) {
  std::vector<std::size_t> same;
  std::vector<std::size_t> other;
  for (std::size_t c = 0; c < expected.columns.size(); ++c)
    (expected.rows[one.expected][c] == got.rows[one.got][c] ? same : other).push_back(c);
  std::string all = "~ row " + std::to_string(one.expected + 1) +
                    " is different: " + shown_cells(expected, one.expected, same) + "\n";
  for (std::size_t i = 0; i < std::min(other.size(), shown_columns); ++i)
    all += "      " + printable(expected.columns[other[i]], shown_cell_bytes) + ": expected " +
           shown_cell(expected.rows[one.expected][other[i]]) + ", got " +
           shown_cell(got.rows[one.got][other[i]]) + "\n";
  const std::string more = more_columns(other.size());
  return all + (more.empty() ? "" : "      " + more + "\n");
}

}  // namespace

std::expected<TextTable, std::string> read_csv(std::string_view text) {
  if (!is_utf8(text)) return std::unexpected("it is not UTF-8");
  CsvWalk walk{text};
  TextTable table;
  if (walk.ended()) return std::unexpected("it is empty: a header is missing");
  while (!walk.ended()) {
    const std::size_t line = walk.line();
    auto cells = walk.record();
    const std::string where = "line " + std::to_string(line) + ": ";
    if (!cells) return std::unexpected(where + cells.error());
    if (table.columns.empty()) {
      if (cells->size() > limits::contract_rules)
        return std::unexpected(where + "there are more than " +
                               std::to_string(limits::contract_rules) + " columns");
      for (const Cell& name : *cells) {
        if (!name || name->empty()) return std::unexpected(where + "a column has no name");
        if (column_place(table, *name))
          return std::unexpected(where + "the column `" + printable(*name, 80) +
                                 "` is there twice");
        table.columns.push_back(*name);
      }
      continue;
    }
    if (cells->size() != table.columns.size())
      return std::unexpected(where + "it has " + std::to_string(cells->size()) +
                             (cells->size() == 1 ? " field" : " fields") + ", and the header " +
                             std::to_string(table.columns.size()));
    table.rows.push_back(std::move(*cells));
  }
  return table;
}

std::string write_csv(const TextTable& table) {
  std::string all;
  std::vector<std::string> fields;
  for (const std::string& name : table.columns) fields.push_back(csv_field(name));
  add_csv_line(all, fields);
  for (const auto& row : table.rows) {
    fields.clear();
    for (const Cell& cell : row) fields.push_back(csv_field(cell));
    add_csv_line(all, fields);
  }
  return all;
}

std::expected<TextTable, std::string> only_columns(const TextTable& table,
                                                   const std::vector<std::string>& columns) {
  TextTable chosen;
  std::vector<std::size_t> places;
  for (const std::string& name : columns) {
    const auto place = column_place(table, name);
    if (!place) return std::unexpected(name);
    places.push_back(*place);
  }
  chosen.columns = columns;
  for (const auto& row : table.rows) {
    auto& cells = chosen.rows.emplace_back();
    for (const std::size_t place : places) cells.push_back(row[place]);
  }
  return chosen;
}

std::size_t Differences::count(RowChange change) const {
  return static_cast<std::size_t>(std::ranges::count(rows, change, &RowDifference::change));
}

Differences differences_of(const TextTable& expected, const TextTable& got, bool ordered) {
  Differences found;
  for (const std::string& name : expected.columns)
    if (!column_place(got, name)) found.missing_columns.push_back(name);
  for (const std::string& name : got.columns)
    if (!column_place(expected, name)) found.unexpected_columns.push_back(name);
  if (!found.none()) return found;
  const auto aligned = only_columns(got, expected.columns);
  if (!aligned) return found;  // cannot be: every column was found above
  found.rows = paired_rows(expected, *aligned, left_over(expected, *aligned));
  if (!ordered || !found.rows.empty()) return found;
  for (std::size_t row = 0; row < expected.rows.size() && !found.order; ++row)
    if (expected.rows[row] != aligned->rows[row]) found.order = row;
  return found;
}

std::string text_of(const Differences& differences, const TextTable& expected, const TextTable& got,
                    std::size_t most) {
  std::string all = columns_text(differences.missing_columns, "- column ", " is missing\n") +
                    columns_text(differences.unexpected_columns, "+ column ", " is not expected\n");
  if (!all.empty()) return all;
  const auto aligned = only_columns(got, expected.columns);
  if (!aligned) return all;
  if (differences.order)
    return "~ the rows are the expected ones in another order; the first is row " +
           std::to_string(*differences.order + 1) + "\n      expected " +
           shown_row(expected, *differences.order) + "\n      got      " +
           shown_row(*aligned, *differences.order) + "\n";
  const std::size_t shown_rows = std::min(most, differences.rows.size());
  for (std::size_t i = 0; i < shown_rows; ++i) {
    const RowDifference& one = differences.rows[i];
    if (one.change == RowChange::different)
      all += different_text(expected, *aligned, one);
    else if (one.change == RowChange::missing)
      all += "- row " + std::to_string(one.expected + 1) +
             " is missing: " + shown_row(expected, one.expected) + "\n";
    else
      all += "+ not expected: " + shown_row(*aligned, one.got) + "\n";
  }
  if (shown_rows < differences.rows.size())
    all += "  ... and " + std::to_string(differences.rows.size() - shown_rows) + " more\n";
  return all;
}

}  // namespace runink::pipeline
