// scheduler/: where each partition that is ready goes, and why. Pure: functions from a view and a
// moment to decisions, with integer scores, the same on every machine. Read in this order:
//
//   view.hpp       what is looked at, and `view_of(ClusterState)`
//   decision.hpp   Place, Wait or GiveUp, with the verdict on every node and what would unblock
//   decide.hpp     `decide`
//
// Who may come in: actors/. Promised: what `decide` places on the newest state, `apply` accepts;
// the same view and moment give the same decisions with the same reasons, so that explain, replay
// and simulation derive them again.
#pragma once

#include "scheduler/decide.hpp"
#include "scheduler/decision.hpp"
#include "scheduler/view.hpp"
