#include "simulation.hpp"

#include <functional>
#include <set>
#include <utility>

#include "global_checker.hpp"
#include "simulated_node.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/randomness.hpp"

namespace runink::raft::simulation {
namespace {

class World final : public Surroundings {
 public:
  World(std::uint64_t seed, const Conditions& conditions)
      : random_(seed), conditions_(conditions), checker_(nodes_, conditions.look_inside) {
    Config config;
    config.mutant = conditions.mutant;
    if (conditions.snapshots) {
      config.log_most = Bytes{1000};
      config.log_trailing = Bytes{200};
      config.snapshot_again = milliseconds(200);
    }
    for (unsigned i = 1; i <= conditions.nodes; ++i) config.voters.insert(NodeId{i});
    for (unsigned i = 1; i <= conditions.learners; ++i)
      config.learners.insert(NodeId{conditions.nodes + i});
    config.seed = seed * 31;
    for (unsigned i = 1; i <= conditions.nodes + conditions.learners; ++i) add_node(config);
    config.voters.clear();
    config.learners.clear();
    newcomer_ = config;
    for (unsigned i = 1; i <= conditions.spares; ++i) add_node(config);
  }

  Outcome run() {
    try {
      for (auto& [id, node] : nodes_) start(id);
      after({}, [this] { ask_for_something(); });
      if (conditions_.replacements) after(milliseconds(300), [this] { mend_membership(); });
      if (conditions_.nodes > 1 || conditions_.crashes)
        after(conditions_.between_faults, [this] { break_something(); });
      if (conditions_.damage) after(seconds(2), [this] { nodes_[anyone()]->damage_machine(); });
      run_until(Instant{} + conditions_.rough);
      heal();
      run_until(now_ + Config{}.election_longest * 10);
      checker_.everything_settled(dead_);
      const NodeId leader = checker_.leader_of_newest_term();
      const auto members = nodes_[leader]->core().configuration().members();
      propose(leader);
      for (const NodeId id : members) read_at(id);
      run_until(now_ + seconds(1));
      checker_.everything_settled(dead_);
      for (const NodeId id : members)
        for (const ReadTag tag : reads_at_[id])
          if (reads_.contains(tag))
            throw Violation{"liveness: a read is not answered in calm weather"};
      checker_.logs_match();
    } catch (const Violation& violation) {
      outcome_.violation = violation.what + " (at " + std::to_string(now_.ns / 1'000) + " us)";
    }
    if (const NodeId leader = checker_.leader_of_newest_term(); leader != NodeId{})
      outcome_.version = nodes_[leader]->core().version().value;
    outcome_.trace = trace_;
    outcome_.committed = checker_.committed();
    outcome_.leaders = checker_.leaders();
    outcome_.configurations = checker_.configurations();
    return outcome_;
  }

 private:
  static constexpr std::uint16_t newest_version = 4;
  struct LocalClock {
    std::int64_t offset = 0;
    std::int64_t rate_percent = 100;
  };

  // ---- time
  void after(Duration wait, std::function<void()> what) {
    events_.emplace(std::pair{(now_ + wait).ns, ++order_}, std::move(what));
  }
  void run_until(Instant end) {
    while (!events_.empty() && events_.begin()->first.first <= end.ns) {
      auto event = events_.extract(events_.begin());
      now_ = Instant{event.key().first};
      event.mapped()();
    }
    now_ = end;
  }
  Instant local_now(NodeId id) const {
    const LocalClock& clock = clocks_.at(id);
    return {clock.offset + now_.ns / 100 * clock.rate_percent};
  }
  Duration up_to(Duration longest) { return {random_.between(microseconds(20).ns, longest.ns)}; }
  void note(std::uint64_t kind, NodeId node, std::string_view bytes = {}) {
    const std::string head = encode(std::pair{kind, std::pair{node.value, now_.ns}});
    trace_ = xxh64(bytes, xxh64(head, trace_));
  }

  // ---- nodes
  NodeId add_node(Config config) {
    config.self = NodeId{nodes_.size() + 1};
    config.seed += config.self.value;
    nodes_[config.self] = std::make_unique<SimulatedNode>(config, *this);
    clocks_[config.self] = {random_.between(0, seconds(1000).ns), random_.between(95, 105)};
    return config.self;
  }
  void start(NodeId id) {
    note(1, id);
    if (conditions_.upgrades && random_.chance(25)) nodes_[id]->upgrade(any_version());
    nodes_[id]->start(local_now(id));
    tick_later(id, nodes_[id]->life());
  }
  Version any_version() {
    return Version(static_cast<std::uint16_t>(random_.between(1, newest_version)));
  }
  void tick_later(NodeId id, std::uint64_t life) {
    Duration wait{random_.between(milliseconds(8).ns, milliseconds(12).ns)};
    if (!calm_ && conditions_.pauses && random_.below(500) == 0) wait = up_to(seconds(2));
    after(wait, [this, id, life] {
      SimulatedNode& node = *nodes_[id];
      if (!node.is_up() || node.life() != life) return;
      node.driver().tick(local_now(id));
      tick_later(id, life);
    });
  }
  void crash(NodeId id, Duration down_longest = milliseconds(1500)) {
    SimulatedNode& node = *nodes_[id];
    if (!node.is_up()) return;
    note(2, id);
    ++outcome_.crashes;
    node.crash(random_.below(node.writes_in_sync() + 1), random_.chance(50));
    for (const ReadTag tag : std::exchange(reads_at_[id], {})) reads_.erase(tag);
    after(up_to(down_longest), [this, id] {
      if (!nodes_[id]->is_up() && may_return(id)) start(id);
    });
  }

  /// The worst moment: a vote has just left.
  void crash_soon(NodeId id) {
    if (calm_ || !conditions_.crashes || !random_.chance(conditions_.crash_after_vote_percent))
      return;
    after(up_to(microseconds(500)), [this, id] { crash(id, milliseconds(2)); });
  }

  // ---- Surroundings
  void begins(NodeId id, Chore chore) override {
    switch (chore) {
      case Chore::sync: return sync(id);
      case Chore::take: return take(id);
      case Chore::fetch: return fetch_a_part(id, nodes_[id]->life(), ++fetches_[id], 0);
      case Chore::install: return install(id);
    }
  }
  /// `what` happens unless the node crashes before.
  template <class What>
  void in_this_life(NodeId id, Duration wait, What what) {
    after(wait, [this, id, life = nodes_[id]->life(), what] {
      SimulatedNode& node = *nodes_[id];
      if (node.is_up() && node.life() == life) what(node);
    });
  }
  void sync(NodeId id) {
    Duration wait = up_to(conditions_.sync_longest);
    if (!calm_ && random_.below(300) == 0) wait = up_to(seconds(1));  // a disk that stalls
    in_this_life(id, wait, [this, id](SimulatedNode& node) {
      if (calm_ || !conditions_.crashes || random_.below(1000) >= conditions_.failed_write_permille)
        return node.sync_ends(random_.chance(5));
      node.sync_fails();
      crash(id);
    });
  }
  void take(NodeId id) {
    in_this_life(id, up_to(milliseconds(50)), [this, id](SimulatedNode& node) {
      const bool good = calm_ || !random_.chance(5);
      note(8, id);
      outcome_.snapshots_taken += good;
      node.take_ends(good);
    });
  }
  /// Parts come one by one over a connection of its own, which breaks like any other.
  void fetch_a_part(NodeId id, std::uint64_t life, std::uint64_t number, unsigned failures) {
    after(up_to(milliseconds(20)), [this, id, life, number, failures] {
      SimulatedNode& node = *nodes_[id];
      if (!node.is_up() || node.life() != life || fetches_[id] != number) return;
      const SnapshotFetch fetch = *node.fetching();
      note(9, id);
      const SimulatedNode& from = *nodes_[fetch.from];
      const bool broken = !from.is_up() || cut_.contains({fetch.from, id}) ||
                          cut_.contains({id, fetch.from}) ||
                          (!calm_ && random_.chance(conditions_.lost_percent));
      if (broken && failures < 10) return fetch_a_part(id, life, number, failures + 1);
      const SimulatedNode::Stored* source = broken ? nullptr : from.stored(fetch.offer.id);
      if (source && !node.part_comes(*source)) return fetch_a_part(id, life, number, 0);
      outcome_.fetches_failed += source == nullptr;
      outcome_.fetches_resumed += source && node.resumed();
      node.fetch_ends(source);
    });
  }
  void install(NodeId id) {
    in_this_life(id, up_to(milliseconds(150)), [this, id](SimulatedNode& node) {
      note(10, id);
      if (!calm_ && random_.chance(5)) return node.install_ends(false);
      node.install_switches();
      ++outcome_.snapshots_installed;
      in_this_life(id, up_to(milliseconds(10)), [](SimulatedNode& one) { one.install_ends(true); });
      if (!calm_ && conditions_.crashes && random_.chance(20))
        after(up_to(milliseconds(15)), [this, id] { crash(id); });
    });
  }
  void message(Envelope envelope) override {
    const bool cut = cut_.contains({envelope.from, envelope.to});
    if (cut || (!calm_ && random_.chance(conditions_.lost_percent))) {
      ++outcome_.lost_messages;
      if (random_.chance(10)) unreachable_later(envelope.from, envelope.to);
      return;
    }
    if (const auto* vote = std::get_if<VoteResponse>(&envelope.message))
      if (vote->granted) crash_soon(envelope.from);
    const std::string bytes = encode(envelope);
    deliver_later(envelope.to, bytes);
    if (!calm_ && random_.chance(conditions_.doubled_percent)) deliver_later(envelope.to, bytes);
  }
  void deliver_later(NodeId to, std::string bytes) {
    const bool late = !calm_ && random_.chance(conditions_.late_percent);
    after(up_to(milliseconds(late ? 400 : 3)), [this, to, bytes = std::move(bytes)] {
      if (!nodes_[to]->is_up()) return;
      auto envelope = decode<Envelope>(bytes, "a message");
      if (!envelope) throw Violation{envelope.error().what};
      note(3, to, bytes);
      nodes_[to]->driver().receive(std::move(*envelope));
    });
  }
  void unreachable_later(NodeId at, NodeId who) {
    after(milliseconds(1), [this, at, who] {
      if (nodes_[at]->is_up()) nodes_[at]->driver().peer_unreachable(who);
    });
  }
  void differs(const StateDiffers& what) override {
    ++outcome_.differences;
    if (!conditions_.damage)
      throw Violation{"the states of two nodes differ at entry " +
                      std::to_string(what.index.value)};
  }
  SnapshotId new_snapshot_id() override { return SnapshotId{++snapshot_ids_}; }
  void looks_before(NodeId id, const Core& core, const Input&) override {
    checker_.before_step(id, core);
  }
  void looks_after(NodeId id, const Core& core, const Effects& effects) override {
    checker_.after_step(id, core, effects);
    if (++outcome_.steps % 256 == 0) checker_.logs_match();
    if (effects.persist) note(4, id, encode(effects.persist->entries));
  }
  void applies(NodeId id, const std::vector<Entry>& entries) override {
    note(5, id, encode(entries));
    checker_.applied(id, entries);
  }

  void read_done(NodeId id, const ReadOutcome& outcome) override {
    const auto read = reads_.find(outcome.tag);
    if (read == reads_.end()) throw Violation{"a read is answered twice, or was never asked"};
    const std::size_t must_see = read->second;
    reads_.erase(read);
    if (outcome.answer != ReadAnswer::ready) return;
    note(6, id, encode(outcome.index));
    ++outcome_.reads;
    if (outcome.index.value < must_see || nodes_[id]->machine().size() < must_see)
      throw Violation{"linearizability: node " + std::to_string(id.value) + " reads at entry " +
                      std::to_string(outcome.index.value) + ", but entry " +
                      std::to_string(must_see) + " was committed before the read was asked"};
  }

  // ---- what happens to them
  NodeId anyone() { return NodeId{1 + random_.below(nodes_.size())}; }
  void ask_for_something() {
    if (calm_) return;
    NodeId whom = anyone();
    if (random_.chance(80) && nodes_[whom]->is_up() && nodes_[whom]->core().leader() != NodeId{})
      whom = nodes_[whom]->core().leader();
    propose(whom);
    if (random_.chance(50)) read_at(anyone());
    if (random_.chance(50)) read_at(whom);
    if (random_.chance(conditions_.change_percent)) change_members(whom);
    if (random_.chance(conditions_.transfer_percent) && nodes_[whom]->is_up()) {
      ++outcome_.transfers;
      nodes_[whom]->driver().transfer_leader(random_.chance(50) ? NodeId{} : anyone());
    }
    after(up_to(milliseconds(60)), [this] { ask_for_something(); });
  }
  void read_at(NodeId whom) {
    if (!nodes_[whom]->is_up()) return;
    const ReadTag tag{++asked_};
    reads_.emplace(tag, checker_.committed());
    reads_at_[whom].push_back(tag);
    nodes_[whom]->driver().read(tag);
  }
  void propose(NodeId whom) {
    if (!nodes_[whom]->is_up()) return;
    std::vector<std::string> payloads;
    for (auto n = random_.between(1, 3); n > 0; --n)
      payloads.push_back("p" + std::to_string(++asked_) + std::string(random_.below(40), '.'));
    nodes_[whom]->driver().propose(ProposalTag{asked_}, std::move(payloads));
  }
  void change_members(NodeId whom) {
    if (!nodes_[whom]->is_up()) return;
    ChangeMembers change;
    change.tag = ProposalTag{++asked_};
    change.force = random_.chance(conditions_.forced_percent);
    for (auto n = random_.between(1, 3); n > 0; --n)
      change.changes.push_back({static_cast<MemberChange::Kind>(random_.between(1, 4)), anyone()});
    nodes_[whom]->driver().change_members(std::move(change));
  }

  void break_something() {
    if (calm_) return;
    if (conditions_.replacements && random_.chance(30)) lose_a_disk();
    switch (random_.below(8)) {
      case 0:
      case 1:
        if (conditions_.crashes) crash(anyone());
        break;
      case 2:
        if (conditions_.crashes && random_.chance(30))
          for (auto& [id, node] : nodes_) crash(id);  // the power fails
        break;
      case 3:
        if (conditions_.partitions) cut_in_two();
        break;
      case 4:
        if (conditions_.partitions) cut_.insert({anyone(), anyone()});  // one way
        break;
      case 5: start_a_duel(); break;
      case 6:
        if (conditions_.partitions) cut_off_the_leader();
        break;
      default: cut_.clear();
    }
    after(up_to(conditions_.between_faults * 2), [this] { break_something(); });
  }
  /// The leader's process dies, everybody sees it at once, and several want its place.
  void start_a_duel() {
    if (!conditions_.crashes) return;
    for (auto& [id, node] : nodes_) {
      if (!node->is_up()) continue;
      if (node->core().role() == Role::leader) {
        crash(id, milliseconds(random_.chance(50) ? 2 : 1500));
        continue;
      }
      node->driver().forget_leader();
      if (random_.chance(80)) node->driver().campaign();
    }
  }
  /// It lives and leads, but every connection to it is broken, and the others see that at once.
  void cut_off_the_leader() {
    const NodeId leader = checker_.leader_of_newest_term();
    if (leader == NodeId{}) return;
    cut_.clear();
    for (auto& [id, node] : nodes_) {
      if (id == leader) continue;
      cut_.insert({id, leader});
      cut_.insert({leader, id});
      if (node->is_up()) node->driver().forget_leader();
    }
  }
  /// Only when all is well otherwise: the group survives the loss of one disk, not of two.
  void lose_a_disk() {
    const NodeId leader = checker_.leader_of_newest_term();
    if (leader == NodeId{}) return;
    const Configuration configuration = nodes_[leader]->core().configuration();
    if (configuration.voters.incoming.size() < conditions_.nodes) return;
    for (const NodeId id : configuration.members())
      if (!nodes_[id]->is_up() || nodes_[id]->core().configuration() != configuration ||
          nodes_[id]->core().configurations().newest_index() > nodes_[id]->core().log().committed())
        return;
    const NodeId victim = anyone();
    if (!configuration.voters.contains(victim)) return;
    note(7, victim);
    ++outcome_.replaced;
    crash(victim);
    nodes_[victim]->lose_disk();
    start(add_node(newcomer_));
  }
  /// What an operator does: the dead node out, the new one in. Goes on in calm weather.
  void mend_membership() {
    after(milliseconds(300), [this] { mend_membership(); });
    const NodeId leader = checker_.leader_of_newest_term();
    if (leader == NodeId{}) return;
    const Configuration& configuration = nodes_[leader]->core().configuration();
    ChangeMembers change;
    change.tag = ProposalTag{++asked_};
    for (const NodeId id : configuration.members())
      if (nodes_.at(id)->disk_lost()) change.changes = {{MemberChange::Kind::remove, id}};
    if (change.changes.empty() && configuration.members().size() < conditions_.nodes)
      change.changes = {{MemberChange::Kind::voter, NodeId{nodes_.size()}}};
    if (!change.changes.empty()) nodes_[leader]->driver().change_members(std::move(change));
  }
  void cut_in_two() {
    cut_.clear();
    std::set<NodeId> left;
    for (const auto& [id, node] : nodes_)
      if (random_.chance(50)) left.insert(id);
    for (const auto& [a, one] : nodes_)
      for (const auto& [b, two] : nodes_)
        if (left.contains(a) != left.contains(b)) cut_.insert({a, b});
  }
  bool may_return(NodeId id) const { return !nodes_.at(id)->disk_lost() && !dead_.contains(id); }
  void heal() {
    calm_ = true;
    cut_.clear();
    if (conditions_.minority_dies)
      while (dead_.size() < (conditions_.nodes - 1) / 2) {
        const NodeId id{1 + random_.below(conditions_.nodes)};
        crash(id);
        dead_.insert(id);
      }
    for (auto& [id, node] : nodes_) {
      if (!node->is_up() && may_return(id)) start(id);
      if (!conditions_.upgrades) continue;
      // One after the other gets the newest program.
      node->upgrade(Version{newest_version});
      if (node->is_up()) after(up_to(seconds(2)), [this, id] { crash(id, milliseconds(100)); });
    }
  }

  Randomness random_;
  Conditions conditions_;
  Outcome outcome_;
  Nodes nodes_;
  GlobalChecker checker_;
  std::map<NodeId, LocalClock> clocks_;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t order_ = 0;
  Instant now_;
  bool calm_ = false;
  std::set<std::pair<NodeId, NodeId>> cut_;
  std::set<NodeId> dead_;
  Config newcomer_;
  std::map<NodeId, std::uint64_t> fetches_;  // begun; only the last of a node goes on
  std::uint64_t snapshot_ids_ = 0;
  std::uint64_t asked_ = 0;
  std::map<ReadTag, std::size_t> reads_;  // unanswered; how many entries were committed before
  std::map<NodeId, std::vector<ReadTag>> reads_at_;  // asked in this life
  std::uint64_t trace_ = 0;
};

}  // namespace

Outcome simulate(std::uint64_t seed, const Conditions& conditions) {
  return World(seed, conditions).run();
}

}  // namespace runink::raft::simulation
