#include "actors/cluster/leader_actors.hpp"

#include <memory>
#include <set>

#include "actors/workloads/herd_actor.hpp"
#include "actors/workloads/run_actor.hpp"

namespace runink::actors {
namespace {

/// The run that an event is about, if it is about one.
const RunId* run_of(const state::Event& event) {
  return std::visit(
      [](const auto& one) -> const RunId* {
        if constexpr (requires { one.run; }) {
          return &one.run;
        } else if constexpr (requires { one.attempt; }) {
          return &one.attempt.partition.run;
        } else if constexpr (requires { one.partition; }) {
          return &one.partition.run;
        } else {
          return nullptr;
        }
      },
      event);
}

}  // namespace

void LeaderActors::ensure_run(const state::ClusterState& cluster, const RunId& id) {
  const state::Run* run = cluster.run(id);
  if (run == nullptr || runs_.contains(id)) return;
  caf::actor actor = spawn_run(owner_->system(), services_, owner_, *run, cluster.clock);
  owner_->monitor(actor);
  runs_.emplace(id, std::move(actor));
}

void LeaderActors::ensure_herd(const state::ClusterState& cluster, const HerdName& name) {
  const auto herd = cluster.herds.find(name);
  if (herd == cluster.herds.end() || herds_.contains(name)) return;
  caf::actor actor = spawn_herd(owner_->system(), services_, owner_, name, herd->second.quota,
                                state::running_runs(cluster, name), cluster.kv.changed(name));
  owner_->monitor(actor);
  herds_.emplace(name, std::move(actor));
}

void LeaderActors::start(const state::ClusterState& cluster) {
  for (const auto& [name, herd] : cluster.herds) ensure_herd(cluster, name);
  for (const auto& [id, run] : cluster.runs) ensure_run(cluster, id);
}

void LeaderActors::stop() {
  for (const auto& [id, actor] : runs_) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  for (const auto& [name, actor] : herds_)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  runs_.clear();
  herds_.clear();
}

void LeaderActors::tell(const state::ClusterState& cluster,
                        const std::vector<state::Event>& events) {
  std::map<RunId, std::vector<state::Event>> by_run;
  std::set<HerdName> herds;
  std::map<HerdName, LogIndex> keys;
  for (const state::Event& event : events) {
    if (const auto* changed = std::get_if<state::KvChanged>(&event))
      keys[changed->herd] = changed->index;
    if (const RunId* id = run_of(event)) {
      by_run[*id].push_back(event);
      const state::Run* run = cluster.run(*id);
      if (run != nullptr && std::holds_alternative<state::RunChanged>(event))
        herds.insert(run->head.herd);
      if (const auto request = cluster.archived_runs.find(*id);
          request != cluster.archived_runs.end())
        herds.insert(request->second.first);
    }
  }
  for (auto& [id, list] : by_run) {
    ensure_run(cluster, id);
    const auto actor = runs_.find(id);
    if (actor == runs_.end()) continue;
    const bool archived = std::holds_alternative<state::RunArchived>(list.back());
    owner_->send(actor->second,
                 RunEvents(std::make_shared<const std::vector<state::Event>>(std::move(list)),
                           cluster.clock));
    if (archived) runs_.erase(actor);  // it ends by itself when its watchers know
  }
  for (const HerdName& name : herds) herd_changed(cluster, name);
  for (const auto& [name, index] : keys)
    if (const auto actor = herds_.find(name); actor != herds_.end())
      owner_->send(actor->second, KeysChanged(index));
}

void LeaderActors::herd_changed(const state::ClusterState& cluster, const HerdName& name) {
  const auto herd = cluster.herds.find(name);
  const auto actor = herds_.find(name);
  if (herd == cluster.herds.end()) {
    if (actor != herds_.end()) {
      owner_->send_exit(actor->second, caf::exit_reason::user_shutdown);
      herds_.erase(actor);
    }
    return;
  }
  if (actor == herds_.end()) {
    ensure_herd(cluster, name);
    return;
  }
  owner_->send(actor->second, HerdChanged(herd->second.quota, state::running_runs(cluster, name)));
}

void LeaderActors::progress(const Progress& progress) {
  const auto actor = runs_.find(progress.attempt.partition.run);
  if (actor != runs_.end()) owner_->send(actor->second, progress);
}

caf::actor LeaderActors::run(const RunId& id) const {
  const auto found = runs_.find(id);
  return found == runs_.end() ? caf::actor{} : found->second;
}

caf::actor LeaderActors::herd(const HerdName& name) const {
  const auto found = herds_.find(name);
  return found == herds_.end() ? caf::actor{} : found->second;
}

void LeaderActors::died(const state::ClusterState& cluster, const caf::actor_addr& who) {
  if (!services_.respawn) return;  // a dead one stays in its place, so that no event makes it again
  for (const auto& [id, actor] : runs_) {
    if (actor.address() != who) continue;
    const RunId again = id;
    runs_.erase(again);
    ensure_run(cluster, again);
    return;
  }
  for (const auto& [name, actor] : herds_) {
    if (actor.address() != who) continue;
    const HerdName again = name;
    herds_.erase(again);
    ensure_herd(cluster, again);
    return;
  }
}

}  // namespace runink::actors
