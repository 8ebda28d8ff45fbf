// What is wrong in the cluster file, and where.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace runink::config {

/// One mistake at one place. Lines and columns count from 1, columns in characters; 0 = the file.
struct Mistake {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;  ///< characters to underline
  std::string what;          ///< what is wrong, and what would be right
  friend bool operator==(const Mistake&, const Mistake&) = default;
};

/// Every mistake of one file, in the order of its text.
struct Mistakes {
  std::string path;
  std::string text;
  std::vector<Mistake> list;
};

/// For a person: "path:line:column: error: what", the line, and a caret under the place, each.
std::string to_text(const Mistakes& mistakes);

}  // namespace runink::config
