// Where the statements of a SQL text lie. Only lexical: quotes, dollar quotes and comments are
// known (as in PostgreSQL's lexer, which DuckDB uses), grammar is not.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace runink::steps {

struct StatementPlace {
  std::size_t begin = 0;  ///< first byte that is neither blank nor comment
  std::size_t end = 0;    ///< the semicolon after it, or the end of the text
};

/// Every statement that is not empty.
std::vector<StatementPlace> statements_of(std::string_view sql);

}  // namespace runink::steps
