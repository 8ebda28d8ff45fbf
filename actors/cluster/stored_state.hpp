// The replicated state as state.db holds it.
#pragma once

#include "state/cluster_state.hpp"
#include "storage/state_store.hpp"
#include "vocabulary/fault.hpp"

namespace runink::actors {

/// All live tables; `corrupt` when they are not of one moment. Blocks.
Result<state::ClusterState> stored_state(const storage::StateStore& store);

}  // namespace runink::actors
