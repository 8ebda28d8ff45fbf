// What a script says must come out of one step, read into facts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/directives.hpp"
#include "runner/spoken.hpp"

namespace runink::conformance {

struct HardFacts {
  std::uint64_t term = 0;
  std::uint64_t vote = 0;
  std::uint64_t commit = 0;
  friend bool operator==(const HardFacts&, const HardFacts&) = default;
};
std::string to_string(const HardFacts& facts);

/// What one step says of one node, in order.
struct NodeFacts {
  std::vector<HardFacts> hard;             ///< written
  std::vector<std::string> soft;           ///< "Lead:1 State:StateLeader", told to the owner
  std::vector<std::string> roles;          ///< "leader at term 1": taken then
  std::vector<std::string> configuration;  ///< "voters=(1 2)": switched to
  std::vector<std::string> entries;        ///< written
  std::vector<std::string> committed;      ///< handed to the state machine
};

/// What happened in a step, expected or come out.
struct StepFacts {
  std::vector<Spoken> sent;
  std::vector<Spoken> received;
  std::vector<Spoken> dropped;
  std::map<std::uint64_t, NodeFacts> nodes;
  std::vector<std::string> drawing;  ///< of raft-state, status and raft-log, line by line
  bool proposal_dropped = false;
  // Only expected:
  bool change_ignored = false;  ///< a change of members was not taken
  bool forget_refused = false;  ///< because of reads by lease
  bool told_nothing = false;    ///< the log level kept it quiet
  bool told_roles = false;      ///< the log level lets roles be told
};

/// The index of `8/21 EntryNormal ""`; nothing when it is no entry.
std::optional<std::uint64_t> entry_index(std::string_view text);

/// `level`: "debug", "info" ... "none", at which nothing is told, so nothing is expected. A line that
/// means nothing here is `bad_input`, with FILE:LINE.
Result<StepFacts> read_expected_facts(const Directive& directive, std::string_view level);

}  // namespace runink::conformance
