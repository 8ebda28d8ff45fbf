#include "actors/work/herd_actor.hpp"

#include "actors/coroutines/coroutines.hpp"
#include "actors/messages.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

struct HerdState {
  static inline const char* name = "herd_actor";
  caf::actor cluster;
  HerdName herd;
  state::Quota quota;
  std::uint32_t running = 0;     ///< committed
  std::uint32_t submitting = 0;  ///< on their way
  std::set<RequestId> on_their_way;
  co::Scope scope;
};
using Self = caf::stateful_actor<HerdState>;

/// Refused before it costs anything. A repeated request is let through: it may be the same run.
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

co::Task<Result<Submitted>> submit_run(Self* self, SubmitRun request) {
  if (auto admitted = admit(self->state, *request.run); !admitted)
    co_return std::unexpected(admitted.error());
  ++self->state.submitting;
  Submit submit(request.caller, state::Body(std::move(*request.run)));
  auto answer = co_await co::ask<Result<Submitted>>(self, self->state.cluster, caf::infinite,
                                                    std::move(submit));
  --self->state.submitting;
  co_return co::flatten(std::move(answer), "the cluster's state");
}

co::Task<Result<Submitted>> apply_pipeline(Self* self, ApplyPipeline request) {
  Submit submit(request.caller, state::Body(std::move(*request.pipeline)));
  auto answer = co_await co::ask<Result<Submitted>>(self, self->state.cluster, caf::infinite,
                                                    std::move(submit));
  co_return co::flatten(std::move(answer), "the cluster's state");
}

caf::behavior herd_behavior(Self* self, caf::actor cluster, HerdName herd, state::Quota quota,
                            std::uint32_t running) {
  self->state.cluster = std::move(cluster);
  self->state.herd = std::move(herd);
  self->state.quota = quota;
  self->state.running = running;
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
  };
}

}  // namespace

caf::actor spawn_herd(caf::actor_system& system, Services&, const caf::actor& cluster,
                      const HerdName& herd, const state::Quota& quota, std::uint32_t running) {
  return system.spawn(herd_behavior, cluster, herd, quota, running);
}

}  // namespace runink::actors
