// Named moments at which a test may kill the daemon, to prove that no moment is special. A point
// costs one relaxed load when nobody asked for it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "vocabulary/fault.hpp"

namespace runink {

enum class FaultPoint : std::uint8_t {
  bundle_stored,       ///< the bundle is an artifact, its entry is not proposed
  before_log_sync,     ///< entries are handed to the log writer, not durable
  after_log_sync,      ///< entries are durable, nobody was told
  before_apply,        ///< entries are committed, not applied
  after_apply,         ///< applied in memory, rows not written
  after_state_write,   ///< rows written, nobody was told
  before_launch,       ///< the slice's folder exists, the spawner was not asked
  after_launch,        ///< the slice runs, the daemon has not taken note
  slice_exited,        ///< the exit report arrived, outputs are not taken
  outputs_hashed,      ///< outputs are synced and hashed, not in the store
  outputs_stored,      ///< outputs are artifacts, the commit is not proposed
  commit_proposed,     ///< the partition commit is on its way
  commit_applied,      ///< the commit is applied, the spawner has not heard
  before_sink_rename,  ///< the sink's file lies beside its target
  after_sink_rename,   ///< the target is replaced, its publication is not proposed
  sink_published,      ///< the publication is applied, its leftovers are not removed
};

/// Every point with its stable name, in order; tests iterate over it.
inline constexpr std::array<std::pair<FaultPoint, std::string_view>, 16> fault_points{{
    {FaultPoint::bundle_stored, "bundle_stored"},
    {FaultPoint::before_log_sync, "before_log_sync"},
    {FaultPoint::after_log_sync, "after_log_sync"},
    {FaultPoint::before_apply, "before_apply"},
    {FaultPoint::after_apply, "after_apply"},
    {FaultPoint::after_state_write, "after_state_write"},
    {FaultPoint::before_launch, "before_launch"},
    {FaultPoint::after_launch, "after_launch"},
    {FaultPoint::slice_exited, "slice_exited"},
    {FaultPoint::outputs_hashed, "outputs_hashed"},
    {FaultPoint::outputs_stored, "outputs_stored"},
    {FaultPoint::commit_proposed, "commit_proposed"},
    {FaultPoint::commit_applied, "commit_applied"},
    {FaultPoint::before_sink_rename, "before_sink_rename"},
    {FaultPoint::after_sink_rename, "after_sink_rename"},
    {FaultPoint::sink_published, "sink_published"},
}};

/// Arms one point: "name" or "name:n" kills this process with SIGKILL when it is reached for the
/// n-th time (first by default). An unknown name is `bad_input` and lists the known ones.
Result<void> arm_fault_point(std::string_view spec);

/// Marks the moment. Kills the process if the point is armed and its count is reached.
void at(FaultPoint point);

}  // namespace runink
