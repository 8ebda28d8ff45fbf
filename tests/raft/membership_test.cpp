// The algebra of membership against tables that nobody here wrote (etcd-io/raft, Apache 2.0, in
// tests/data/raft/confchange), and against its own purpose: majorities before and after a change
// share a member.
#include "raft/membership.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "raft/follower_progress.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

using Kind = MemberChange::Kind;

std::filesystem::path changes_folder() {
  return std::filesystem::path(RUNINK_SOURCE_DIR) / "tests/data/raft/confchange";
}

/// "v1 l2 r3"; 'u' carries data beside the membership and changes nothing of it.
std::vector<MemberChange> changes_in(const std::string& text) {
  std::vector<MemberChange> changes;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    const std::map<char, Kind> kinds{
        {'v', Kind::voter}, {'l', Kind::learner}, {'r', Kind::remove}, {'j', Kind::join}};
    if (word.front() == 'u') continue;
    BOOST_REQUIRE_MESSAGE(kinds.contains(word.front()), "unknown change " << word);
    changes.push_back({kinds.at(word.front()), NodeId{std::stoull(word.substr(1))}});
  }
  return changes;
}

std::string drawn(const std::set<NodeId>& ids) {
  std::string out;
  for (const NodeId id : ids) out += (out.empty() ? "" : " ") + std::to_string(id.value);
  return "(" + out + ")";
}

std::string drawn(const Configuration& c) {
  std::string out = "voters=" + drawn(c.voters.incoming);
  if (c.is_joint()) out += "&&" + drawn(c.voters.outgoing);
  if (!c.learners.empty()) out += " learners=" + drawn(c.learners);
  if (!c.learners_next.empty()) out += " learners_next=" + drawn(c.learners_next);
  if (c.auto_leave) out += " autoleave";
  return out + "\n";
}

/// One table: a configuration that grows from command to command, with what a leader knows of each
/// member. Every command, also a refused one, adds an entry to the leader's log.
struct Table {
  Configuration configuration;
  Followers followers;
  std::uint64_t last_index = 0;

  std::string run(const std::string& command, const std::vector<MemberChange>& changes) {
    const std::string verb = command.substr(0, command.find(' '));
    const bool auto_leave = command.find("autoleave=true") != std::string::npos;
    BOOST_REQUIRE_MESSAGE(verb == "simple" || verb == "enter-joint" || verb == "leave-joint",
                          "unknown command " << command);
    const Changed changed = verb == "simple" ? change_simply(configuration, changes)
                            : verb == "enter-joint"
                                ? enter_joint(configuration, changes, auto_leave)
                                : leave_joint(configuration);
    const LogIndex next{std::max<std::uint64_t>(last_index++, 1)};
    if (!changed) return std::string(changed.error()) + "\n";
    BOOST_TEST(is_consistent(*changed));
    configuration = *changed;
    keep_members(followers, configuration.members(), NodeId{}, FollowerProgress(next, {4, KiB(4)}));
    std::string out = drawn(configuration);
    for (const auto& [id, follower] : followers)
      out += std::to_string(id.value) +
             ": StateProbe match=" + std::to_string(follower.match().value) +
             " next=" + std::to_string(follower.next().value) +
             (configuration.learners.contains(id) ? " learner" : "") + "\n";
    return out;
  }
};

unsigned run_table(const std::filesystem::path& file) {
  Table table;
  unsigned cases = 0;
  std::ifstream in(file);
  std::string line;
  for (unsigned number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const std::string where = file.filename().string() + ":" + std::to_string(number);
    const std::string command = line;
    std::string changes;
    std::string expected;
    while (std::getline(in, line) && ++number && line != "----") changes += " " + line;
    while (std::getline(in, line) && ++number && !line.empty()) expected += line + "\n";
    const std::string got = table.run(command, changes_in(changes));
    BOOST_TEST(got == expected, where << ": " << command << changes << "\n" << got);
    ++cases;
  }
  return cases;
}

Configuration configuration_of(std::set<NodeId> voters, std::set<NodeId> learners = {}) {
  return {{std::move(voters), {}}, std::move(learners), {}, {}, false};
}

std::vector<MemberChange> some_changes(Randomness& random, std::uint64_t nodes) {
  std::vector<MemberChange> changes;
  for (auto n = random.between(1, 5); n > 0; --n)
    changes.push_back({static_cast<Kind>(random.between(1, 4)), NodeId{1 + random.below(nodes)}});
  return changes;
}

/// By brute force over everybody who votes yes: can two sets of voters both win with nobody in both?
bool always_share_a_member(const Voters& one, const Voters& two, std::uint64_t nodes) {
  for (std::uint64_t mask = 0; mask < (1u << nodes); ++mask) {
    std::map<NodeId, bool> yes, no;
    for (std::uint64_t id = 1; id <= nodes; ++id) {
      const bool in = (mask >> (id - 1) & 1) != 0;
      yes[NodeId{id}] = in;
      no[NodeId{id}] = !in;
    }
    if (vote_result(one, yes) == VoteResult::won && vote_result(two, no) == VoteResult::won)
      return false;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(membership)

BOOST_AUTO_TEST_CASE(every_published_case_comes_out_the_same) {
  unsigned files = 0;
  unsigned cases = 0;
  for (const auto& file : std::filesystem::directory_iterator(changes_folder())) {
    cases += run_table(file.path());
    ++files;
  }
  BOOST_TEST(files == 6u);
  BOOST_TEST(cases == 29u);
}

BOOST_AUTO_TEST_CASE(one_step_changes_at_most_one_voter_and_leaves_at_least_one) {
  const Configuration three = configuration_of({NodeId{1}, NodeId{2}, NodeId{3}});
  const auto refusal = [&](const char* changes) {
    return std::string(change_simply(three, changes_in(changes)).error());
  };
  BOOST_TEST(refusal("v4 v5") == "more than one voter changed without entering joint config");
  BOOST_TEST(refusal("r1 v4") == "more than one voter changed without entering joint config");
  BOOST_TEST(refusal("l1 v4") == "more than one voter changed without entering joint config");
  BOOST_TEST(refusal("r1 r2 r3") == "removed all voters");
  BOOST_TEST(change_simply(three, changes_in("l7 l8 j9 v4")).has_value());
}

BOOST_AUTO_TEST_CASE(the_joint_state_is_entered_once_and_only_left_from_within) {
  const Configuration one = configuration_of({NodeId{1}});
  BOOST_TEST(leave_joint(one).error() == "can't leave a non-joint config");
  BOOST_TEST(enter_joint({}, changes_in("v1"), false).error() ==
             "can't make a zero-voter config joint");
  const Changed joint = enter_joint(one, changes_in("r1 v2 v3"), true);
  BOOST_REQUIRE(joint.has_value());
  BOOST_TEST(joint->is_joint());
  BOOST_TEST(enter_joint(*joint, {}, false).error() == "config is already joint");
  BOOST_TEST(change_simply(*joint, changes_in("l15")).error() ==
             "can't apply simple config change in joint config");
  BOOST_TEST((leave_joint(*joint)->voters.incoming == std::set{NodeId{2}, NodeId{3}}));
}

BOOST_AUTO_TEST_CASE(a_voter_that_is_demoted_votes_until_the_joint_state_is_left) {
  const Changed joint =
      enter_joint(configuration_of({NodeId{1}, NodeId{2}, NodeId{3}}), changes_in("l3 v4"), false);
  BOOST_REQUIRE(joint.has_value());
  BOOST_TEST((joint->learners_next == std::set{NodeId{3}}));
  BOOST_TEST(joint->learners.empty());
  BOOST_TEST(joint->voters.contains(NodeId{3}));
  const Changed left = leave_joint(*joint);
  BOOST_TEST((left->learners == std::set{NodeId{3}}));
  BOOST_TEST(!left->voters.contains(NodeId{3}));
}

BOOST_AUTO_TEST_CASE(who_joins_is_a_learner_that_is_remembered_until_it_votes_or_goes) {
  const Changed joined = change_simply(configuration_of({NodeId{1}}), changes_in("j2 j3 j4"));
  BOOST_TEST((joined->joining == std::set{NodeId{2}, NodeId{3}, NodeId{4}}));
  BOOST_TEST((joined->learners == joined->joining));
  const Changed on = change_simply(*joined, changes_in("v2 r3 l4"));
  BOOST_TEST(on->joining.empty());
  BOOST_TEST((on->learners == std::set{NodeId{4}}));
  BOOST_TEST((on->voters.incoming == std::set{NodeId{1}, NodeId{2}}));
}

BOOST_AUTO_TEST_CASE(majorities_before_and_after_any_allowed_change_share_a_member) {
  Randomness random(11);
  constexpr std::uint64_t nodes = 6;
  unsigned simple = 0;
  unsigned joint = 0;
  for (int round = 0; round < 1500; ++round) {
    Configuration from = configuration_of({NodeId{1 + random.below(nodes)}});
    if (const Changed grown = enter_joint(from, some_changes(random, nodes), false))
      from = *leave_joint(*grown);
    const auto changes = some_changes(random, nodes);
    if (const Changed to = change_simply(from, changes)) {
      ++simple;
      BOOST_TEST(is_consistent(*to));
      BOOST_TEST(always_share_a_member(from.voters, to->voters, nodes));
    }
    if (const Changed to = enter_joint(from, changes, true)) {
      ++joint;
      BOOST_TEST(is_consistent(*to));
      const Changed left = leave_joint(*to);
      BOOST_REQUIRE(left.has_value());
      BOOST_TEST(is_consistent(*left));
      BOOST_TEST(always_share_a_member(from.voters, to->voters, nodes));
      BOOST_TEST(always_share_a_member(to->voters, left->voters, nodes));
    }
  }
  BOOST_TEST(simple > 100u);
  BOOST_TEST(joint > 1000u);
}

BOOST_AUTO_TEST_CASE(changes_through_the_joint_state_end_where_single_steps_would) {
  Randomness random(12);
  for (int round = 0; round < 2000; ++round) {
    const Configuration from = configuration_of({NodeId{1}, NodeId{2}}, {NodeId{3}});
    const auto changes = some_changes(random, 6);
    const Changed joint = enter_joint(from, changes, false);
    Changed stepwise = from;
    for (const MemberChange& one : changes)
      if (stepwise) stepwise = change_simply(*stepwise, std::span(&one, 1));
    if (!joint || !stepwise) continue;  // single steps may pass through a group without voters
    Configuration left = *leave_joint(*joint);
    stepwise->joining.clear();  // a demoted voter cannot join before the joint state is left
    left.joining.clear();
    BOOST_TEST((left == *stepwise));
  }
}

BOOST_AUTO_TEST_CASE(what_contradicts_itself_is_known_as_such) {
  const std::set one{NodeId{1}}, two{NodeId{2}};
  BOOST_TEST(is_consistent(configuration_of(one, two)));
  BOOST_TEST(!is_consistent(Configuration{}));
  BOOST_TEST(!is_consistent(configuration_of({NodeId{0}, NodeId{1}})));
  BOOST_TEST(!is_consistent(configuration_of(one, one)));
  BOOST_TEST(!is_consistent({{one, two}, two, {}, {}, false}));
  BOOST_TEST(!is_consistent({{one, {}}, {}, one, {}, false}));
  BOOST_TEST(!is_consistent({{one, {}}, {}, {}, two, false}));
  BOOST_TEST(!is_consistent({{one, {}}, {}, {}, {}, true}));
}

BOOST_AUTO_TEST_SUITE_END()
