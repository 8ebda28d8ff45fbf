// actors/doors/: where people and machines outside of the cluster come in. Read in this order:
//
//   log.hpp            what the daemon says about itself: JSON lines with typed ids
//   admin_handler.hpp  what stands behind the admin door: a request in, events and one answer out
//   admin_door.hpp     the unix socket: who may come in, lines, limits, cancellation
//   peer_account.hpp   who is at the other end of a unix socket
//   metrics_door.hpp   /metrics on loopback
//
// docs/PROTOCOL.md is the contract of the admin door. Promised: nobody is served whom the kernel
// does not vouch for; every line, queue and count is bounded; a caller who goes away takes his
// request with him; no value of a row is ever logged.
#pragma once

#include "actors/doors/admin_door.hpp"
#include "actors/doors/admin_handler.hpp"
#include "actors/doors/log.hpp"
#include "actors/doors/metrics_door.hpp"
#include "actors/doors/peer_account.hpp"
