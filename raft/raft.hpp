// raft/: how a few nodes agree on one log. Floor 1, pure: may include vocabulary/ only; storage/
// and actors/ may come in. It moves bytes and does not know what they mean. Read in this order:
//
//   types.hpp              entries, hard state, messages: the formats on disk and wire
//   quorum.hpp             who is a majority, joint too
//   membership.hpp         configurations and the algebra of changing them
//   configuration_history.hpp  those that may be in force
//   snapshot.hpp           what Raft must know of a snapshot
//   version.hpp            what may be said in a group
//   config.hpp             what a core is told at its start
//   inputs.hpp             everything that can happen
//   effects.hpp            everything a step asks for; nothing leaves before what it rests on is
//                          durable
//   log.hpp                the log in memory: what of it is written, durable, committed, handed out
//   read_rounds.hpp        who waits for which proof that the leader still leads
//   follower_progress.hpp  what a leader knows of one follower
//   core.hpp               step(Input) -> Effects; sources: core, core_election, core_replication,
//                          core_reads, core_transfer, core_membership, core_snapshot,
//                          core_version
//   ports.hpp              what the outside must offer
//   driver.hpp             carries effects out, in simulation and in production
//   invariants.hpp         what must hold after every step, as sentences
//
// Promised: the five properties of figure 3 of the Raft paper, whatever the network loses, doubles
// and reorders and whatever unsynced data a crash takes; progress while a majority can talk.
#pragma once

#include "raft/config.hpp"
#include "raft/core.hpp"
#include "raft/driver.hpp"
#include "raft/effects.hpp"
#include "raft/inputs.hpp"
#include "raft/invariants.hpp"
#include "raft/membership.hpp"
#include "raft/ports.hpp"
#include "raft/quorum.hpp"
#include "raft/snapshot.hpp"
#include "raft/types.hpp"
#include "raft/version.hpp"
