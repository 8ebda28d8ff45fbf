// What a bench prints: one row a case, the product beside its floor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runink::bench {

/// Options of every bench: `-n ROUNDS`, `-o table|json`, `-f FOLDER` (where data lies), `-r US` (the rest
/// between two deeds that are measured), `-m MODE` (of those that have several), `-t MS` (how long one measurement
/// takes that is bounded by time).
struct Options {
  int rounds = 0;
  bool rounds_given = false;
  std::string mode = "one";
  int time_ms = 2'000;
  int rest_us = 10'000;
  bool json = false;
  std::string folder;
};
/// Ends the program with 2 when the words are wrong.
Options read_options(int argc, char** argv, int rounds_by_default);

/// Ends the program with 1 and a sentence.
[[noreturn]] void give_up(const std::string& sentence);

struct Row {
  std::string name;
  std::vector<std::int64_t> ns;        ///< of the product, one a round
  std::vector<std::int64_t> floor_ns;  ///< empty when there is none
  /// Further columns with their values, in the order of printing; names carry their unit.
  std::vector<std::pair<std::string, double>> more;
};

/// The value below which `permille` of all lie; `ns` is not empty.
std::int64_t permille_of(std::vector<std::int64_t> ns, int permille);

/// To stdout. `notes` say what was measured from where to where.
void print(const std::string& bench, const Options& options, const std::vector<Row>& rows,
           const std::vector<std::string>& notes);

}  // namespace runink::bench
