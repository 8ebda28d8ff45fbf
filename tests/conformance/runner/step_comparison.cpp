#include "runner/step_comparison.hpp"

#include <algorithm>
#include <iterator>

#include "runner/tables.hpp"

namespace runink::conformance {
namespace {

/// What stands only in the one and only in the other, as multisets.
struct Apart {
  std::vector<Spoken> only_expected;
  std::vector<Spoken> only_ours;
};
Apart apart(std::vector<Spoken> expected, std::vector<Spoken> ours) {
  std::ranges::sort(expected);
  std::ranges::sort(ours);
  Apart out;
  std::ranges::set_difference(expected, ours, std::back_inserter(out.only_expected));
  std::ranges::set_difference(ours, expected, std::back_inserter(out.only_ours));
  return out;
}

std::vector<std::string> lines_of(const std::vector<HardFacts>& facts) {
  std::vector<std::string> out;
  out.reserve(facts.size());
  for (const HardFacts& one : facts) out.push_back(to_string(one));
  return out;
}

/// Takes one off an account; false when there is none.
template <class Map, class Key>
bool take_one(Map& account, const Key& key) {
  const auto found = account.find(key);
  if (found == account.end()) return false;
  if (--found->second == 0) account.erase(found);
  return true;
}

}  // namespace

void StepComparison::compare(const Directive& directive, const StepFacts& expected,
                             const StepFacts& ours) {
  where_ = directive.where();
  if (expected.proposal_dropped != ours.proposal_dropped)
    fail(ours.proposal_dropped ? "a proposal was dropped" : "a proposal was not dropped");
  if (expected.told_nothing) return forget();
  if (expected.forget_refused != ours.forget_refused)
    fail(ours.forget_refused ? "forgetting the leader was refused"
                             : "forgetting the leader was not refused");
  compare_messages(expected, ours);
  compare_nodes(expected, ours);
  compare_drawing(expected, ours);
  // What a node knows it need not be told.
  for (auto& [ends, owed] : news_owed_)
    if (ends.second <= group_.nodes().size())
      owed.erase(owed.begin(),
                 owed.upper_bound(group_.nodes()[ends.second - 1]->core().log().committed().value));
}

void StepComparison::end() {
  for (const auto& [node, late] : late_applied_)
    if (!late.empty()) fail("node " + std::to_string(node) + " never applied " + late.front());
}

/// What happened in silence is not known: nothing said before can be held against it.
void StepComparison::forget() {
  commit_told_.clear();
  news_owed_.clear();
  answers_there_.clear();
  answers_here_.clear();
  late_hard_.clear();
  late_applied_.clear();
  only_there_.clear();
  only_here_.clear();
}

void StepComparison::compare_messages(const StepFacts& expected, const StepFacts& ours) {
  const Apart sent = apart(expected.sent, ours.sent);
  for (const Spoken& one : sent.only_expected)
    if (!excuse_unsent(one)) fail("was not sent: " + to_string(one));
  for (const Spoken& one : sent.only_ours)
    if (!excuse_sent(one)) fail("was sent: " + to_string(one));
  for (const Spoken& one : expected.sent) {
    std::uint64_t& told = commit_told_[{one.from, one.to}];
    told = std::max(told, one.commit);
  }
  compare_arrivals("received", expected.received, ours.received, true);
  compare_arrivals("dropped", expected.dropped, ours.dropped, false);
}

void StepComparison::compare_arrivals(const char* what, const std::vector<Spoken>& expected,
                                      const std::vector<Spoken>& ours, bool heard) {
  const Apart differ = apart(expected, ours);
  for (const Spoken& one : differ.only_expected) {
    if (!take_one(only_there_, one)) {
      fail("was not " + std::string(what) + ": " + to_string(one));
    } else if (heard && one.is_empty_append()) {
      ++answers_there_[{one.to, one.from}];
    }
  }
  for (const Spoken& one : differ.only_ours) {
    if (!take_one(only_here_, one)) {
      fail("was " + std::string(what) + ": " + to_string(one));
    } else if (heard && one.is_empty_append()) {
      ++answers_here_[{one.to, one.from}];
    }
  }
}

bool StepComparison::is_news(const Spoken& message) const {
  const auto told = commit_told_.find({message.from, message.to});
  return told == commit_told_.end() || told->second < message.commit;
}

/// Does this core's leader have entries on their way to the follower, or has it told already?
bool StepComparison::rides_along(const Spoken& message) const {
  if (message.from == 0 || message.from > group_.nodes().size()) return false;
  const raft::Core& leader = group_.nodes()[message.from - 1]->core();
  const auto follower = leader.followers().find(NodeId{message.to});
  return follower != leader.followers().end() &&
         (follower->second.in_flight() > 0 ||
          follower->second.commit_sent().value >= message.commit);
}

bool StepComparison::excuse_unsent(const Spoken& message) {
  const Pair ends{message.from, message.to};
  if (message.is_empty_append() && message.snapshot.empty() && is_news(message) &&
      rides_along(message)) {
    news_owed_[ends].insert(message.commit);
  } else if (!message.is("MsgAppResp") || message.hint || !take_one(answers_there_, ends)) {
    return false;
  }
  ++only_there_[message];
  met_(Difference::news_of_a_commit_ride_along);
  return true;
}

bool StepComparison::excuse_sent(const Spoken& message) {
  const Pair ends{message.from, message.to};
  const bool news = message.is_empty_append() && message.snapshot.empty();
  const bool answer = message.is("MsgAppResp") && !message.hint;
  if (news) {
    auto& owed = news_owed_[ends];
    if (owed.empty() || *owed.begin() > message.commit) return false;
    owed.erase(owed.begin());
  } else if (!answer || !take_one(answers_here_, ends)) {
    return false;
  }
  ++only_here_[message];
  return true;
}

bool StepComparison::waits_for_news(std::uint64_t node) const {
  return std::ranges::any_of(
      news_owed_, [&](const auto& one) { return one.first.second == node && !one.second.empty(); });
}

void StepComparison::compare_nodes(const StepFacts& expected, const StepFacts& ours) {
  for (const auto& [id, said] : expected.nodes)
    if (id == 0 || id > group_.nodes().size()) fail("there is no node " + std::to_string(id));
  const auto of = [](const StepFacts& facts, std::uint64_t id) {
    const auto found = facts.nodes.find(id);
    return found == facts.nodes.end() ? NodeFacts{} : found->second;
  };
  for (const auto& node : group_.nodes()) {
    const std::uint64_t id = node->id().value;
    NodeFacts did = of(ours, id);
    if (!expected.told_roles) did.roles.clear();
    compare_node(*node, of(expected, id), did);
  }
}

void StepComparison::compare_node(const ScriptNode& node, const NodeFacts& said,
                                  const NodeFacts& did) {
  const std::string name = "node " + std::to_string(node.id().value);
  const std::uint64_t id = node.id().value;
  compare_with_late(name + " wrote", id, lines_of(said.hard), lines_of(did.hard), late_hard_[id]);
  compare_lines(name + " told", said.soft, did.soft);
  compare_lines(name + " became", said.roles, did.roles);
  compare_lines(name + " wrote", said.entries, did.entries);
  compare_with_late(name + " applied", id, said.committed, did.committed, late_applied_[id]);
  if (!said.configuration.empty())
    if (const auto has = drawn(node.core().configuration()); has != said.configuration.back())
      fail(name + " has " + has + ", not " + said.configuration.back());
}

/// `late`: what this node did there and not yet here, because the news of a commit is on its way.
void StepComparison::compare_with_late(const std::string& what, std::uint64_t node,
                                       std::vector<std::string> said, std::vector<std::string> did,
                                       std::vector<std::string>& late) {
  while (!late.empty() && !did.empty() && late.front() == did.front()) {
    late.erase(late.begin());
    did.erase(did.begin());
  }
  if (did.size() < said.size() && std::equal(did.begin(), did.end(), said.begin()) &&
      waits_for_news(node)) {
    late.insert(late.end(), said.begin() + static_cast<std::ptrdiff_t>(did.size()), said.end());
    said.resize(did.size());
  }
  compare_lines(what, said, did);
}

void StepComparison::compare_lines(const std::string& what, const std::vector<std::string>& said,
                                   const std::vector<std::string>& did) {
  if (said == did) return;
  std::string both = what + "\n";
  for (const std::string& line : did) both += "    " + line + "\n";
  both += "  instead of\n";
  for (const std::string& line : said) both += "    " + line + "\n";
  fail(both);
}

void StepComparison::compare_drawing(const StepFacts& expected, const StepFacts& ours) {
  constexpr std::string_view inactive = " inactive";
  std::vector<std::string> wanted = expected.drawing;
  for (std::string& line : wanted)
    if (const auto at = line.find(inactive); at != std::string::npos) {
      line.erase(at, inactive.size());
      met_(Difference::inactive_is_not_told);
    }
  compare_lines("it is drawn", wanted, ours.drawing);
}

}  // namespace runink::conformance
