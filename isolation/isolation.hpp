// isolation/: a program of a stranger, run so that it sees and uses what it was given and nothing
// else. Floor 2; includes vocabulary/ only; used by actors/ and tools/. Read in this order:
//
//   sandbox_spec.hpp    what a slice may see and use
//   step.hpp, plan.hpp  the spec as a numbered, printable list of steps
//   exit_report.hpp     how a slice ended
//   protocol.hpp        the closed set of messages between daemon and spawner
//   spawner_config.hpp  the start-up file that bounds whatever the spawner is asked
//   spawner_client.hpp  the daemon's side: start, connect, send, receive
//   spawner.hpp         the spawner itself: one thread, one epoll loop; tools/runink-spawner
//     berth.hpp           a ready sandbox, used once; berth_inside.cpp is the code that runs in it
//     refill.hpp          when the next berth is made: a pure decision
//     lean_fork.hpp       what berths need not inherit from the spawner's memory
//     cgroup_limits.hpp   which file gets which value, v1 and v2: a pure decision
//     cgroup_tree.hpp     the groups themselves, through libcgroup
//     host_paths.hpp      mount sources, resolved beneath the allowed prefixes
//     mount_calls.hpp     the few mount calls that are needed
//     pipe_copy.hpp       a slice's log and report, from pipe to file, bounded
//     packet_socket.hpp   SOCK_SEQPACKET with descriptors and checked peers
//
// Promised: an exit report comes after the last process of the slice is gone and its pipes are
// drained; whatever dies first, no slice outlives its lease or its spawner.
#pragma once

#include "isolation/exit_report.hpp"
#include "isolation/protocol.hpp"
#include "isolation/sandbox_spec.hpp"
#include "isolation/spawner_client.hpp"
#include "isolation/spawner_config.hpp"
#include "isolation/step.hpp"
