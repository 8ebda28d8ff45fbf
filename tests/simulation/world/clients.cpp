#include "clients.hpp"

#include "checker/check.hpp"
#include "vocabulary/codec.hpp"

namespace runink::raft::simulation {
namespace {

using linearizability::Act;

/// Only ever appended to: each token that stands in it was written once, or was repeated wrongly.
const std::string tokens_key = "tokens";

state::KvTransaction transaction(state::KvOperation operation, std::uint64_t number) {
  state::KvTransaction asked;
  asked.herd = simulated_herd;
  asked.request = RequestId{"r" + std::to_string(number)};
  asked.then = {std::move(operation)};
  return asked;
}

std::size_t times(const std::string& text, const std::string& token) {
  std::size_t found = 0;
  for (auto at = text.find(token); at != std::string::npos; at = text.find(token, at + 1)) ++found;
  return found;
}

}  // namespace

Clients::Clients(unsigned count, ClientWorld& world, GlobalChecker& checker, Coverage& coverage,
                 Judged& judged)
    : world_(world), checker_(checker), coverage_(coverage), judged_(judged), clients_(count) {
  for (Client& client : clients_) client.process = ++processes_;
}

void Clients::start() {
  for (std::size_t who = 0; who < clients_.size(); ++who) next_operation(who);
}

void Clients::finish() { finishing_ = true; }

bool Clients::all_answered() const {
  for (const Client& client : clients_)
    if (client.open) return false;
  return true;
}

Clients::Open Clients::draw(Client& client) {
  Randomness& random = world_.random();
  Open open;
  open.operation.client = client.process;
  open.operation.key =
      random.chance(50) ? tokens_key : std::string(1, static_cast<char>('a' + random.below(2)));
  const std::string& key = open.operation.key;
  const std::string token = "<" + std::to_string(++written_) + ">";
  const auto kind = random.below(10);
  if (kind < 3) return open;
  if (kind == 3) {
    open.kind = Kind::stale_read;
    return open;
  }
  open.kind = Kind::write;
  open.operation.argument = token;
  if (key == tokens_key || kind == 4) {
    open.operation.act = Act::append;
    open.transaction = transaction(state::KvAppend{key, token}, written_);
  } else if (kind < 7) {
    open.operation.act = Act::write;
    open.transaction = transaction(state::KvPut{key, token}, written_);
  } else if (kind == 7) {
    open.operation.act = Act::remove;
    open.operation.argument.reset();
    open.transaction = transaction(state::KvDelete{key}, written_);
  } else {
    open.operation.act = Act::compare_and_set;
    open.operation.expected = client.last[key].value_or("");
    open.transaction = transaction(state::KvPut{key, token}, written_);
    open.transaction.compare = {
        {key, state::KvAspect::value, state::KvRelation::equal, 0, *open.operation.expected}};
    open.transaction.otherwise = {state::KvGet{key}};
  }
  return open;
}

void Clients::next_operation(std::size_t who) {
  if (finishing_) return;
  Client& client = clients_[who];
  client.open = draw(client);
  client.open->operation.call = ++moment_;
  client.open->give_up_at = world_.now() + milliseconds(world_.random().between(500, 4000));
  attempt(who);
}

bool Clients::is_open(const Asked& asked) const {
  const auto& open = clients_[asked.client].open;
  return open && open->attempt == asked.attempt;
}

void Clients::attempt(std::size_t who) {
  Open& open = *clients_[who].open;
  const Asked asked{who, open.attempt = ++attempts_, world_.somebody()};
  const Duration way{world_.random().between(microseconds(50).ns, milliseconds(2).ns)};
  world_.after(way, [this, asked] {
    if (is_open(asked) && !world_.loses()) ask(asked.client, asked.attempt, asked.node);
  });
  repeat_later(asked, milliseconds(world_.random().between(200, 800)));
}

// No answer in this time, or one that says that nothing was done.
void Clients::repeat_later(const Asked& asked, Duration wait) {
  world_.after(wait, [this, asked] {
    if (!is_open(asked)) return;
    Client& client = clients_[asked.client];
    if (world_.now() < client.open->give_up_at || finishing_) {
      coverage_.count(Happens::client_repeats);
      return attempt(asked.client);
    }
    coverage_.count(Happens::client_unanswered);
    if (client.open->kind == Kind::write) history_.push_back(client.open->operation);
    client.process = ++processes_;
    client.open.reset();
    next_operation(asked.client);
  });
}

void Clients::ask(std::size_t who, std::uint64_t attempt, NodeId id) {
  SimulatedNode* node = world_.reachable(id);
  if (!node) return;
  const Open& open = *clients_[who].open;
  const std::uint64_t tag = ++tags_;
  const Asked asked{who, attempt, id};
  if (open.kind == Kind::write) {
    proposals_.emplace(tag, asked);
    state::Command command;
    command.at = WallTime{1'700'000'000'000'000 + world_.now().ns / 1'000};
    command.body = open.transaction;
    node->driver().propose(ProposalTag{tag}, {encode(command)});
    return;
  }
  reads_.emplace(tag, asked);
  const bool stale = open.kind == Kind::stale_read;
  node->driver().read(ReadTag{tag}, stale ? ReadKind::stale : ReadKind::linearizable,
                      stale ? clients_[who].seen : LogIndex{});
}

bool Clients::proposal_done(NodeId node, const ProposalOutcome& outcome) {
  const auto found = proposals_.find(outcome.tag.value);
  if (found == proposals_.end()) return false;
  const Asked asked = found->second;
  proposals_.erase(found);
  if (outcome.answer == Answer::accepted)
    promised_[{node, outcome.first}] = {outcome.term, asked};
  else if (is_open(asked))
    repeat_later(asked, milliseconds(world_.random().between(5, 50)));
  return true;
}

void Clients::applied(NodeId node, const Entry& entry,
                      const std::optional<state::Outcome>& outcome) {
  const auto found = promised_.find({node, entry.index});
  if (found == promised_.end()) return;
  const Promised promise = found->second;
  promised_.erase(found);
  if (promise.term != entry.term || !outcome) {  // another leader's entry stands there
    if (is_open(promise.by)) repeat_later(promise.by, milliseconds(world_.random().between(5, 50)));
    return;
  }
  if (!outcome->kv)
    throw Violation{Property::exactly_once, "a client's write is refused: " + outcome->what};
  const Duration way{world_.random().between(microseconds(50).ns, milliseconds(2).ns)};
  const LogIndex index = entry.index;
  world_.after(way, [this, by = promise.by, what = *outcome, index] {
    if (!is_open(by) || world_.loses()) return;
    checker_.acknowledged(index);
    answer(by, what);
  });
}

void Clients::answer(const Asked& asked, const state::Outcome& outcome) {
  Client& client = clients_[asked.client];
  coverage_.count(Happens::client_writes);
  if (outcome.verdict == state::Verdict::repeated)
    coverage_.count(Happens::client_repeats_answered);
  client.open->operation.swapped = outcome.kv->succeeded;
  client.seen = std::max(client.seen, outcome.kv->revision);
  done(asked.client);
}

bool Clients::read_done(NodeId node, const ReadOutcome& outcome) {
  const auto found = reads_.find(outcome.tag.value);
  if (found == reads_.end()) return false;
  const Asked asked = found->second;
  reads_.erase(found);
  if (!is_open(asked)) return true;
  if (outcome.answer != ReadAnswer::ready) {
    repeat_later(asked, milliseconds(world_.random().between(5, 50)));
    return true;
  }
  SimulatedNode* const from = world_.reachable(node);
  if (!from) return true;
  Client& client = clients_[asked.client];
  if (client.open->kind == Kind::stale_read) {
    stale_read_done(client, *from, outcome.index);
    client.open.reset();
    const std::size_t who = asked.client;
    world_.after(milliseconds(1), [this, who] {
      if (!clients_[who].open) next_operation(who);
    });
    return true;
  }
  answer_read(asked, node);
  return true;
}

void Clients::answer_read(const Asked& asked, NodeId node) {
  Client& client = clients_[asked.client];
  const auto& key = client.open->operation.key;
  const auto* entry = world_.reachable(node)->machine().cluster().kv.find(simulated_herd, key);
  linearizability::Value value;
  if (entry) value = entry->value;
  const Duration way{world_.random().between(microseconds(50).ns, milliseconds(2).ns)};
  world_.after(way, [this, asked, value] {
    if (!is_open(asked) || world_.loses()) return;
    Client& one = clients_[asked.client];
    coverage_.count(Happens::client_reads);
    one.open->operation.told = value;
    one.last[one.open->operation.key] = value;
    done(asked.client);
  });
}

void Clients::stale_read_done(Client& client, const SimulatedNode& node, LogIndex index) {
  coverage_.count(Happens::client_stale_reads);
  judge_one(Property::monotone_reads);
  const LogIndex sees = node.machine().applied();
  if (index < client.seen || sees < client.seen)
    throw Violation{Property::monotone_reads,
                    "a client that has seen entry " + std::to_string(client.seen.value) +
                        " is shown the state at entry " + std::to_string(sees.value)};
  client.seen = sees;
}

void Clients::done(std::size_t who) {
  Client& client = clients_[who];
  client.open->operation.done = ++moment_;
  history_.push_back(std::move(client.open->operation));
  client.open.reset();
  world_.after(milliseconds(world_.random().between(1, 60)), [this, who] {
    if (!clients_[who].open) next_operation(who);
  });
}

void Clients::crashed(NodeId node) {
  std::erase_if(promised_, [&](const auto& one) { return one.first.first == node; });
  std::erase_if(proposals_, [&](const auto& one) { return one.second.node == node; });
  std::erase_if(reads_, [&](const auto& one) { return one.second.node == node; });
}

void Clients::judge(const state::ClusterState& final) {
  count_tokens(final);
  constexpr linearizability::Limits limits{.steps_most = 5'000'000,
                                           .memory_bytes_most = std::uint64_t{128} << 20};
  const auto judgement = linearizability::check(history_, std::nullopt, limits);
  if (judgement.verdict == linearizability::Verdict::not_linearizable)
    throw Violation{Property::linearizability, "key " + judgement.key + ": " + judgement.why};
  if (judgement.verdict == linearizability::Verdict::linearizable)
    judge_one(Property::linearizability);
}

void Clients::count_tokens(const state::ClusterState& final) {
  const auto* entry = final.kv.find(simulated_herd, tokens_key);
  const std::string text = entry ? entry->value : "";
  for (const auto& operation : history_) {
    if (operation.act != Act::append || operation.key != tokens_key) continue;
    judge_one(Property::exactly_once);
    const std::size_t found = times(text, *operation.argument);
    if (found > 1 || (found == 0 && operation.done))
      throw Violation{Property::exactly_once, "the token " + *operation.argument + " is there " +
                                                  std::to_string(found) + " times" +
                                                  (operation.done ? ", and was answered" : "")};
  }
}

}  // namespace runink::raft::simulation
