// What must hold after every step of every core (notes 5.10), as sentences with predicates. Tests
// and production run the whole table after each step; some are also ENSUREd where they could break.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "raft/core.hpp"
#include "raft/effects.hpp"
#include "raft/ports.hpp"

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
  LogIndex applied;
  Version version;
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

/// Aborts the process at the first step over which one does not hold, and says which. Production
/// runs it: a node that doubts itself must not go on speaking to the others. Each step costs it a few
/// comparisons for each follower and for each entry that the step writes.
class InvariantWatch final : public StepWatch {
 public:
  void before_step(const Core& core, const Input&) override { before_ = observe(core); }
  void after_step(const Core& core, const Effects& effects) override;

 private:
  Observation before_;
};

}  // namespace runink::raft
