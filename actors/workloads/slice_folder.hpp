// The folder of one slice, <data>/slices/<run>.<step>.<partition>.<attempt>: made before its launch,
// emptied into the artifact store after its end, removed when its attempt is resolved. Everything
// here blocks: disk threads only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/services.hpp"
#include "isolation/exit_report.hpp"
#include "isolation/sandbox_spec.hpp"
#include "state/assignments.hpp"
#include "state/commands.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/report.hpp"

namespace runink::actors {

/// The name of a slice on its node, in the spawner and as the owner of pins.
isolation::SliceId slice_id_of(const AttemptKey& attempt);
std::string slice_path(const Services& services, const isolation::SliceId& slice);

/// Mounts runink-step and its library into `spec`.
void add_step_tools(const Services& services, isolation::SandboxSpec& spec);

/// Whether the step reads files of its bundle.
bool reads_bundle(const pipeline::Step& step);

/// What a launch needs.
struct PreparedSlice {
  isolation::SandboxSpec spec;
  OwnedFd log;
  OwnedFd report;
};

/// Takes a new folder and fills it with links to the inputs. It remembers `incarnation`, the spawner
/// that will be asked. `key` is the herd's, for a step that masks with it; else empty.
Result<PreparedSlice> prepare_slice(const Services& services, const state::Assignment& assignment,
                                    std::uint64_t incarnation, std::string_view key);

/// The spawner that was, or would have been, asked to launch this slice; nothing when the folder
/// does not say.
std::optional<std::uint64_t> asked_spawner(const Services& services,
                                           const isolation::SliceId& slice);

/// What a slice left behind.
struct CollectedSlice {
  SliceReport report;
  Digest log;  ///< empty = it wrote nothing
  std::vector<state::Output> outputs;
  std::vector<state::QualityCount> quality;  ///< of a validate step: one for each rule
  /// Why the outputs cannot be taken; `none` when they were, or when it failed anyway.
  SliceReason bad = SliceReason::none;
};

/// Takes the log and, when the slice `succeeded`, its outputs into the artifact store, pinned by
/// the slice. May be repeated after a crash or without room: the folder stays as it is, but for
/// scratch and for outputs that nobody can use, which go at once. Why outputs cannot be taken stands at
/// the end of the log; when that cannot be kept, the node's log says so.
/// With `log_dropped` bytes that the log had no room for the log says so.
Result<CollectedSlice> collect_slice(const Services& services, const state::Assignment& assignment,
                                     bool succeeded, Bytes log_dropped);

/// Removes the folder and the pins. The attempt is resolved: nobody needs them any more.
void discard_slice(const Services& services, const isolation::SliceId& slice);

/// The report so far, for progress: the file from `from` on, at most one report line's worth.
Result<std::string> read_report(const Services& services, const isolation::SliceId& slice,
                                std::uint64_t from);

}  // namespace runink::actors
