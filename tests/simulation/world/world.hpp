// What happens to a group: time, network, disks, processes, and those who ask for something. Sources by
// theme: world.cpp (the run, time, nodes), world_network.cpp, world_disks.cpp, world_faults.cpp,
// world_asks.cpp (proposals, reads, members), world_probes.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "clients.hpp"
#include "event_queue.hpp"
#include "global_checker.hpp"
#include "simulated_node.hpp"
#include "simulation.hpp"
#include "trace.hpp"
#include "vocabulary/randomness.hpp"

namespace runink::raft::simulation {

class World final : public Surroundings, public ClientWorld {
 public:
  World(std::uint64_t seed, const Weather& weather, std::size_t lines_kept);
  Outcome run();

 private:
  static constexpr std::uint16_t newest_version = 4;
  struct LocalClock {
    std::int64_t offset = 0;
    std::int64_t rate_percent = 100;
  };
  struct TickDue {
    NodeId node;
    std::uint64_t life;
    std::uint64_t clock;  // of which there is a new one when all is healed
  };
  struct Delivery {
    Envelope envelope;
  };
  using Closure = std::function<void()>;
  using Task = std::variant<Closure, TickDue, Delivery>;

  // ---- world.cpp: time
  void after(Duration wait, Closure what) override { events_.put(now_ + wait, std::move(what)); }
  void run_until(Instant end);
  /// Until `good` or `end`; true when it was good.
  bool run_until(Instant end, const std::function<bool()>& good);
  void happen(Task task);
  Instant now() const override { return now_; }
  Instant local_now(NodeId id) const;
  Randomness& random() override { return random_; }
  Duration up_to(Duration longest);
  void mix(std::uint64_t kind, NodeId node, std::string_view bytes = {}) {
    trace_.mix(kind, node.value, now_, bytes);
  }
  /// `text` is only made when somebody reads it.
  template <class Text>
  void tell(Text text) {
    if (trace_.reads()) trace_.line(now_, text());
  }
  void count(Happens what) { outcome_.coverage.count(what); }
  void judge(Property property) { ++outcome_.judged[static_cast<std::size_t>(property)]; }
  void rough_then_calm();
  void settle();
  void last_requests();

  // ---- world.cpp: nodes
  Config configured(std::uint64_t seed) const;
  NodeId add_node(Config config);
  void start(NodeId id);
  void upgrade(NodeId id, Version most);
  void tick_later(NodeId id);
  void tick(const TickDue& due);
  void crash(NodeId id, Duration down_longest = milliseconds(1500));
  bool crash_soon(NodeId id, unsigned percent, Happens what);
  void crash_before_sync(const Envelope& acknowledgement, LogIndex match);
  SimulatedNode& node(NodeId id) { return *nodes_.at(id); }
  NodeId anyone() { return NodeId{1 + random_.below(nodes_.size())}; }
  NodeId leader() const { return checker_.leader_of_newest_term(); }
  bool may_return(NodeId id) const { return !nodes_.at(id)->disk_lost() && !dead_.contains(id); }
  /// `what` happens unless the node crashes before; a sleeping one does it when it wakes.
  template <class What>
  void in_this_life(NodeId id, Duration wait, What what) {
    after(wait, [this, id, life = node(id).life(), what] { awake(id, life, what); });
  }
  template <class What>
  void awake(NodeId id, std::uint64_t life, What what) {
    SimulatedNode& one = node(id);
    if (!one.is_up() || one.life() != life) return;
    if (sleeps(id))
      return events_.put(asleep_until_[id], [this, id, life, what] { awake(id, life, what); });
    what(one);
  }
  bool sleeps(NodeId id) const {
    const auto found = asleep_until_.find(id);
    return found != asleep_until_.end() && now_ < found->second;
  }

  // ---- Surroundings
  void begins(NodeId id, Chore chore) override;
  void message(Envelope envelope) override;
  void looks_before(NodeId id, const Core& core, const Input& input) override;
  void looks_after(NodeId id, const Core& core, const Effects& effects) override;
  void applies(NodeId id, const Entry& entry, const Machine& after,
               const std::optional<state::Outcome>& outcome) override;
  void installed(NodeId id, const SnapshotMeta& meta, const Machine& content) override;
  void proposal_done(NodeId id, const ProposalOutcome& outcome) override;
  void read_done(NodeId id, const ReadOutcome& outcome) override;
  void transfer_done(NodeId id, const TransferOutcome& outcome) override;
  SnapshotId new_snapshot_id() override { return SnapshotId{++snapshot_ids_}; }
  void differs(const StateDiffers& what) override;
  void must_end(NodeId id, const Fault& why) override;

  // ---- ClientWorld
  SimulatedNode* reachable(NodeId id) override;
  NodeId somebody() override;
  bool loses() override { return !calm_ && random_.chance(weather_.lost_percent / 2); }

  // ---- world_network.cpp
  void notice_bad_moments(const Envelope& envelope);
  void deliver_later(Envelope envelope);
  void deliver(Envelope envelope);
  void unreachable_later(NodeId at, NodeId who);
  bool is_cut(NodeId from, NodeId to) const { return cut_.contains({from, to}); }
  void cut_both(NodeId a, NodeId b);
  void isolate(NodeId id);
  void cut_in_two();
  void cut_one_way();
  void cut_off_the_leader();
  void clog();

  // ---- world_disks.cpp
  void sync(NodeId id);
  void end_sync_after(NodeId id, std::uint64_t number, Duration wait);
  void sync_ends(SimulatedNode& one, NodeId id);
  void apply(NodeId id);
  void take(NodeId id);
  void fetch_a_part(NodeId id, std::uint64_t life, std::uint64_t number, unsigned failures);
  void install(NodeId id);
  void stall_a_disk();
  void fill_a_disk();
  void set_disk_space(NodeId id, DiskSpace space);
  void tear(NodeId id, std::size_t kept);

  // ---- world_faults.cpp
  void break_something();
  void break_one_thing();
  void fail_power();
  void start_a_duel();
  void put_to_sleep(NodeId id, Duration longest);
  void jump_a_clock();
  bool can_lose_a_disk() const;
  void lose_a_disk();
  void lie_for_a_while(NodeId victim);
  void replace(NodeId victim);
  void mend_membership();
  void heal();

  // ---- world_asks.cpp
  void ask_for_something();
  void read_at(NodeId whom);
  void propose(NodeId whom);
  /// One that no other proposal equals, and that the state machine of this weather understands.
  std::string payload(std::size_t more);
  void change_members(NodeId whom);

  // ---- world_probes.cpp
  void probe();
  std::vector<NodeId> other_voters(NodeId leader) const;
  void probe_outsider();
  void probe_broken_link();
  void probe_hand_over();
  void probe_stalled_leader();
  void probe_full_leader();
  void probe_sleeping_leader();
  void probe_sleeping_follower();
  void probe_corrupt_follower();
  void writes_go_on(Duration longest, Property property, const std::string& where);
  void led_by_another(NodeId former, Duration longest, Property property, const std::string& where);

  Randomness random_;
  Weather weather_;
  Outcome outcome_;
  Trace trace_;
  Nodes nodes_;
  GlobalChecker checker_;
  std::optional<Clients> clients_;
  EventQueue<Task> events_;
  Instant now_;
  bool calm_ = false;
  std::string bytes_;  // of what is being hashed

  std::map<NodeId, LocalClock> clocks_;
  std::uint64_t ticking_ = 0;
  std::map<NodeId, Instant> asleep_until_;
  std::set<NodeId> dead_;
  Config newcomer_;
  std::uint64_t restarts_to_come_ = 0;  // in calm weather

  std::set<std::pair<NodeId, NodeId>> cut_;
  std::map<std::pair<NodeId, NodeId>, Instant> clogged_until_;
  std::function<bool(const Envelope&)> probe_loses_;
  std::function<void(const Envelope&)> probe_sees_;

  std::map<NodeId, Instant> stalled_until_;
  std::map<NodeId, std::uint64_t> syncs_begun_;
  std::map<NodeId, std::uint64_t> syncs_ended_;
  std::map<NodeId, DiskSpace> disk_space_;
  std::map<NodeId, std::uint64_t> fetches_;  // begun; only the last of a node goes on
  std::uint64_t snapshot_ids_ = 0;

  std::uint64_t asked_ = 0;
  std::map<ReadTag, std::size_t> reads_;  // unanswered; how many entries were committed before
  std::map<NodeId, std::vector<ReadTag>> reads_at_;  // asked in this life
};

}  // namespace runink::raft::simulation
