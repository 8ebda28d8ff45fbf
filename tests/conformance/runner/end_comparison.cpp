#include "runner/end_comparison.hpp"

#include <algorithm>
#include <sstream>

#include "runner/tables.hpp"

namespace runink::conformance {
namespace {

bool moves_nothing(const std::string& command) {
  return command == "raft-state" || command == "raft-log" || command == "status";
}

bool is_joint(const std::string& configuration) {
  return configuration.find("&&") != std::string::npos;
}

/// `4/15 EntryNormal "prop_4_15"`: the payload with its quotes; nothing for what is no command.
std::string command_in(const std::string& entry) {
  constexpr std::string_view kind = " EntryNormal ";
  const auto at = entry.find(kind);
  if (at == std::string::npos) return {};
  const auto payload = entry.substr(at + kind.size());
  return payload == "\"\"" ? std::string() : payload;
}

/// "2: StateReplicate match=14 next=17 paused": without what depends on the number of entries.
std::string without_indexes(const std::string& line) {
  std::istringstream in(line);
  std::string out;
  for (std::string word; in >> word;)
    if (!word.starts_with("match=") && !word.starts_with("next=") && word != "inactive")
      out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

void EndComparison::take(const Directive& directive, const StepFacts& expected,
                         const StepFacts& ours) {
  where_ = directive.where();
  const std::string& command = directive.command.name;
  if (expected.proposal_dropped != ours.proposal_dropped && !leader_was_removed())
    fail(ours.proposal_dropped ? "a proposal was dropped" : "a proposal was not dropped");
  if (command == "propose-conf-change") {
    if (!expected.told_nothing && expected.change_ignored != ours.change_ignored)
      fail(ours.change_ignored ? "a change of members was ignored"
                               : "a change of members was not ignored");
    for (auto& [id, known] : known_) known.configuration.reset();
    const auto changes = changes_in(directive.input);
    const bool plain = directive.command.values_of("transition").empty() && changes &&
                       changes->size() == 1 && !ours.change_ignored;
    same_entries_ = same_entries_ && plain;
  }
  if (expected.told_nothing && !moves_nothing(command)) {
    for (auto& [id, known] : known_) {
      auto configuration = std::move(known.configuration);
      known = {};
      if (configuration && !is_joint(*configuration)) known.configuration = configuration;
    }
    status_of_.reset();
    return;
  }
  if (expected.told_nothing) return;
  if (!moves_nothing(command)) status_of_.reset();
  take_nodes(expected);
  if (command == "raft-state")
    for (const std::string& line : expected.drawing) take_state(line);
  if (command == "status" && !directive.command.words().empty()) {
    status_of_ = number_in(directive.command.words().front(), "node").value_or(0);
    status_ = expected.drawing;
  }
}

void EndComparison::take_nodes(const StepFacts& expected) {
  for (const auto& [id, said] : expected.nodes) {
    Known& known = known_[id];
    if (!said.configuration.empty()) known.configuration = said.configuration.back();
    if (!said.roles.empty()) {
      known.became = said.roles.back();
      known.state.reset();
      known.hard.reset();
    }
    if (!said.hard.empty()) known.hard = said.hard.back();
    for (const std::string& entry : said.committed)
      committed_[entry_index(entry).value_or(0)] = entry;
    for (const auto* entries : {&said.entries, &said.committed})
      for (const std::string& entry : *entries)
        highest_entry_ = std::max(highest_entry_, entry_index(entry).value_or(0));
  }
}

void EndComparison::take_state(const std::string& line) {
  std::istringstream in(line);
  std::uint64_t id = 0;
  char colon = 0;
  State state;
  std::string votes, term, leader;
  if (!(in >> id >> colon >> state.role >> votes >> term >> leader)) return;
  if (!term.starts_with("Term:") || !leader.starts_with("Lead:")) return;
  state.votes = votes == "(Voter)";
  state.term = number_in(term.substr(5), "term").value_or(0);
  state.leader = number_in(leader.substr(5), "node").value_or(0);
  Known& known = known_[id];
  if (known.hard && known.hard->term != state.term) known.hard.reset();
  known.state = std::move(state);
  known.became.reset();
}

/// There: a leader that is no voter, or one that became a follower by its removal; here: a node
/// that is no member any more and holds entries of its own leadership.
bool EndComparison::leader_was_removed() const {
  return std::ranges::any_of(group_.nodes(), [](const auto& node) {
    const raft::Core& core = node->core();
    const auto own = [&](const raft::Entry& entry) {
      return entry.type == raft::EntryType::configuration && entry.term == core.term();
    };
    return core.vote() == core.config().self &&
           !core.configuration().members().contains(core.config().self) &&
           std::ranges::any_of(core.log().entries(), own);
  });
}

void EndComparison::compare() {
  for (const auto& [id, known] : known_) {
    if (id == 0 || id > group_.nodes().size()) {
      fail("there is no node " + std::to_string(id));
      continue;
    }
    const ScriptNode& node = *group_.nodes()[id - 1];
    compare_membership(node, known);
    if (!leader_was_removed()) {
      compare_office(node, known);
      compare_commit(node, known);
    }
  }
  compare_commands();
  if (leader_was_removed()) {
    met_(Difference::removed_leader_hands_over);
    compare_succession();
  } else {
    compare_status();
  }
}

void EndComparison::compare_membership(const ScriptNode& node, const Known& known) {
  const std::string name = "node " + std::to_string(node.id().value);
  const raft::Configuration& ours = node.core().configuration();
  if (known.configuration && drawn(ours) != *known.configuration)
    fail(name + " has " + drawn(ours) + ", not " + *known.configuration);
  if (known.state && known.state->votes != ours.voters.contains(node.id()))
    fail(name + (known.state->votes ? " is no voter" : " is a voter"));
}

void EndComparison::compare_office(const ScriptNode& node, const Known& known) {
  const std::string name = "node " + std::to_string(node.id().value);
  const raft::Core& core = node.core();
  if (known.became && *known.became != node.role_and_term())
    fail(name + " is " + node.role_and_term() + ", not " + *known.became);
  if (known.state) {
    const State& state = *known.state;
    if (state.role != state_name(core.role()) || state.term != drawn_term(core.term()) ||
        state.leader != core.leader().value)
      fail(name + " is " + node.role_and_term() + " under " + std::to_string(core.leader().value) +
           ", not " + state.role + " at term " + std::to_string(state.term) + " under " +
           std::to_string(state.leader));
  }
  if (known.hard &&
      (known.hard->term != drawn_term(core.term()) || known.hard->vote != core.vote().value))
    fail(name + " wrote " + to_string(node.told_hard()) + ", not " + to_string(*known.hard));
}

void EndComparison::compare_commit(const ScriptNode& node, const Known& known) {
  if (!known.hard) return;
  const raft::Log& log = node.core().log();
  const std::string name = "node " + std::to_string(node.id().value);
  if (same_entries_ && known.hard->commit != log.committed().value)
    fail(name + " has committed up to " + std::to_string(log.committed().value) + ", not up to " +
         std::to_string(known.hard->commit));
  if (known.hard->commit == highest_entry_ && log.committed() != log.last())
    fail(name + " has not committed all that it holds");
}

/// Every command that was committed there is committed here, in the same order.
void EndComparison::compare_commands() {
  const ScriptNode* most = nullptr;
  for (const auto& node : group_.nodes())
    if (!most || node->core().log().committed() > most->core().log().committed()) most = node.get();
  if (!most) return;
  std::vector<std::string> ours, wanted;
  const raft::Log& log = most->core().log();
  for (LogIndex i{most->settings().index + 1}; i <= log.committed(); i = next(i))
    if (const auto one = command_in(drawn(log.at(i))); !one.empty()) ours.push_back(one);
  for (const auto& [index, entry] : committed_)
    if (const auto one = command_in(entry); !one.empty()) wanted.push_back(one);
  auto from = ours.begin();
  for (const std::string& one : wanted) {
    from = std::find(from, ours.end(), one);
    if (from == ours.end()) return fail("the command " + one + " is not committed in its place");
    ++from;
  }
}

void EndComparison::compare_status() {
  if (!status_of_ || *status_of_ == 0 || *status_of_ > group_.nodes().size()) return;
  const std::vector<std::string> ours = drawn_status(*group_.nodes()[*status_of_ - 1]);
  const auto same = [](const std::string& one, const std::string& two) {
    return without_indexes(one) == without_indexes(two);
  };
  if (!std::ranges::equal(ours, status_, same)) {
    std::string both = "it is drawn\n";
    for (const std::string& line : ours) both += "    " + line + "\n";
    both += "  instead of\n";
    for (const std::string& line : status_) both += "    " + line + "\n";
    fail(both);
  }
}

/// After a removed leader: it leads no more, and when all is quiet, one of the others does.
void EndComparison::compare_succession() {
  std::size_t leaders = 0;
  for (const auto& node : group_.nodes()) {
    const raft::Core& core = node->core();
    if (core.role() != raft::Role::leader) continue;
    ++leaders;
    if (!core.voters().contains(node->id()))
      fail("node " + std::to_string(node->id().value) + " leads and has no vote");
  }
  if (leaders > 1 || (leaders == 0 && group_.is_quiet()))
    fail(std::to_string(leaders) + " nodes lead");
}

}  // namespace runink::conformance
