// actors/: the only room that knows all the others. CAF and Asio live here, and nowhere else. Read
// in this order:
//
//   services.hpp    what every actor may use
//   messages.hpp    what the actors say to each other
//   coroutines/     stories with waits, inside CAF actors
//   cluster/        raft_actor carries the Raft driver; state_actor gives entries their meaning, is
//                   the only proposer and feeds the node streams; leader_actors, node_sessions,
//                   projection, looks are its parts; leader_line is what workers speak to on a node of
//                   several, far_nodes the leader's end of it; membership, tell_members: who is in it;
//                   snapshot_port, snapshot_keeper, snapshot_exchange: snapshots; disk_gauge
//   workloads/      scheduler_actor, herd_actor, run_actor on the leader; worker_actor, slice_actor,
//                   publisher_actor, analyst_actor on every node; slice_folder and publish do their
//                   disk work; artifact_exchange moves artifacts between nodes
//   links/          the line to the spawner; peer_links to the other nodes: frames, hello, TLS streams, the
//                   Raft lane (raft_lane), who calls (peer_answerer, strangers), questions (asker,
//                   ask_server)
//   doors/          the admin socket, /metrics, the log
//   service/        what the admin door's verbs do; forwarding brings requests to the leader
//   node.hpp        builds it all from a cluster file, over node_stores; recover is for a lost majority
//   health, metrics what a node says of itself to those who watch it
//
// Who may come in: tools/. Promised: no handler blocks a CAF worker or the Asio thread (disk work is
// the disk threads'); every wait has a deadline or ends with what it waits for; every actor is made
// again from state after a restart, so none of them keeps what the log does not have.
#pragma once

#include "actors/messages.hpp"
#include "actors/node.hpp"
#include "actors/services.hpp"
