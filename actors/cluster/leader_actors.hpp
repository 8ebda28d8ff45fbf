// The herd and run actors that live on the leader: made from state, fed with events, made again
// when one dies. Owned by the state_actor, on its thread.
#pragma once

#include <caf/all.hpp>
#include <map>
#include <vector>

#include "actors/messages.hpp"
#include "actors/services.hpp"
#include "state/cluster_state.hpp"

namespace runink::actors {

class LeaderActors {
 public:
  LeaderActors(caf::event_based_actor* owner, Services& services)
      : owner_(owner), services_(services) {}
  /// They end with their owner: a wait that one has with the clock would keep it, and the actor system, for as long.
  ~LeaderActors() { stop(); }
  LeaderActors(const LeaderActors&) = delete;
  LeaderActors& operator=(const LeaderActors&) = delete;

  /// Makes one actor for each herd and each live run of `cluster`.
  void start(const state::ClusterState& cluster);
  /// Ends all of them: this node does not lead any more.
  void stop();

  /// Tells the actors what became true, and makes those that are missing.
  void tell(const state::ClusterState& cluster, const std::vector<state::Event>& events);
  /// A herd was made, changed or removed.
  void herd_changed(const state::ClusterState& cluster, const HerdName& herd);
  void progress(const Progress& progress);

  /// The actor of a live run, or nothing.
  caf::actor run(const RunId& id) const;
  caf::actor herd(const HerdName& name) const;
  /// One of them died (a down message): it is made again while it has work.
  void died(const state::ClusterState& cluster, const caf::actor_addr& who);

 private:
  void ensure_run(const state::ClusterState& cluster, const RunId& id);
  void ensure_herd(const state::ClusterState& cluster, const HerdName& name);

  caf::event_based_actor* owner_;
  Services& services_;
  std::map<RunId, caf::actor> runs_;
  std::map<HerdName, caf::actor> herds_;
};

}  // namespace runink::actors
