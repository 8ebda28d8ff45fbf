// How the simulation calls things when it tells of them.
#pragma once

#include <string>

#include "vocabulary/ids.hpp"

namespace runink::raft::simulation {

inline std::string name(NodeId id) { return "node " + std::to_string(id.value); }
inline std::string name(LogIndex index) { return "entry " + std::to_string(index.value); }
inline std::string name(Term term) { return "term " + std::to_string(term.value); }

}  // namespace runink::raft::simulation
