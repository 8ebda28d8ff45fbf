// A table of plain text: a head, rows, columns as wide as their widest cell.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace runink::runi {

class Table {
 public:
  /// A name that ends in ">" makes a column that is aligned to the right; the mark is not shown.
  explicit Table(std::vector<std::string> columns);
  /// As many cells as columns; missing ones are empty.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  /// Lines without spaces at their ends, each ended by "\n". With a `width` (0 = none) longer lines
  /// are cut: the last column gives way.
  std::string text(std::size_t width = 0) const;

 private:
  std::vector<std::string> head_;
  std::vector<bool> to_the_right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace runink::runi
