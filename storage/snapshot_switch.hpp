// How a snapshot becomes state.db. One file is written, at once and as a whole: from then on the
// snapshot is meant to be state.db, and what has to be done for it is done again after every crash
// until it is done. A part of SnapshotStore.
#pragma once

#include <string>

#include "vocabulary/fault.hpp"

namespace runink::storage {

/// Within the folder of snapshots: names the one that becomes state.db.
inline constexpr const char* installing_name = "installing";

/// The switch: durable when this returns. `snapshot` is the name of its folder in `snapshots`.
Result<void> begin_switch(int snapshots, const std::string& snapshot);

/// Does what a switch demands, if there is one, in `state`, the folder of state.db; then removes what
/// is left of an older state.db. Nobody may have it open.
Result<void> finish_switch(int snapshots, int state);

}  // namespace runink::storage
