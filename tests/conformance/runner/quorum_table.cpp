#include <algorithm>
#include <functional>
#include <istream>
#include <map>

#include "raft/quorum.hpp"
#include "runner/directives.hpp"
#include "runner/tables.hpp"

namespace runink::conformance {
namespace {

using raft::VoteResult;
using raft::Voters;

struct Case {
  std::vector<NodeId> incoming;
  std::vector<NodeId> outgoing;
  std::vector<std::string> values;  // of idx or votes; "_" = not known
  Voters voters() const {
    return {{incoming.begin(), incoming.end()}, {outgoing.begin(), outgoing.end()}};
  }
};

Result<Case> read_case(const Directive& one) {
  const Command& command = one.command;
  for (const Argument& argument : command.arguments)
    if (argument.key != "cfg" && argument.key != "cfgj" && argument.key != "idx" &&
        argument.key != "votes")
      return fail(FaultKind::bad_input, "no such argument here: " + argument.key);
  const auto incoming = ids_in(command.values_of("cfg"));
  if (!incoming) return std::unexpected(incoming.error());
  auto half = command.values_of("cfgj");
  if (half == std::vector<std::string>{"zero"}) half.clear();
  const auto outgoing = ids_in(half);
  if (!outgoing) return std::unexpected(outgoing.error());
  return Case{*incoming, *outgoing, command.values_of(command.name == "vote" ? "votes" : "idx")};
}

/// The known values by voter, in the order of first mention.
template <class T>
Result<std::map<NodeId, T>> values_by_voter(
    const Case& one, const std::function<Result<T>(const std::string&)>& read) {
  std::vector<NodeId> order;
  for (const auto* half : {&one.incoming, &one.outgoing})
    for (const NodeId id : *half)
      if (std::ranges::find(order, id) == order.end()) order.push_back(id);
  if (order.size() != one.values.size())
    return fail(FaultKind::bad_input, "there must be one value for each voter");
  std::map<NodeId, T> known;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (one.values[i] == "_") continue;
    const auto value = read(one.values[i]);
    if (!value) return std::unexpected(value.error());
    known.emplace(order[i], *value);
  }
  return known;
}

/// The tables' drawing of who holds what: one bar per voter, longer than those of lower indexes.
std::string draw(const Voters& voters, const std::map<NodeId, LogIndex>& match) {
  const std::set<NodeId> all = voters.all();
  if (all.empty()) return "<empty majority quorum>";
  const auto held = [&](NodeId id) { return match.contains(id) ? match.at(id) : LogIndex{}; };
  std::string out = std::string(all.size(), ' ') + "    idx\n";
  for (const NodeId id : all) {
    const auto bar = static_cast<std::size_t>(
        std::ranges::count_if(all, [&](NodeId other) { return held(other) < held(id); }));
    out += match.contains(id) ? std::string(bar, 'x') + ">" + std::string(all.size() - bar, ' ')
                              : "?" + std::string(all.size(), ' ');
    std::string index = std::to_string(held(id).value);
    if (index.size() < 5) index.insert(0, 5 - index.size(), ' ');
    out += " " + index + "    (id=" + std::to_string(id.value) + ")\n";
  }
  return out;
}

Result<std::string> committed(const Case& one) {
  const auto match =
      values_by_voter<LogIndex>(one, [](const std::string& text) -> Result<LogIndex> {
        const auto number = number_in(text, "index", ~std::uint64_t{0} - 1);
        if (!number) return std::unexpected(number.error());
        return LogIndex{*number};
      });
  if (!match) return std::unexpected(match.error());
  const Voters voters = one.voters();
  const LogIndex index = committed_index(voters, *match);
  const auto text = [](LogIndex i) {
    return (i == raft::everything ? "∞" : std::to_string(i.value)) + "\n";
  };
  std::string out = draw(voters, *match);
  const LogIndex swapped = committed_index(Voters{voters.outgoing, voters.incoming}, *match);
  if (swapped != index) out += "with the halves exchanged " + text(swapped);
  return out + text(index);
}

Result<std::string> vote(const Case& one) {
  const auto votes = values_by_voter<bool>(one, [](const std::string& text) -> Result<bool> {
    if (text != "y" && text != "n")
      return fail(FaultKind::bad_input, "a vote is y, n or _, not " + text);
    return text == "y";
  });
  if (!votes) return std::unexpected(votes.error());
  switch (vote_result(one.voters(), *votes)) {
    case VoteResult::pending: return "VotePending\n";
    case VoteResult::lost: return "VoteLost\n";
    case VoteResult::won: return "VoteWon\n";
  }
  return fail(FaultKind::bad_input, "a vote ended in no way there is");
}

Result<std::string> run_case(const Directive& one) {
  if (one.command.name != "committed" && one.command.name != "vote")
    return fail(FaultKind::bad_input, "no such command here: " + one.command.name);
  const auto read = read_case(one);
  if (!read) return std::unexpected(read.error());
  return one.command.name == "vote" ? vote(*read) : committed(*read);
}

}  // namespace

FileReport run_quorum_table(std::istream& in, const std::string& file) {
  return run_table(in, file, run_case);
}

}  // namespace runink::conformance
