#include "tools/runi/table.hpp"

#include <algorithm>

#include "tools/runi/texts.hpp"

namespace runink::runi {

Table::Table(std::vector<std::string> columns) : head_(std::move(columns)) {
  for (std::string& name : head_) {
    to_the_right_.push_back(name.ends_with('>'));
    if (to_the_right_.back()) name.pop_back();
  }
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(head_.size());
  for (std::string& one : cells) one = printable(one);
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::size_t width) const {
  std::vector<std::size_t> widths;
  for (const std::string& name : head_) widths.push_back(width_of(name));
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  std::string all;
  auto write = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      line += to_the_right_[i] ? pad_left(row[i], widths[i]) : pad_right(row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    all += (width > 0 ? cut(line, width) : line) + "\n";
  };
  write(head_);
  for (const auto& row : rows_) write(row);
  return all;
}

}  // namespace runink::runi
