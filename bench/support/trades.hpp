// What bench_data_steps works on: generated trades, and the flights of the examples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/plan.hpp"

namespace runink::bench {

/// One case: the steps of Runink, and statements of plain DuckDB for the same.
struct Case {
  std::string name;
  std::uint64_t rows = 0;
  std::vector<pipeline::Step> steps;  ///< validate that masks, group
  std::vector<pipeline::Step> apart;  ///< validate, mask, group
  std::string one_query;              ///< read with types and group, nothing written
  std::string copy;                   ///< read with types, write Parquet
  std::string group;                  ///< on what `copy` wrote
  std::vector<std::string> by_hand;   ///< copy with rules and masks in SQL, then group
};

/// A CSV file of 12 columns; the same bytes for the same number of rows. One row in 10,000 breaks a rule.
void write_trades(const std::filesystem::path& file, std::uint64_t rows);
/// Files lie in root/in/trades, root/in/flights; plain DuckDB writes to root/plain.
Case trades_case(const std::filesystem::path& root, std::uint64_t rows);
Case flights_case(const std::filesystem::path& root);

}  // namespace runink::bench
