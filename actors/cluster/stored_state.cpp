#include "actors/cluster/stored_state.hpp"

#include <string>
#include <utility>
#include <vector>

#include "state/rows.hpp"

namespace runink::actors {

Result<state::ClusterState> stored_state(const storage::StateStore& store) {
  std::vector<state::Row> rows;
  for (const state::Table table : state::live_tables()) {
    std::string from;
    for (;;) {
      constexpr std::size_t at_once = 1000;
      auto part = store.scan(static_cast<std::uint8_t>(table), "", at_once, from);
      if (!part) return std::unexpected(part.error());
      for (storage::StoredRow& row : *part) {
        from = row.key + '\0';
        rows.push_back({table, std::move(row.key), std::move(row.value)});
      }
      if (part->size() < at_once) break;
    }
  }
  auto cluster = state::load(rows);
  if (!cluster) return cluster;
  if (cluster->applied != store.applied() || cluster->hash != store.hash_at_applied())
    return fail(FaultKind::corrupt,
                "state.db does not agree with itself: its rows and its applied index are of "
                "different moments. Move the folder 'state' away and start again: it is made anew "
                "from the newest snapshot and the log.");
  return cluster;
}

}  // namespace runink::actors
