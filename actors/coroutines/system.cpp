#include "actors/coroutines/system.hpp"

#include <caf/atom.hpp>

namespace runink::co {

ActorSystemConfig::ActorSystemConfig() {
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", std::size_t{2});
  set("scheduler.max-throughput", std::size_t{64});
}

}  // namespace runink::co
