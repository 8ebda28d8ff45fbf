// A folder of outside data: raft/interaction, raft/confchange, raft/quorum, and linearizability
// with jepsen, kv and verdicts.txt. Any part may be absent.
#pragma once

#include <filesystem>
#include <functional>

#include "runner/report.hpp"
#include "vocabulary/fault.hpp"

namespace runink::conformance {

/// Runs every file of the folder, in the order of their names, and gives each report to `report` as
/// soon as it is there. `no_such_thing`: the folder has no such part, or no file in them. What is
/// damaged or too large is a report that failed.
Result<void> run_folder(const std::filesystem::path& folder,
                        const std::function<void(const FileReport&)>& report);

}  // namespace runink::conformance
