// What must hold after every step of every core (notes 5.10), as sentences with predicates. Tests
// run the whole table after each step; the cheap ones are also ENSUREd where they could break.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "raft/core.hpp"
#include "raft/effects.hpp"

namespace runink::raft {

/// What of a core an invariant compares over a step.
struct Observation {
  Term term;
  NodeId vote;
  Role role = Role::follower;
  NodeId leader;
  LogIndex committed;
  LogIndex handed_out;
  LogIndex last;
  std::map<NodeId, LogIndex> match;
  ReadSeq newest_read;
  LogIndex configuration_index;
};
Observation observe(const Core& core);

struct Invariant {
  std::string_view sentence;
  bool (*holds)(const Observation& before, const Core& after, const Effects& effects);
};

std::span<const Invariant> invariants();

/// The sentence of the first one that does not hold over this step.
std::optional<std::string_view> broken_invariant(const Observation& before, const Core& after,
                                                 const Effects& effects);

}  // namespace runink::raft
