// The published tables: who is a majority (raft/quorum), and the algebra of configurations
// (raft/confchange). What comes out must be the same to the letter.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "raft/membership.hpp"
#include "runner/directives.hpp"
#include "runner/report.hpp"
#include "vocabulary/fault.hpp"

namespace runink::conformance {

/// "v1 l2 r3 j4": add a voter, a learner, remove, join; 'u', which carries data beside the
/// membership, changes nothing of it and is left out. `bad_input` for anything else.
Result<std::vector<raft::MemberChange>> changes_in(const std::vector<std::string>& lines);
/// "voters=(1 2)&&(1) learners=(3) learners_next=(4) autoleave".
std::string drawn(const raft::Configuration& configuration);

/// What comes out of one case, or why it is none.
using RunCase = std::function<Result<std::string>(const Directive&)>;
FileReport run_table(std::istream& in, const std::string& file, const RunCase& run);

/// `committed cfg=(1,2) cfgj=(3)|zero idx=(7,_)` and `vote cfg=(1,2) votes=(y,n,_)`.
FileReport run_quorum_table(std::istream& in, const std::string& file);
/// `simple`, `enter-joint [autoleave=true]` and `leave-joint`, with changes as input.
FileReport run_change_table(std::istream& in, const std::string& file);

}  // namespace runink::conformance
