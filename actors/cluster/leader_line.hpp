// What a worker speaks to on a node of several: whoever leads, its words reach the leader's state.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <caf/all.hpp>

#include "actors/services.hpp"

namespace runink::actors {

class PeerLinks;

/// Spawns it. It takes what the state_actor takes of a worker, a slice and a publisher (Submit, OpenStream,
/// RenewLease, Progress) and answers as that would: `state` when this node leads, else the leader's over
/// `links`, on `io`. A renewal is refused when the stream of work does not come from whoever leads now:
/// then the worker joins again.
caf::actor spawn_leader_line(caf::actor_system& system, Services& services, caf::actor state,
                             PeerLinks& links, boost::asio::any_io_executor io);

}  // namespace runink::actors
