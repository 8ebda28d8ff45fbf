// When the majority of a cluster is lost for good: one node goes on alone, by hand. Offline, on the data
// folder of a node that is stopped. What only the others had is gone.
#pragma once

#include <string>

#include "config/cluster_file.hpp"
#include "state/commands.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::storage {
class DataFolder;
}

namespace runink::actors {

struct RecoverOptions {
  config::ClusterFile config;
  bool perform = false;  ///< else nothing of the log is changed, and it is only said what would be
  state::Caller caller;  ///< who asked, for the log
  WallTime now;
};

/// What the node has, what may be lost, and what was done or would be: whole lines for the operator. When
/// it is performed, the log ends with a configuration of this node alone and a ClusterRecovered, synced;
/// at its next start the node leads. Faults: `no_such_thing` without a data folder, `conflict` while a
/// daemon uses it, `refused` when this node was no member, or is the only one already.
Result<std::string> recover_alone(RecoverOptions options);

/// The same in a data folder that is open, with the rights that this process has.
Result<std::string> recover_in(const storage::DataFolder& folder, RecoverOptions options);

}  // namespace runink::actors
