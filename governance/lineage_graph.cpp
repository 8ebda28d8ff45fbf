#include "governance/lineage_graph.hpp"

namespace runink::governance {

void LineageGraph::add(const std::string& read, const std::string& made) {
  parents_[made].insert(read);
  children_[read].insert(made);
}

std::vector<Relative> LineageGraph::walk(const Edges& edges, const std::string& from) {
  std::vector<Relative> found;
  std::set<std::string> seen = {from};
  std::set<std::string> now = {from};
  for (std::uint32_t distance = 1; !now.empty(); ++distance) {
    std::set<std::string> next;
    for (const std::string& one : now) {
      const auto at = edges.find(one);
      if (at == edges.end()) continue;
      for (const std::string& other : at->second)
        if (seen.insert(other).second) next.insert(other);
    }
    for (const std::string& one : next) found.push_back({one, distance});
    now = std::move(next);
  }
  return found;
}

std::vector<Relative> LineageGraph::upstream(const std::string& dataset) const {
  return walk(parents_, dataset);
}

std::vector<Relative> LineageGraph::downstream(const std::string& dataset) const {
  return walk(children_, dataset);
}

std::vector<std::string> LineageGraph::parents(const std::string& dataset) const {
  const auto at = parents_.find(dataset);
  if (at == parents_.end()) return {};
  return {at->second.begin(), at->second.end()};
}

}  // namespace runink::governance
