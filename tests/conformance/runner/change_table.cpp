#include <algorithm>
#include <istream>
#include <map>
#include <sstream>

#include "raft/follower_progress.hpp"
#include "runner/directives.hpp"
#include "runner/tables.hpp"

namespace runink::conformance {
namespace {

using raft::Changed;
using raft::Configuration;
using raft::FollowerProgress;
using raft::MemberChange;

/// One table: a configuration that grows from command to command, with what a leader knows of each
/// member. Every command, also a refused one, adds an entry to the leader's log.
class ChangeTable {
 public:
  Result<std::string> run(const Directive& one) {
    const Command& command = one.command;
    const auto changes = changes_in(one.input);
    if (!changes) return std::unexpected(changes.error());
    const auto auto_leave = command.values_of("autoleave");
    if (command.arguments.size() != (auto_leave.empty() ? 0u : 1u))
      return fail(FaultKind::bad_input, "no such argument here");
    const bool leaves = auto_leave == std::vector<std::string>{"true"};
    Changed changed;
    if (command.name == "simple")
      changed = change_simply(configuration_, *changes);
    else if (command.name == "enter-joint")
      changed = enter_joint(configuration_, *changes, leaves);
    else if (command.name == "leave-joint")
      changed = leave_joint(configuration_);
    else
      return fail(FaultKind::bad_input, "no such command here: " + command.name);
    const LogIndex next{std::max<std::uint64_t>(last_index_++, 1)};
    if (!changed) return std::string(changed.error()) + "\n";
    if (!is_consistent(*changed))
      return fail(FaultKind::bad_input, "this makes a configuration that contradicts itself");
    configuration_ = *changed;
    keep_members(followers_, configuration_.members(), NodeId{},
                 FollowerProgress(next, {4, KiB(4)}));
    return drawn();
  }

 private:
  std::string drawn() const {
    std::string out = conformance::drawn(configuration_) + "\n";
    for (const auto& [id, follower] : followers_)
      out += std::to_string(id.value) +
             ": StateProbe match=" + std::to_string(follower.match().value) +
             " next=" + std::to_string(follower.next().value) +
             (configuration_.learners.contains(id) ? " learner" : "") + "\n";
    return out;
  }

  Configuration configuration_;
  raft::Followers followers_;
  std::uint64_t last_index_ = 0;
};

}  // namespace

Result<std::vector<MemberChange>> changes_in(const std::vector<std::string>& lines) {
  using Kind = MemberChange::Kind;
  const std::map<char, Kind> kinds{
      {'v', Kind::voter}, {'l', Kind::learner}, {'r', Kind::remove}, {'j', Kind::join}};
  std::vector<MemberChange> changes;
  for (const std::string& line : lines) {
    std::istringstream in(line);
    for (std::string word; in >> word;) {
      const auto number = number_in(std::string_view(word).substr(1), "node");
      if (!number) return std::unexpected(number.error());
      if (word.front() == 'u') continue;
      const auto kind = kinds.find(word.front());
      if (kind == kinds.end() || *number > nodes_most)
        return fail(FaultKind::bad_input, "no such change: " + word);
      changes.push_back({kind->second, NodeId{*number}});
    }
  }
  return changes;
}

std::string drawn(const Configuration& c) {
  std::string out = "voters=" + drawn(c.voters.incoming);
  if (c.is_joint()) out += "&&" + drawn(c.voters.outgoing);
  if (!c.learners.empty()) out += " learners=" + drawn(c.learners);
  if (!c.learners_next.empty()) out += " learners_next=" + drawn(c.learners_next);
  if (c.auto_leave) out += " autoleave";
  return out;
}

FileReport run_change_table(std::istream& in, const std::string& file) {
  ChangeTable table;
  return run_table(in, file, [&](const Directive& one) { return table.run(one); });
}

}  // namespace runink::conformance
