// raft_actor: carries the Raft driver. It moves entries and does not know what they mean.
#pragma once

#include <caf/all.hpp>

#include "actors/services.hpp"
#include "raft/config.hpp"
#include "raft/ports.hpp"

namespace runink::actors {

class PeerLinks;

/// Spawns it. `applier` (the state_actor) gets RoleChanged, ProposalDone, ReadDone and
/// EntriesCommitted; `applied` is the last index that it holds. It takes ProposeEntries, AskRead,
/// AskRaft, AppliedUpTo, from the log writer's thread WritePersisted, and from `links` what the others
/// say. The sole voter of a group leads when this returns to it, and needs no links.
caf::actor spawn_raft(caf::actor_system& system, Services& services, raft::Config config,
                      raft::Recovered recovered, LogIndex applied, caf::actor applier,
                      PeerLinks* links = nullptr);

}  // namespace runink::actors
