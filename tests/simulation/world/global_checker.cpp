#include "global_checker.hpp"

#include <algorithm>

#include "names.hpp"
#include "tla_invariants.hpp"

namespace runink::raft::simulation {
namespace {

const AppendResponse* answer_in(const Input& input, const Core& core) {
  const auto* receive = std::get_if<Receive>(&input);
  if (!receive || core.role() != Role::leader || receive->envelope.term != core.term())
    return nullptr;
  return std::get_if<AppendResponse>(&receive->envelope.message);
}

std::uint32_t terms_in(const Log& log) {
  std::uint32_t terms = 0;
  Term last;
  for (const Entry& entry : log.entries())
    if (entry.term != last) {
      ++terms;
      last = entry.term;
    }
  return terms;
}

}  // namespace

void GlobalChecker::before_step(NodeId, const Core& core, const Input& input) {
  before_ = observe(core);
  before_joint_ = core.configuration().is_joint();
  if (core.role() == Role::leader) before_voters_ = core.voters();
  rejecting_ = accepting_ = std::nullopt;
  if (const AppendResponse* answer = answer_in(input, core)) {
    const NodeId from = std::get<Receive>(input).envelope.from;
    const auto follower = core.followers().find(from);
    if (follower == core.followers().end()) return;
    (answer->accepted ? accepting_ : rejecting_) = from;
    rejecting_next_ = follower->second.next();
  }
}

void GlobalChecker::after_step(NodeId node, const Core& core, const Effects& effects) {
  if (look_inside_) {
    judge(Property::own_invariant);
    judge(Property::bounded);
    if (const auto broken = broken_invariant(before_, core, effects))
      throw Violation{Property::own_invariant,
                      name(node) + ": it does not hold that " + std::string(*broken)};
  }
  count_changes(core, effects);
  if (core.role() == Role::leader && (before_.role != Role::leader || before_.term != core.term()))
    elected(node, core);
  for (LogIndex i = next(before_.committed); i <= core.log().committed(); i = next(i))
    committed_by(node, core, i);
  look_at_version(node, core);
  if (rejecting_ || accepting_) look_at_probes(node, core);
  if (accepting_) matches_are_durable(moment());
}

Moment GlobalChecker::moment() const {
  return {nodes_,
          [](const void* from, LogIndex index) -> const Entry& {
            return static_cast<const GlobalChecker*>(from)->committed(index);
          },
          this, LogIndex{committed_.size()}};
}

void GlobalChecker::look_at_version(NodeId node, const Core& core) const {
  judge(Property::versions);
  const auto newer = versions_.upper_bound(core.log().committed());
  const Version expected = newer == versions_.begin() ? Version{1} : std::prev(newer)->second;
  if (!core.stopped() && core.version() != expected)
    throw Violation{Property::versions,
                    name(node) + " speaks version " + std::to_string(core.version().value) +
                        " where the log says " + std::to_string(expected.value)};
}

// Where two logs agree is found with at most one question for each term (etcd-io/raft's hints); one for
// each entry would take for ever.
void GlobalChecker::look_at_probes(NodeId node, const Core& core) {
  Rejections& known = rejections_[node];
  if (known.term != core.term()) known = {core.term(), {}};
  if (accepting_) {
    known.in_a_row.erase(*accepting_);
    return;
  }
  coverage_.count(Happens::rejected_appends);
  const auto follower = core.followers().find(*rejecting_);
  if (core.role() != Role::leader || follower == core.followers().end() ||
      follower->second.next() >= rejecting_next_)
    return;
  judge(Property::liveness);
  constexpr std::uint32_t slack = 4;  // a restart, or an answer to an older question, in between
  if (++known.in_a_row[*rejecting_] > terms_in(core.log()) + slack)
    throw Violation{Property::liveness, name(node) + " has asked " + name(*rejecting_) +
                                            " more often than there are terms in its log, and does "
                                            "not know where their logs agree"};
}

void GlobalChecker::count_changes(const Core& core, const Effects& effects) {
  const auto was = before_.role;
  const auto is = core.role();
  if (was == Role::leader && is != Role::leader) coverage_.count(Happens::leaders_deposed);
  if (was == Role::pre_candidate && is == Role::follower) coverage_.count(Happens::pre_votes_lost);
  if (was == Role::candidate && is == Role::follower) coverage_.count(Happens::votes_lost);
  if (effects.persist && effects.persist->truncate_from) coverage_.count(Happens::logs_truncated);
  const LogIndex configured = core.configurations().newest_index();
  if (configured < before_.configuration_index) coverage_.count(Happens::configurations_taken_back);
  if (configured > before_.configuration_index) {
    if (core.configuration().is_joint()) coverage_.count(Happens::joint_configurations);
    const bool leads = is == Role::leader && was == Role::leader;
    if (leads && before_joint_ && !core.configuration().is_joint() &&
        !core.log().matches(before_.configuration_index, core.term()))
      coverage_.count(Happens::joint_left_by_another);
  }
}

void GlobalChecker::elected(NodeId node, const Core& core) {
  coverage_.count(Happens::elections);
  judge(Property::election_safety);
  judge(Property::leader_completeness);
  const auto [known, is_new] = leaders_.emplace(core.term(), node);
  if (!is_new && known->second != node)
    throw Violation{Property::election_safety, name(core.term()) + " has two leaders, " +
                                                   name(known->second) + " and " + name(node)};
  if (!is_new)
    throw Violation{Property::election_safety,
                    name(node) + " became leader of " + name(core.term()) + " twice"};
  for (auto one = committed_.rbegin(); one != committed_.rend(); ++one) {
    if (one->entry.index < core.log().first()) break;
    if (one->by < core.term() && !core.log().matches(one->entry.index, one->entry.term))
      throw Violation{Property::leader_completeness, name(node) + " leads " + name(core.term()) +
                                                         " without the committed " +
                                                         name(one->entry.index)};
  }
}

void GlobalChecker::committed_by(NodeId node, const Core& core, LogIndex index) {
  judge(Property::state_machine_safety);
  if (index < core.log().first()) {  // by a snapshot, whose content was looked at
    if (index.value > committed_.size())
      throw Violation{Property::snapshots, name(node) + " has a snapshot with " + name(index) +
                                               ", which nobody committed"};
    return;
  }
  const Entry& entry = core.log().at(index);
  if (index.value <= committed_.size()) {
    if (committed_[index.value - 1].entry != entry)
      throw Violation{Property::state_machine_safety,
                      name(node) + " commits another " + name(index)};
    return;
  }
  if (index.value != committed_.size() + 1)
    throw Violation{Property::state_machine_safety,
                    name(node) + " commits " + name(index) + " before its predecessor"};
  judge(Property::acknowledged_survives);
  // One step may commit a configuration and, being a leader's, append the one that follows it.
  const auto durable = [&](const Voters& voters) {
    std::map<NodeId, LogIndex> held;
    for (const auto& [id, other] : nodes_)
      if (other->disk().holds(entry)) held[id] = index;
    return committed_index(voters, held) >= index;
  };
  if (!durable(core.voters()) && !durable(before_voters_))
    throw Violation{Property::acknowledged_survives,
                    name(node) + " commits " + name(index) +
                        " without durable copies on a majority of its voters"};
  if (entry.type == EntryType::command && entry.payload.starts_with("p") &&
      !payloads_.insert(entry.payload).second)
    throw Violation{Property::exactly_once,
                    name(index) + " commits a proposal that was committed before"};
  coverage_.count(Happens::entries_committed);
  if (entry.type == EntryType::configuration) configuration_committed(entry);
  if (entry.type == EntryType::set_version) {
    coverage_.count(Happens::versions_raised);
    versions_[index] = *version_in(entry);
  }
  const std::uint64_t before = committed_.empty() ? 0 : committed_.back().chain;
  committed_.push_back({entry, core.term(), chain(before, entry), 0});
}

void GlobalChecker::configuration_committed(const Entry& entry) {
  coverage_.count(Happens::configurations);
  judge(Property::reconfiguration);
  Configuration configuration = *configuration_in(entry);
  for (const NodeId id : learners_)
    if (configuration.voters.incoming.contains(id)) coverage_.count(Happens::learners_promoted);
  learners_ = std::move(configuration.learners);
}

void GlobalChecker::applied(NodeId node, const Entry& entry, const Machine& after) {
  judge(Property::state_machine_safety);
  const LogIndex index = entry.index;
  if (index.value > committed_.size() || committed_[index.value - 1].entry != entry ||
      committed_[index.value - 1].chain != after.entries_hash())
    throw Violation{Property::state_machine_safety, name(node) + " applies another " + name(index)};
  std::uint64_t& state = committed_[index.value - 1].state;
  if (state == 0) state = after.cluster().hash;
  if (state != after.cluster().hash)
    throw Violation{Property::state_machine_safety,
                    name(node) + " holds another state after " + name(index)};
}

void GlobalChecker::installed(NodeId node, const SnapshotMeta& meta, const Machine& content) {
  judge(Property::snapshots);
  if (meta.index.value > committed_.size() || content.applied() != meta.index ||
      committed_[meta.index.value - 1].entry.term != meta.term ||
      committed_[meta.index.value - 1].chain != content.entries_hash())
    throw Violation{Property::snapshots, name(node) + " installs a snapshot at " +
                                             name(meta.index) +
                                             " that holds something else than was committed"};
}

void GlobalChecker::look_at_all() const {
  const Moment now = moment();
  more_than_one_leader(now);
  judge(Property::election_safety);
  log_matching(now);
  judge(Property::log_matching);
  log_inv(now);
  judge(Property::state_machine_safety);
  quorum_log(now);
  matches_are_durable(now);
  judge(Property::acknowledged_survives);
  more_up_to_date_correct(now);
  judge(Property::leader_completeness);
}

NodeId GlobalChecker::leader_of_newest_term() const {
  NodeId leading;
  for (const auto& [id, node] : nodes_) {
    if (!node->is_up() || node->core().role() != Role::leader) continue;
    if (leading == NodeId{} || nodes_.at(leading)->core().term() < node->core().term())
      leading = id;
  }
  return leading;
}

std::optional<std::string> GlobalChecker::unsettled(const std::set<NodeId>& dead) const {
  const NodeId leading = leader_of_newest_term();
  if (leading == NodeId{}) return "no leader although everything is healed";
  const Core& leader = nodes_.at(leading)->core();
  if (leader.log().committed() != leader.log().last())
    return "the leader's last entry does not commit";
  if (leader.configuration().is_joint()) return "the joint configuration is not left";
  for (const NodeId id : leader.configuration().members()) {
    if (dead.contains(id)) continue;
    const auto found = nodes_.find(id);
    if (found == nodes_.end() || !found->second->is_up())
      return name(id) + " is lost and still a member";
    const SimulatedNode& node = *found->second;
    if (node.core().leader() != leading) return name(id) + " does not know the leader";
    if (node.core().log().last() != leader.log().last() ||
        node.machine().applied() != leader.log().last())
      return name(id) + " has not caught up";
    if (node.core().version() != leader.version()) return name(id) + " speaks another version";
    if (node.core().configuration() != leader.configuration())
      return name(id) + " has another configuration";
  }
  return std::nullopt;
}

void GlobalChecker::nothing_is_lost(const std::set<NodeId>& dead) {
  const Core& leader = nodes_.at(leader_of_newest_term())->core();
  judge(Property::liveness);
  judge(Property::acknowledged_survives);
  if (acknowledged_ > leader.log().committed() || committed_.size() != leader.log().last().value)
    throw Violation{Property::acknowledged_survives,
                    name(acknowledged_) + " was acknowledged and is gone"};
  for (const NodeId id : leader.configuration().members()) {
    if (dead.contains(id)) continue;
    if (nodes_.at(id)->machine().entries_hash() != committed_.back().chain)
      throw Violation{Property::state_machine_safety, name(id) + " differs at the end"};
  }
}

}  // namespace runink::raft::simulation
