// The lives of the nodes of one cluster. A data folder holds what its node promised: votes, and entries that
// it has acknowledged. Whoever comes back with another folder, or with an older copy of the right one, has
// forgotten some of it, and two copies of one folder promise twice. So each node shows the others how its
// folder was used until now, and each remembers durably what it was shown.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "storage/data_folder.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/ids.hpp"

namespace runink::storage {

/// How a data folder was used until now.
struct Life {
  Identity folder;
  /// A random number for each start that was shown to another node, the newest last, at most
  /// `limits::starts_remembered`. A copy of the folder goes on with other numbers.
  std::vector<std::uint64_t> starts;
  friend bool operator==(const Life&, const Life&) = default;
  static auto fields(auto& self) { return std::tie(self.folder, self.starts); }
};

/// Begins a life that may be shown: one start more in the file `starts`, durably. A start that meets nobody
/// leaves no trace, so that a node that fails at each start does not run out of numbers. `corrupt` when the
/// file is damaged.
Result<Life> begin_life(const DataFolder& folder);

/// Who was met, in the folder `peers`: one file for each node, named as the node. One caller at a time.
class MetNodes {
 public:
  /// Reads what is known. `corrupt` names a damaged file.
  static Result<MetNodes> open(const DataFolder& folder);
  /// Whether `name` may be who it was; when this returns well, `life` is remembered durably. Faults say how to
  /// go on: `refused` for another folder, an older copy or a clone, `out_of_date` for a process that was
  /// replaced, those of a disk when it cannot be written down.
  Result<void> meet(const NodeName& name, const Life& life);
  /// It was met like this, and that is remembered durably: `meet` has nothing to do. Does not block.
  bool has_met(const NodeName& name, const Life& life) const;

 private:
  explicit MetNodes(const DataFolder& folder) : folder_(&folder) {}
  const DataFolder* folder_;  ///< lives longer
  std::map<NodeName, Life> met_;
};

}  // namespace runink::storage
