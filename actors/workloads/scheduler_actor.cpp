#include "actors/workloads/scheduler_actor.hpp"

#include <memory>

#include "actors/messages.hpp"
#include "scheduler/decide.hpp"

namespace runink::actors {
namespace {

struct SchedulerState {
  static inline const char* name = "scheduler_actor";
};

caf::behavior scheduler_behavior(caf::stateful_actor<SchedulerState>*) {
  return {
      [](const Decide& question) {
        return Decided(std::make_shared<const std::vector<scheduler::Decision>>(
            scheduler::decide(*question.view, question.now)));
      },
  };
}

}  // namespace

caf::actor spawn_scheduler(caf::actor_system& system) { return system.spawn(scheduler_behavior); }

}  // namespace runink::actors
