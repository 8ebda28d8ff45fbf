// Lineage of datasets: what a version was made from, out of committed entries and nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "state/catalog.hpp"
#include "vocabulary/fault.hpp"

namespace runink::state {

struct Lineage {
  /// Every version upstream, the asked ones too, sorted by key.
  std::vector<DatasetVersion> versions;
  /// from -> to: `to` was made by reading `from`; sorted.
  std::vector<std::pair<VersionKey, VersionKey>> edges;
  /// Named by an edge, but neither in live state nor in history.
  std::vector<VersionKey> missing;
  /// More lay upstream than was asked for.
  bool cut = false;
};

/// Finds a version in live state (`ClusterState::version`) or in history (`history_datasets`).
using FindVersion = std::function<std::optional<DatasetVersion>(const VersionKey&)>;

/// The upstream closure of `roots` (one dataset version, or the inputs of a sink's target), at
/// most `most` versions.
Lineage lineage_of(const std::vector<VersionKey>& roots, const FindVersion& find,
                   std::size_t most = 10'000);

}  // namespace runink::state
