// A SqlReader that knows no SQL: it was told which words are tables and which words are faults.
#pragma once

#include <cctype>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/sql_reader.hpp"

namespace runink::pipeline::test {

struct PreparedReader final : SqlReader {
  std::vector<std::string> tables;                          ///< whole words
  std::vector<std::pair<std::string, std::string>> faults;  ///< the word, and what is wrong with it
  /// What a text that is named in full makes of its columns.
  std::map<std::string, std::vector<SqlColumn>> makes;
  std::size_t asked = 0;

  Result<std::vector<SqlReading>> read(const std::vector<SqlQuestion>& questions) override {
    asked += questions.size();
    std::vector<SqlReading> readings;
    for (const SqlQuestion& question : questions) {
      SqlReading& reading = readings.emplace_back();
      if (const auto at = makes.find(question.text); at != makes.end()) reading.makes = at->second;
      for (const std::string& table : tables)
        for (const std::size_t at : places(question.text, table))
          reading.tables.push_back({table, static_cast<std::uint32_t>(at)});
      for (const auto& [word, what] : faults)
        for (const std::size_t at : places(question.text, word))
          reading.faults.push_back(
              {what, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(word.size())});
    }
    return readings;
  }

 private:
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }
  static std::vector<std::size_t> places(const std::string& text, const std::string& word) {
    std::vector<std::size_t> found;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      const std::size_t end = at + word.size();
      if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end])))
        found.push_back(at);
    }
    return found;
  }
};

}  // namespace runink::pipeline::test
