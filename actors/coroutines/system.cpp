#include "actors/coroutines/system.hpp"

#include <caf/scheduler/coordinator.hpp>

#include "actors/coroutines/hand_over.hpp"

namespace runink::co {

ActorSystemConfig::ActorSystemConfig() {
  load<caf::scheduler::coordinator<HandOver>>();
  set("scheduler.max-threads", std::size_t{2});
  set("scheduler.max-throughput", std::size_t{64});
}

}  // namespace runink::co
