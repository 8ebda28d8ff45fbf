// How the actor system of a node is set up.
#pragma once

#include <caf/actor_system_config.hpp>

namespace runink::co {

/// CAF's knobs: the policy of hand_over.hpp (a waiting worker costs nothing; `stealing` polls), two
/// workers, 64 messages before a busy actor yields.
class ActorSystemConfig : public caf::actor_system_config {
 public:
  ActorSystemConfig();
};

}  // namespace runink::co
