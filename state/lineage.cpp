#include "state/lineage.hpp"

#include <map>
#include <set>

namespace runink::state {

Lineage lineage_of(const std::vector<VersionKey>& roots, const FindVersion& find,
                   std::size_t most) {
  Lineage lineage;
  std::map<VersionKey, DatasetVersion> found;
  std::set<VersionKey> seen;
  std::set<VersionKey> missing;
  std::set<std::pair<VersionKey, VersionKey>> edges;
  std::vector<VersionKey> waiting(roots.rbegin(), roots.rend());
  while (!waiting.empty()) {
    const VersionKey key = std::move(waiting.back());
    waiting.pop_back();
    if (!seen.insert(key).second) continue;
    if (found.size() >= most) {
      lineage.cut = true;
      break;
    }
    std::optional<DatasetVersion> version = find(key);
    if (!version) {
      missing.insert(key);
      continue;
    }
    for (const VersionKey& input : version->inputs) {
      edges.emplace(input, key);
      waiting.push_back(input);
    }
    found.emplace(key, std::move(*version));
  }
  for (auto& [key, version] : found) lineage.versions.push_back(std::move(version));
  lineage.edges.assign(edges.begin(), edges.end());
  lineage.missing.assign(missing.begin(), missing.end());
  return lineage;
}

}  // namespace runink::state
