// What the commands of a script have in common: messages, proposals, changes of members, drawings.
#include <algorithm>
#include <utility>

#include "runner/script_group.hpp"
#include "runner/tables.hpp"

namespace runink::conformance {

using raft::Answer;

void ScriptGroup::propose_at(ScriptNode& node, std::string payload) {
  const raft::Effects effects = node.step(raft::Propose{raft::ProposalTag{1}, {payload}});
  const raft::ProposalOutcome& outcome = effects.proposals.front();
  if (outcome.answer == Answer::not_leader && outcome.leader != NodeId{})
    node.redirect(std::move(payload));
  else if (outcome.answer != Answer::accepted)
    facts_.proposal_dropped = true;
}

void ScriptGroup::deliver(ScriptNode& to, const Delivery& one) {
  if (const auto* envelope = std::get_if<raft::Envelope>(&one.what))
    to.step(raft::Receive{*envelope});
  else if (const auto* persisted = std::get_if<raft::LogPersisted>(&one.what))
    to.step(*persisted);
  else if (const auto* applied = std::get_if<raft::Applied>(&one.what))
    to.step(*applied);
  else if (const auto* client = std::get_if<Redirected>(&one.what))
    propose_at(to, client->payload);
}

Result<std::size_t> ScriptGroup::deliver_all(NodeId to, const std::string& type, bool drop) {
  std::deque<Delivery> left;
  std::vector<Delivery> taken;
  for (Delivery& one : network_) {
    const bool fits = one.to == to && (one.spoken || !drop) &&
                      (type.empty() || (one.spoken && one.spoken->is(type)));
    if (fits)
      taken.push_back(std::move(one));
    else
      left.push_back(std::move(one));
  }
  network_ = std::move(left);
  if (taken.empty()) return 0;
  if (drop) {
    for (const Delivery& one : taken) facts_.dropped.push_back(*one.spoken);
    return taken.size();
  }
  const auto at = node(to);
  if (!at) return std::unexpected(at.error());
  for (const Delivery& one : taken) {
    if (one.spoken) facts_.received.push_back(*one.spoken);
    deliver(**at, one);
  }
  settle(**at);
  return taken.size();
}

bool ScriptGroup::is_quiet() const {
  return network_.empty() &&
         std::ranges::none_of(nodes_, [](const auto& one) { return one->has_ready(); });
}

bool ScriptGroup::work_once(const std::vector<ScriptNode*>& nodes) {
  bool worked = false;
  for (ScriptNode* one : nodes) {
    if (!one->has_ready()) continue;
    one->process_ready();
    settle(*one);
    worked = true;
  }
  for (ScriptNode* one : nodes) worked |= deliver_all(one->id(), {}, false).value_or(0) > 0;
  for (ScriptNode* one : nodes)
    while (one->process_append_thread()) worked = true;
  for (ScriptNode* one : nodes)
    while (one->process_apply_thread()) worked = true;
  return worked;
}

/// Something happened at this node: clients that wait there ask again.
void ScriptGroup::settle(ScriptNode& node) {
  for (auto it = changes_.begin(); it != changes_.end();) {
    bool over = false;
    if (it->at == node.id()) ask_for_change(*it, over);
    it = over ? changes_.erase(it) : std::next(it);
  }
}

void ScriptGroup::ask_for_change(WaitingChange& waiting, bool& over) {
  ScriptNode& at = *nodes_[waiting.at.value - 1];
  const raft::Effects effects = at.step(waiting.change);
  const raft::ProposalOutcome& outcome = effects.proposals.front();
  if (outcome.answer == Answer::not_ready || outcome.answer == Answer::transferring) {
    met_(Difference::change_waits_for_own_term);
  } else if (outcome.answer == Answer::not_leader && outcome.leader != NodeId{} &&
             outcome.leader.value <= nodes_.size()) {
    met_(Difference::client_is_redirected);
    waiting.at = outcome.leader;
  } else {
    over = true;
    if (outcome.answer != Answer::accepted) facts_.change_ignored = true;
  }
}

Result<void> ScriptGroup::propose_change(Arguments command, const std::vector<std::string>& input) {
  const auto nodes = nodes_in(command, 1, 1);
  if (!nodes) return std::unexpected(nodes.error());
  const auto changes = changes_in(input);
  if (!changes) return std::unexpected(changes.error());
  const auto transition = command.values_of("transition");
  const auto way = transition.empty() ? std::string("auto") : transition.front();
  if (way != "auto" && way != "implicit" && way != "explicit")
    return fail(FaultKind::bad_input, "no such transition: " + way);
  met_(Difference::configuration_on_append);
  if (changes->empty()) {  // leaves the joint state, which is over here
    facts_.change_ignored = !std::exchange(script_holds_joint_, false);
    met_(Difference::short_form_and_own_leave);
    return {};
  }
  if (script_holds_joint_) {
    met_(Difference::change_while_joint_is_not_asked);
    facts_.change_ignored = true;
    return {};
  }
  if (way != "auto" || changes->size() > 1) met_(Difference::short_form_and_own_leave);
  script_holds_joint_ = way == "explicit";
  WaitingChange waiting{nodes->front()->id(), {raft::ProposalTag{2}, *changes, {}, true}};
  bool over = false;
  ask_for_change(waiting, over);
  if (!over) changes_.push_back(std::move(waiting));
  return {};
}

void ScriptGroup::draw_log(const ScriptNode& node) {
  const auto& disk = node.disk();
  if (disk.size() < node.first_index())
    facts_.drawing.push_back("log is empty: first index=" + std::to_string(node.first_index()) +
                             ", last index=" + std::to_string(disk.size()));
  for (std::uint64_t i = node.first_index(); i <= disk.size(); ++i)
    facts_.drawing.push_back(drawn(disk[i - 1]));
}

Result<void> ScriptGroup::raft_log(Arguments command) {
  const auto nodes = nodes_in(command, 1, 1);
  if (!nodes) return std::unexpected(nodes.error());
  draw_log(*nodes->front());
  return {};
}

Result<void> ScriptGroup::raft_state(Arguments command) {
  if (!command.arguments.empty()) return fail(FaultKind::bad_input, "raft-state takes nothing");
  for (const auto& one : nodes_) {
    const raft::Core& core = one->core();
    facts_.drawing.push_back(std::to_string(one->id().value) + ": " + state_name(core.role()) +
                             (core.voters().contains(one->id()) ? " (Voter)" : " (Non-Voter)") +
                             " Term:" + std::to_string(drawn_term(core.term())) +
                             " Lead:" + std::to_string(core.leader().value));
  }
  return {};
}

Result<void> ScriptGroup::status(Arguments command) {
  const auto nodes = nodes_in(command, 1, 1);
  if (!nodes) return std::unexpected(nodes.error());
  facts_.drawing = drawn_status(*nodes->front());
  return {};
}

std::vector<std::string> drawn_status(const ScriptNode& node) {
  const raft::Core& core = node.core();
  if (core.role() != raft::Role::leader) return {};
  std::map<NodeId, std::string> lines;
  const auto start = [&](NodeId id, std::string_view state, LogIndex match, LogIndex next) {
    std::string& line = lines[id];
    line = std::to_string(id.value) + ": " + std::string(state) +
           " match=" + std::to_string(match.value) + " next=" + std::to_string(next.value);
    if (core.configuration().learners.contains(id)) line += " learner";
    return &line;
  };
  if (core.configuration().members().contains(core.config().self))
    start(core.config().self, "StateReplicate", core.log().durable(), next(core.log().durable()));
  for (const auto& [id, follower] : core.followers()) {
    const bool probes = follower.state() == raft::FollowerProgress::State::probe;
    std::string& line =
        *start(id, probes ? "StateProbe" : "StateReplicate", follower.match(), follower.next());
    const bool full = follower.in_flight() >= core.config().window_messages;
    if (probes ? !follower.can_send() : full) line += " paused";
    if (follower.in_flight() > 0)
      line += " inflight=" + std::to_string(follower.in_flight()) + (full ? "[full]" : "");
  }
  std::vector<std::string> drawing;
  for (auto& [id, line] : lines) drawing.push_back(std::move(line));
  return drawing;
}

}  // namespace runink::conformance
