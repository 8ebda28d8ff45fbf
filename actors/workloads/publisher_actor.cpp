#include "actors/workloads/publisher_actor.hpp"

#include <map>
#include <memory>
#include <optional>

#include "actors/coroutines/coroutines.hpp"
#include "actors/messages.hpp"
#include "actors/workloads/publish.hpp"
#include "vocabulary/fault_point.hpp"

namespace runink::actors {
namespace {

constexpr Duration again_after = milliseconds(200);

struct PublisherState {
  static inline const char* name = "publisher_actor";
  Services* services = nullptr;
  caf::actor cluster;
  std::map<LogIndex, std::shared_ptr<const state::Publication>> due;
  bool busy = false;
  co::Scope scope;
};
using PublisherSelf = caf::stateful_actor<PublisherState>;
using Outcome = std::expected<Published, PublishFailure>;

state::Body body_of(const state::Publication& one, const Outcome& outcome) {
  if (outcome) {
    state::SinkPublished body;
    body.run = one.run;
    body.step = one.step;
    body.node = one.node;
    body.index = one.index;
    body.superseded = *outcome == Published::superseded;
    return state::Body(std::move(body));
  }
  state::SinkRefused body;
  body.run = one.run;
  body.step = one.step;
  body.node = one.node;
  body.reason = outcome.error().reason;
  body.error = outcome.error().error;
  return state::Body(std::move(body));
}

co::Task<> publish_all(PublisherSelf* self) {
  while (!self->state.due.empty()) {
    Services* services = self->state.services;
    const auto one = self->state.due.begin()->second;
    auto job = [services, one] { return Result<Outcome>(publish(*services, *one)); };
    auto done = co_await co::on_disk(self, services->disk, job);
    if (done && (!done->has_value() || **done != Published::busy)) {
      Submit submit(services->self(), body_of(*one, *done));
      auto asked = co_await co::ask<Result<Submitted>>(self, self->state.cluster, caf::infinite,
                                                       std::move(submit));
      if (co::flatten(std::move(asked), "the cluster's state")) {
        at(FaultPoint::sink_published);
        self->state.due.erase(one->index);
        continue;
      }
    }
    co_await co::sleep(self, again_after);  // the disk threads or the log are busy
  }
  self->state.busy = false;
}

caf::behavior publisher_behavior(PublisherSelf* self, Services* services, caf::actor cluster) {
  self->state.services = services;
  self->state.cluster = std::move(cluster);
  return {
      [self](const PublishAll& all) {
        self->state.due.clear();
        for (const auto& one : all.publications) self->state.due.emplace(one->index, one);
        if (self->state.busy || self->state.due.empty()) return;
        self->state.busy = true;
        co::spawn(self, self->state.scope, publish_all, self);
      },
  };
}

}  // namespace

caf::actor spawn_publisher(caf::actor_system& system, Services& services, caf::actor cluster) {
  return system.spawn(publisher_behavior, &services, std::move(cluster));
}

}  // namespace runink::actors
