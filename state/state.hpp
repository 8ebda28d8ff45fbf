// state/: the replicated state machine. Pure: no clock, disk, socket, thread, chance or floating
// point. Raft brings it entries; it gives them meaning. Read in this order:
//
//   commands.hpp       every command of the log; kv_commands.hpp: transactions over keys
//   run.hpp            one run: stages, partitions, attempts
//   catalog.hpp        versions of datasets, targets of sinks
//   members.hpp        who belongs to the cluster (member_commands.hpp), and who does not any more
//   kv.hpp             keys and values of herds, what changed lately, which requests were answered
//   kv_sessions.hpp    clients that asked for a session, and what each was answered
//   cluster_state.hpp  the tables, and what live attempts use
//   refusal.hpp        why a command changes nothing
//   apply.hpp          one entry in; outcome, changed rows and events out
//   rows.hpp           the tables as rows on disk, and back; which artifacts they name
//   assignments.hpp    what each node has to run and to publish
//   quality.hpp        what the counts of a validate step mean for its stage
//   run_view.hpp       what people see of a run
//   lineage.hpp        what a dataset was made from
//   sources            apply.cpp, then apply_node, apply_herd, apply_submit, apply_placement,
//                      apply_commit, apply_contract, apply_end, apply_kv, apply_session,
//                      apply_member by theme;
//                      run_walk.cpp: what follows from a change;
//                      change.hpp: how all of them touch rows
//
// Who may come in: scheduler/ and actors/. Promised: the same entries give the same rows, events
// and hash on every machine and in every build; a bad command is refused, never a crash; slots and
// quotas are counted from live attempts, so they cannot leak; a partition has at most one commit.
#pragma once

#include "state/apply.hpp"
#include "state/assignments.hpp"
#include "state/catalog.hpp"
#include "state/cluster_state.hpp"
#include "state/commands.hpp"
#include "state/kv.hpp"
#include "state/kv_sessions.hpp"
#include "state/lineage.hpp"
#include "state/members.hpp"
#include "state/quality.hpp"
#include "state/refusal.hpp"
#include "state/rows.hpp"
#include "state/run.hpp"
#include "state/run_view.hpp"
