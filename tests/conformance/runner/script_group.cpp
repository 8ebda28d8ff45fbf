#include "runner/script_group.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "runner/tables.hpp"

namespace runink::conformance {
namespace {

constexpr std::size_t rounds_most = 10'000;  // until a group must have settled

std::unexpected<Fault> bad(std::string what) { return fail(FaultKind::bad_input, std::move(what)); }

Result<void> take_flag(bool& into, const std::string& text) {
  if (text != "true" && text != "false") return bad("\"" + text + "\" is neither true nor false");
  into = text == "true";
  return {};
}

Result<void> take_ids(std::set<NodeId>& into, const std::vector<std::string>& texts) {
  const auto ids = ids_in(texts);
  if (!ids) return std::unexpected(ids.error());
  into.insert(ids->begin(), ids->end());
  return {};
}

Result<void> take_number(std::uint64_t& into, const std::string& text, std::uint64_t most) {
  const auto number = number_in(text, "number", most);
  if (!number) return std::unexpected(number.error());
  into = *number;
  return {};
}

}  // namespace

Result<StepFacts> ScriptGroup::perform(const Directive& directive) {
  using Perform = Outcome (ScriptGroup::*)(Arguments);
  static const std::map<std::string, Perform> commands{
      {"add-nodes", &ScriptGroup::add_nodes},
      {"campaign", &ScriptGroup::campaign},
      {"compact", &ScriptGroup::compact},
      {"deliver-msgs", &ScriptGroup::deliver_msgs},
      {"forget-leader", &ScriptGroup::forget_leader},
      {"process-append-thread", &ScriptGroup::process_append_thread},
      {"process-apply-thread", &ScriptGroup::process_apply_thread},
      {"process-ready", &ScriptGroup::process_ready},
      {"propose", &ScriptGroup::propose},
      {"raft-log", &ScriptGroup::raft_log},
      {"raft-state", &ScriptGroup::raft_state},
      {"report-unreachable", &ScriptGroup::report_unreachable},
      {"send-snapshot", &ScriptGroup::send_snapshot},
      {"set-randomized-election-timeout", &ScriptGroup::set_election_timeout},
      {"stabilize", &ScriptGroup::stabilize},
      {"status", &ScriptGroup::status},
      {"tick-election", &ScriptGroup::tick_election},
      {"tick-heartbeat", &ScriptGroup::tick_heartbeat},
      {"transfer-leadership", &ScriptGroup::transfer_leadership},
  };
  facts_ = {};
  const Command& command = directive.command;
  Outcome outcome;
  if (command.name == "propose-conf-change") {
    outcome = propose_change(command, directive.input);
  } else {
    const auto found = commands.find(command.name);
    if (found == commands.end()) return bad("there is no command " + command.name);
    if (!directive.input.empty()) return bad(command.name + " takes no lines of input");
    outcome = (this->*found->second)(command);
  }
  if (!outcome) return std::unexpected(outcome.error());
  return std::move(facts_);
}

Result<ScriptNode*> ScriptGroup::node(NodeId id) {
  if (id == NodeId{} || id.value > nodes_.size())
    return bad("there is no node " + std::to_string(id.value));
  return nodes_[id.value - 1].get();
}

Result<ScriptNode*> ScriptGroup::node_in(const std::string& word) {
  const auto ids = ids_in({word});
  if (!ids) return std::unexpected(ids.error());
  return node(ids->front());
}

Result<std::vector<ScriptNode*>> ScriptGroup::nodes_in(Arguments command, std::size_t least,
                                                       std::size_t most) {
  std::vector<ScriptNode*> nodes;
  for (const std::string& word : command.words()) {
    const auto one = node_in(word);
    if (!one) return std::unexpected(one.error());
    nodes.push_back(*one);
  }
  if (nodes.size() < least || (most != 0 && nodes.size() > most))
    return bad(command.name + " is given " + std::to_string(nodes.size()) + " nodes");
  return nodes;
}

Result<void> ScriptGroup::add_nodes(Arguments command) {
  NodeSettings settings;
  settings.mutant = mutant_;
  for (const Argument& one : command.arguments) {
    if (one.values.empty()) continue;
    const std::string& value = one.values.front();
    Outcome taken;
    if (one.key == "voters")
      taken = take_ids(settings.voters, one.values);
    else if (one.key == "learners")
      taken = take_ids(settings.learners, one.values);
    else if (one.key == "index")
      taken = take_number(settings.index, value, 10'000);
    else if (one.key == "inflight")
      taken = take_number(settings.in_flight, value, 1u << 30);
    else if (one.key == "async-storage-writes")
      taken = take_flag(settings.append_thread, value);
    else if (one.key == "prevote")
      taken = take_flag(settings.asks_pre_votes, value);
    else if (one.key == "checkquorum")
      taken = take_flag(settings.checks_quorum, value);
    else if (one.key == "read-only" && (value == "safe" || value == "lease-based"))
      settings.reads_by_lease = value == "lease-based";
    else if (one.key == "max-committed-size-per-ready")
      met_(Difference::no_limit_of_what_is_handed_out);
    else if (one.key == "disable-conf-change-validation")
      met_(Difference::validation_always);
    else if (one.key != "step-down-on-removal" && one.key != "content")
      taken = bad("add-nodes knows no " + one.key + "=" + value);
    if (!taken) return taken;
  }
  const auto words = command.words();
  if (words.size() != 1) return bad("add-nodes wants the number of nodes");
  const auto count = number_in(words.front(), "number of nodes", nodes_most);
  if (!count) return std::unexpected(count.error());
  if (nodes_.size() + *count > nodes_most)
    return bad("a script may have at most " + std::to_string(nodes_most) + " nodes");
  if ((settings.index == 0) != settings.voters.empty() || settings.in_flight == 0)
    return bad("add-nodes wants voters and an index above 0, or neither");
  // Two groups in one network would be two leaders in one term.
  for (const auto& other : nodes_)
    if (settings.index > 0 && other->settings().index > 0 &&
        (other->settings().voters != settings.voters ||
         other->settings().learners != settings.learners ||
         other->settings().index != settings.index))
      return bad("a script founds one group");
  for (std::uint64_t i = 0; i < *count; ++i)
    nodes_.push_back(std::make_unique<ScriptNode>(NodeId{nodes_.size() + 1}, settings,
                                                  Surroundings{network_, facts_, met_, broken_}));
  return {};
}

Result<void> ScriptGroup::campaign(Arguments command) {
  const auto nodes = nodes_in(command, 1, 1);
  if (!nodes) return std::unexpected(nodes.error());
  nodes->front()->step(raft::Campaign{});
  return {};
}

Result<void> ScriptGroup::compact(Arguments command) {
  const auto words = command.words();
  if (words.size() != 2) return bad("compact wants a node and an index");
  const auto at = node_in(words[0]);
  if (!at) return std::unexpected(at.error());
  const auto index = number_in(words[1], "index");
  if (!index) return std::unexpected(index.error());
  if (*index > (*at)->core().applied().value) return bad("what is not applied cannot be cut");
  (*at)->hide_before(*index + 1);
  met_(Difference::no_snapshots_yet);
  draw_log(**at);
  return {};
}

Result<void> ScriptGroup::deliver_msgs(Arguments command) {
  const auto words = command.words();
  const auto types = command.values_of("type");
  const auto dropped = command.values_of("drop");
  if (command.arguments.size() !=
      words.size() + (types.empty() ? 0u : 1u) + (dropped.empty() ? 0u : 1u))
    return bad("deliver-msgs knows type= and drop= only");
  const std::string type = types.empty() ? std::string() : types.front();
  for (const bool drop : {false, true}) {
    const auto ids = ids_in(drop ? dropped : words);
    if (!ids) return std::unexpected(ids.error());
    for (const NodeId id : *ids)
      if (const auto done = deliver_all(id, type, drop); !done)
        return std::unexpected(done.error());
  }
  return {};
}

Result<void> ScriptGroup::forget_leader(Arguments command) {
  const auto nodes = nodes_in(command, 1, 1);
  if (!nodes) return std::unexpected(nodes.error());
  ScriptNode& at = *nodes->front();
  if (at.settings().reads_by_lease && at.core().role() == raft::Role::follower) {
    met_(Difference::no_reads_by_lease);
    facts_.forget_refused = true;
  } else {
    at.step(raft::ForgetLeader{});
  }
  return {};
}

Result<void> ScriptGroup::process_append_thread(Arguments command) {
  const auto nodes = nodes_in(command, 1, 0);
  if (!nodes) return std::unexpected(nodes.error());
  for (ScriptNode* one : *nodes) one->process_append_thread();
  return {};
}

Result<void> ScriptGroup::process_apply_thread(Arguments command) {
  const auto nodes = nodes_in(command, 1, 0);
  if (!nodes) return std::unexpected(nodes.error());
  for (ScriptNode* one : *nodes) one->process_apply_thread();
  return {};
}

Result<void> ScriptGroup::process_ready(Arguments command) {
  const auto nodes = nodes_in(command, 1, 0);
  if (!nodes) return std::unexpected(nodes.error());
  for (ScriptNode* one : *nodes) {
    one->process_ready();
    settle(*one);
  }
  return {};
}

Result<void> ScriptGroup::propose(Arguments command) {
  const auto words = command.words();
  if (words.size() != 2) return bad("propose wants a node and one word");
  const auto at = node_in(words[0]);
  if (!at) return std::unexpected(at.error());
  propose_at(**at, words[1]);
  return {};
}

Result<void> ScriptGroup::report_unreachable(Arguments command) {
  const auto nodes = nodes_in(command, 2, 2);
  if (!nodes) return std::unexpected(nodes.error());
  nodes->front()->step(raft::PeerUnreachable{nodes->back()->id()});
  return {};
}

Result<void> ScriptGroup::send_snapshot(Arguments command) {
  const auto nodes = nodes_in(command, 2, 2);
  if (!nodes) return std::unexpected(nodes.error());
  met_(Difference::no_snapshots_yet);
  return {};
}

Result<void> ScriptGroup::set_election_timeout(Arguments command) {
  const auto nodes = nodes_in(command, 1, 1);
  if (!nodes) return std::unexpected(nodes.error());
  const auto values = command.values_of("timeout");
  const auto ticks = number_in(values.empty() ? "" : values.front(), "number of ticks", 1000);
  if (!ticks) return std::unexpected(ticks.error());
  if (*ticks == 0) return bad("a timeout is at least one tick");
  nodes->front()->step(raft::SetElectionTimeout{tick * static_cast<std::int64_t>(*ticks)});
  return {};
}

Result<void> ScriptGroup::stabilize(Arguments command) {
  auto nodes = nodes_in(command, 0, 0);
  if (!nodes) return std::unexpected(nodes.error());
  if (nodes->empty())
    for (const auto& one : nodes_) nodes->push_back(one.get());
  for (std::size_t round = 0; work_once(*nodes); ++round)
    if (round == rounds_most) return bad("the nodes do not come to rest");
  return {};
}

Result<void> ScriptGroup::tick_node(Arguments command, unsigned ticks) {
  const auto nodes = nodes_in(command, 1, 1);
  if (!nodes) return std::unexpected(nodes.error());
  for (unsigned i = 0; i < ticks; ++i) nodes->front()->tick_once();
  return {};
}

Result<void> ScriptGroup::tick_election(Arguments command) {
  return tick_node(command, election_ticks);
}

Result<void> ScriptGroup::tick_heartbeat(Arguments command) { return tick_node(command, 1); }

Result<void> ScriptGroup::transfer_leadership(Arguments command) {
  const auto ids = [&](std::string_view key) { return ids_in(command.values_of(key)); };
  const auto from = ids("from");
  const auto to = ids("to");
  if (!from || !to || from->size() != 1 || to->size() != 1)
    return bad("transfer-leadership wants from= and to=");
  auto at = node(from->front());
  if (!at) return std::unexpected(at.error());
  const auto effects = (*at)->step(raft::TransferLeader{to->front()});
  // Who does not lead names the leader, and is believed.
  if (!effects.transfers.empty() &&
      effects.transfers.front().answer == raft::TransferAnswer::not_leader)
    if (const auto leader = node(effects.transfers.front().to)) {
      met_(Difference::client_is_redirected);
      (*leader)->step(raft::TransferLeader{to->front()});
    }
  return {};
}

}  // namespace runink::conformance
