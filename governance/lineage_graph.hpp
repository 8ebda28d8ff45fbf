// Which dataset came from which. The graph is derived from committed entries and holds no more than
// they say.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace runink::governance {

/// One step on the way from a dataset: `distance` 1 = read directly.
struct Relative {
  std::string dataset;
  std::uint32_t distance = 0;
  friend bool operator==(const Relative&, const Relative&) = default;
};

/// Nodes are any unique names: `to_string(DatasetAddress)`, "lake:/trades/a.csv", a dataset alone.
class LineageGraph {
 public:
  /// `made` was made out of `read`. The same edge again changes nothing.
  void add(const std::string& read, const std::string& made);

  /// All that `dataset` was made from, nearest first, then by name; each once, itself never.
  std::vector<Relative> upstream(const std::string& dataset) const;
  /// All that was made from `dataset`, in the same order.
  std::vector<Relative> downstream(const std::string& dataset) const;
  /// What `dataset` was made from directly, by name.
  std::vector<std::string> parents(const std::string& dataset) const;

 private:
  using Edges = std::map<std::string, std::set<std::string>>;
  static std::vector<Relative> walk(const Edges& edges, const std::string& from);
  Edges parents_;
  Edges children_;
};

}  // namespace runink::governance
