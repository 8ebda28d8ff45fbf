#include "actors/workloads/herd_actor.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "actors/coroutines/coroutines.hpp"
#include "actors/messages.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

using give_up_atom = caf::atom_constant<caf::atom("give_up")>;

struct HerdState {
  static inline const char* name = "herd_actor";
  caf::actor cluster;
  HerdName herd;
  state::Quota quota;
  std::uint32_t running = 0;          ///< runs, as the state_actor last told
  std::map<RunId, int> on_their_way;  ///< submissions that are not answered yet, by their run
  std::size_t submitting = 0;         ///< all of them, repeated ones too
  LogIndex keys_changed;              ///< the newest entry that changed a key
  struct KeyWatcher {
    caf::response_promise promise;
    LogIndex after;
  };
  std::map<std::uint64_t, KeyWatcher> key_watchers;  ///< by their tickets
  std::uint64_t next_ticket = 1;
  co::Scope scope;
};
using HerdSelf = caf::stateful_actor<HerdState>;

/// Refused before it costs anything.
Result<void> admit(const HerdState& herd, const state::RunSubmitted& run) {
  if (herd.submitting >= limits::waiting_proposals)
    return fail(FaultKind::exhausted, "Herd '" + herd.herd.value +
                                          "' has too many submissions on their way. Try again "
                                          "in a moment.");
  if (run.request.value.empty() || run.request.value.size() > limits::request_id_bytes)
    return fail(
        FaultKind::bad_input,
        "A request id has 1 to " + std::to_string(limits::request_id_bytes) + " characters.");
  return {};
}

/// What the state says when the herd may have reached its quota of runs. A repeated request is let
/// through: it is the same run.
co::Task<Result<void>> judge_quota(HerdSelf* self, RequestId request, RunId run) {
  auto verdict = std::make_shared<std::optional<std::string>>();
  std::vector<RunId> others;
  for (const auto& [other, times] : self->state.on_their_way)
    if (other != run) others.push_back(other);
  Look question(
      [verdict, herd = self->state.herd, request = std::move(request),
       others = std::move(others)](const state::ClusterState& cluster) {
        if (cluster.requests.contains({herd, request})) return;
        std::uint32_t coming = 0;
        for (const RunId& other : others) coming += cluster.run(other) == nullptr ? 1 : 0;
        *verdict = state::quota_of_runs_reached(cluster, herd, coming);
      },
      true);  // `apply` judges it again
  auto asked = co_await co::ask<Result<LogIndex>>(self, self->state.cluster, caf::infinite,
                                                  std::move(question));
  auto looked = co::flatten(std::move(asked), "the cluster's state");
  if (!looked) co_return std::unexpected(looked.error());
  if (*verdict) co_return fail(FaultKind::refused, std::move(**verdict));
  co_return Result<void>{};
}

/// Counts one submission as long as it is on its way.
class OnItsWay {
 public:
  OnItsWay(HerdState& herd, RunId run) : herd_(herd), run_(std::move(run)) {
    ++herd_.on_their_way[run_];
    ++herd_.submitting;
  }
  OnItsWay(const OnItsWay&) = delete;
  OnItsWay& operator=(const OnItsWay&) = delete;
  ~OnItsWay() {
    if (--herd_.on_their_way[run_] == 0) herd_.on_their_way.erase(run_);
    --herd_.submitting;
  }

 private:
  HerdState& herd_;
  RunId run_;
};

co::Task<Result<Submitted>> submit_run(HerdSelf* self, SubmitRun request) {
  HerdState& herd = self->state;
  const state::RunSubmitted& run = request.run();
  if (auto admitted = admit(herd, run); !admitted) co_return std::unexpected(admitted.error());
  const bool repeated = herd.on_their_way.contains(run.run);
  const OnItsWay counted(herd, run.run);
  if (herd.quota.runs > 0 && !repeated &&
      herd.running + herd.on_their_way.size() > herd.quota.runs) {
    auto room = co_await judge_quota(self, run.request, run.run);
    if (!room) co_return std::unexpected(room.error());
  }
  Submit submit(request.caller, std::move(*request.body));
  auto answer =
      co_await co::ask<Result<Submitted>>(self, herd.cluster, caf::infinite, std::move(submit));
  co_return co::flatten(std::move(answer), "the cluster's state");
}

co::Task<Result<Submitted>> apply_pipeline(HerdSelf* self, ApplyPipeline request) {
  Submit submit(request.caller, std::move(*request.body));
  auto answer = co_await co::ask<Result<Submitted>>(self, self->state.cluster, caf::infinite,
                                                    std::move(submit));
  co_return co::flatten(std::move(answer), "the cluster's state");
}

void answer_watcher(HerdState& herd, HerdState::KeyWatcher& watcher) {
  watcher.promise.deliver(Result<KeysChanged>(KeysChanged(herd.keys_changed)));
}

void on_keys_changed(HerdState& herd, LogIndex index) {
  herd.keys_changed = std::max(herd.keys_changed, index);
  for (auto at = herd.key_watchers.begin(); at != herd.key_watchers.end();) {
    if (herd.keys_changed <= at->second.after) {
      ++at;
      continue;
    }
    answer_watcher(herd, at->second);
    at = herd.key_watchers.erase(at);
  }
}

caf::result<Result<KeysChanged>> on_next_change(HerdSelf* self, const NextKeysChange& request) {
  HerdState& herd = self->state;
  if (herd.keys_changed > request.after) return Result<KeysChanged>(KeysChanged(herd.keys_changed));
  if (herd.key_watchers.size() >= limits::kv_watchers)
    return Result<KeysChanged>(fail(
        FaultKind::exhausted, "The keys of the herd '" + herd.herd.value +
                                  "' are watched by as many as is possible. Try again later."));
  const std::uint64_t ticket = herd.next_ticket++;
  herd.key_watchers.emplace(ticket,
                            HerdState::KeyWatcher{self->make_response_promise(), request.after});
  self->delayed_send(self, std::chrono::microseconds(request.at_most.ns / 1'000),
                     give_up_atom::value, ticket);
  return caf::delegated<Result<KeysChanged>>{};
}

caf::behavior herd_behavior(HerdSelf* self, caf::actor cluster, HerdName herd, state::Quota quota,
                            std::uint32_t running, LogIndex keys_changed) {
  self->state.cluster = std::move(cluster);
  self->state.herd = std::move(herd);
  self->state.quota = quota;
  self->state.running = running;
  self->state.keys_changed = keys_changed;
  return {
      [self](const SubmitRun& request) {
        return co::respond<Result<Submitted>>(self, self->state.scope, submit_run, self, request);
      },
      [self](const ApplyPipeline& request) {
        return co::respond<Result<Submitted>>(self, self->state.scope, apply_pipeline, self,
                                              request);
      },
      [self](const HerdChanged& changed) {
        self->state.quota = changed.quota;
        self->state.running = changed.running;
      },
      [self](const KeysChanged& news) { on_keys_changed(self->state, news.index); },
      [self](const NextKeysChange& request) { return on_next_change(self, request); },
      [self](give_up_atom, std::uint64_t ticket) {
        auto& watchers = self->state.key_watchers;
        const auto waiting = watchers.find(ticket);
        if (waiting == watchers.end()) return;
        answer_watcher(self->state, waiting->second);
        watchers.erase(waiting);
      },
  };
}

}  // namespace

caf::actor spawn_herd(caf::actor_system& system, Services&, const caf::actor& cluster,
                      const HerdName& herd, const state::Quota& quota, std::uint32_t running,
                      LogIndex keys_changed) {
  return system.spawn(herd_behavior, cluster, herd, quota, running, keys_changed);
}

}  // namespace runink::actors
