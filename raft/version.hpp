// Which version a group speaks, as its log and its snapshots say it.
#pragma once

#include <optional>

#include "raft/types.hpp"
#include "vocabulary/fault.hpp"

namespace runink::raft {

/// What a set_version entry holds; `corrupt` when it cannot be read or is 0.
Result<Version> version_in(const Entry& entry);

/// Why a program that speaks `ours` cannot take part in a group that speaks `version`, and what to do;
/// nothing when it can.
std::optional<Fault> not_spoken(Version version, VersionRange ours);

}  // namespace runink::raft
