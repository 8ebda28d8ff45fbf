#include "runner/script_node.hpp"

#include <algorithm>
#include <utility>

#include "raft/invariants.hpp"
#include "vocabulary/codec.hpp"

namespace runink::conformance {
namespace {

raft::Config config_of(NodeId id, const NodeSettings& settings) {
  raft::Config config;
  config.self = id;
  config.voters = settings.voters;
  config.learners = settings.learners;
  config.heartbeat = tick;
  config.election_shortest = tick * election_ticks;
  config.election_longest = tick * (2 * election_ticks - 1);
  config.check_quorum = tick * election_ticks;
  config.transfer_longest = tick * election_ticks;
  config.batch_most = config.window_bytes = config.uncommitted_most = GiB(1);
  config.unapplied_bytes_most = config.log_most = GiB(1);
  config.batch_entries_most = 1u << 30;
  config.window_messages = static_cast<std::uint32_t>(settings.in_flight);
  config.window_messages_most = config.window_messages;
  config.asks_pre_votes = settings.asks_pre_votes;
  config.checks_quorum = settings.checks_quorum;
  config.mutant = settings.mutant;
  config.seed = id.value;
  return config;
}

/// Entries that nobody remembers making, as the group's founding log; the last one says who belongs
/// to it.
raft::Recovered founded(const NodeSettings& settings) {
  raft::Recovered log;
  if (settings.index == 0) return log;
  log.hard_state = {Term{1}, NodeId{}, LogIndex{settings.index}};
  for (std::uint64_t i = 1; i <= settings.index; ++i)
    log.entries.push_back({Term{1}, LogIndex{i}, raft::EntryType::no_op, {}});
  log.entries.back().type = raft::EntryType::configuration;
  log.entries.back().payload =
      encode(raft::Configuration{{settings.voters, {}}, settings.learners, {}, {}, false});
  return log;
}

/// In the scripts these wait for what was asked to be written before them.
bool is_answer(const Delivery& one) {
  return one.spoken->is("MsgAppResp") || one.spoken->is("MsgVoteResp") ||
         one.spoken->is("MsgPreVoteResp");
}

}  // namespace

std::string state_name(raft::Role role) {
  switch (role) {
    case raft::Role::follower: return "StateFollower";
    case raft::Role::pre_candidate: return "StatePreCandidate";
    case raft::Role::candidate: return "StateCandidate";
    case raft::Role::leader: return "StateLeader";
  }
  return "unknown";
}

ScriptNode::ScriptNode(NodeId id, NodeSettings settings, Surroundings surroundings)
    : settings_(std::move(settings)),
      around_(std::move(surroundings)),
      core_(config_of(id, settings_), founded(settings_), LogIndex{settings_.index}),
      disk_(founded(settings_).entries),
      first_index_(settings_.index + 1),
      told_hard_(hard()),
      told_soft_(soft()) {
  if (settings_.index > 0) around_.met(Difference::founding_term);
  tell_role();
}

HardFacts ScriptNode::hard() const {
  return {drawn_term(core_.term()), core_.vote().value, core_.log().committed().value};
}

std::string ScriptNode::soft() const {
  return "Lead:" + std::to_string(core_.leader().value) + " State:" + state_name(core_.role());
}

std::string ScriptNode::role_and_term() const {
  const auto role = [&] {
    switch (core_.role()) {
      case raft::Role::follower: return "follower";
      case raft::Role::pre_candidate: return "pre-candidate";
      case raft::Role::candidate: return "candidate";
      case raft::Role::leader: return "leader";
    }
    return "unknown";
  };
  return std::string(role()) + " at term " + std::to_string(drawn_term(core_.term()));
}

void ScriptNode::tell_role() {
  if (role_and_term() == told_role_) return;
  told_role_ = role_and_term();
  around_.facts.nodes[id().value].roles.push_back(told_role_);
}

// The core is asked, as a stranger would ask it: a copy, with the best of all requests.
bool ScriptNode::hears_a_leader() const {
  raft::Core copy = core_;
  const raft::PreVoteRequest best{next(core_.term()), LogIndex{~std::uint64_t{0}},
                                  next(core_.term())};
  const NodeId stranger{nodes_most + 1};
  const auto effects =
      copy.step(raft::Receive{{1, stranger, core_.config().self, core_.term(), best}});
  const auto refused = [](const raft::Envelope& envelope) {
    const auto* answer = std::get_if<raft::PreVoteResponse>(&envelope.message);
    return answer && !answer->granted;
  };
  return std::ranges::any_of(effects.send_now, refused) ||
         std::ranges::any_of(effects.after_durable, refused);
}

ScriptNode::Cause ScriptNode::cause_of(const raft::Input& input) const {
  const auto* receive = std::get_if<raft::Receive>(&input);
  if (!receive) return {};
  Cause cause;
  cause.from = receive->envelope.from;
  const auto* pre_vote = std::get_if<raft::PreVoteRequest>(&receive->envelope.message);
  cause.older_term = !pre_vote && receive->envelope.term < core_.term();
  cause.asks_for_vote = std::holds_alternative<raft::VoteRequest>(receive->envelope.message);
  cause.in_lease = pre_vote && pre_vote->next_term > core_.term() && hears_a_leader();
  return cause;
}

void ScriptNode::take_message(const raft::Envelope& envelope, const Cause& cause) {
  auto message = spoken(envelope);
  if (!message) return;
  if (cause.older_term && envelope.to == cause.from) {
    if (cause.asks_for_vote || !(settings_.asks_pre_votes || settings_.checks_quorum))
      return around_.met(Difference::silence_to_an_older_term);
    around_.met(Difference::answer_to_an_older_term);
    message = Spoken{message->from, message->to, "MsgAppResp", message->term, 0, 0, {}, 0, {}, {}};
  }
  if (cause.in_lease && message->is("MsgPreVoteResp"))
    return around_.met(Difference::silence_in_a_lease);
  ready_.messages.push_back({envelope.to, std::move(message), envelope});
}

raft::Effects ScriptNode::step(raft::Input input) {
  const Cause cause = cause_of(input);
  const raft::Observation before = observe(core_);
  raft::Effects effects = core_.step(std::move(input));
  if (const auto broken = broken_invariant(before, core_, effects))
    around_.broken("at node " + std::to_string(id().value) + " it does not hold that " +
                   std::string(*broken));
  for (const raft::Envelope& one : effects.send_now) take_message(one, cause);
  for (const raft::Envelope& one : effects.after_durable) take_message(one, cause);
  if (effects.persist) ready_.writes.push_back(*effects.persist);
  ready_.apply.insert(ready_.apply.end(), effects.apply.begin(), effects.apply.end());
  tell_role();
  return effects;
}

void ScriptNode::redirect(std::string payload) {
  const std::uint64_t leader = core_.leader().value;
  Spoken message{id().value, leader, "MsgProp", 0, 0, 0, {}, 0, {}, {}};
  message.entries.push_back(drawn_in_transit(payload));
  ready_.messages.push_back({core_.leader(), std::move(message), Redirected{std::move(payload)}});
  around_.met(Difference::client_is_redirected);
}

void ScriptNode::tick_once() {
  if (!std::exchange(ticked_, true))
    step(raft::Tick{now_});  // the first only tells what time it is
  now_ = now_ + tick;
  step(raft::Tick{now_});
}

bool ScriptNode::has_ready() const {
  return !ready_.writes.empty() || !ready_.messages.empty() || !ready_.apply.empty() ||
         hard() != told_hard_ || soft() != told_soft_;
}

void ScriptNode::tell() {
  NodeFacts& facts = around_.facts.nodes[id().value];
  if (hard() != told_hard_) facts.hard.push_back(told_hard_ = hard());
  if (soft() != told_soft_) facts.soft.push_back(told_soft_ = soft());
  for (const raft::Persist& write : ready_.writes)
    for (const raft::Entry& entry : write.entries) facts.entries.push_back(drawn(entry));
}

void ScriptNode::apply(const std::vector<raft::Entry>& entries) {
  NodeFacts& facts = around_.facts.nodes[id().value];
  for (const raft::Entry& entry : entries) facts.committed.push_back(drawn(entry));
  if (entries.empty()) return;
  if (settings_.append_thread)
    apply_work_.push_back(entries.back().index);
  else
    step(raft::Applied{entries.back().index});
}

std::optional<raft::LogPersisted> ScriptNode::write(const std::vector<raft::Persist>& writes) {
  for (const raft::Persist& one : writes) {
    if (one.truncate_from) disk_.resize(one.truncate_from->value - 1);
    disk_.insert(disk_.end(), one.entries.begin(), one.entries.end());
  }
  if (writes.empty()) return std::nullopt;
  const raft::Persist& last = writes.back();
  return raft::LogPersisted{last.seq, last.last_term(), last.last_index()};
}

void ScriptNode::process_ready() {
  const bool hard_is_news = hard() != told_hard_;
  tell();
  Ready ready = std::exchange(ready_, {});
  AppendWork work{std::move(ready.writes), {}};
  for (Delivery& one : ready.messages) {
    if (settings_.append_thread && one.spoken->is("MsgVote"))
      around_.met(Difference::votes_wait_for_the_disk);
    if (!settings_.append_thread || !is_answer(one)) {
      around_.facts.sent.push_back(*one.spoken);
      around_.network.push_back(std::move(one));
    } else {
      around_.met(Difference::answers_wait_for_the_script);
      work.answers.push_back(std::move(one));
    }
  }
  if (!settings_.append_thread) {
    if (const auto persisted = write(work.writes)) step(*persisted);
    // What was committed before this write and is durable by it belongs to this step, too.
    const auto later = std::ranges::find_if(ready_.apply, [&](const raft::Entry& entry) {
      return entry.index.value > told_hard_.commit;
    });
    ready.apply.insert(ready.apply.end(), ready_.apply.begin(), later);
    ready_.apply.erase(ready_.apply.begin(), later);
    apply(ready.apply);
    return;
  }
  around_.met(Difference::storage_messages);
  if (hard_is_news || !work.writes.empty() || !work.answers.empty())
    append_work_.push_back(std::move(work));
  apply(ready.apply);
}

bool ScriptNode::process_append_thread() {
  if (append_work_.empty()) return false;
  AppendWork work = std::move(append_work_.front());
  append_work_.pop_front();
  const auto persisted = write(work.writes);
  for (Delivery& one : work.answers) {
    around_.facts.sent.push_back(*one.spoken);
    around_.network.push_back(std::move(one));
  }
  if (persisted) around_.network.push_back({id(), std::nullopt, *persisted});
  return true;
}

bool ScriptNode::process_apply_thread() {
  if (apply_work_.empty()) return false;
  around_.network.push_back({id(), std::nullopt, raft::Applied{apply_work_.front()}});
  apply_work_.pop_front();
  return true;
}

}  // namespace runink::conformance
