#include "actors/cluster/state_actor.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "actors/cluster/disk_reserve.hpp"
#include "actors/cluster/leader_actors.hpp"
#include "actors/cluster/looks.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/cluster/node_sessions.hpp"
#include "actors/cluster/projection.hpp"
#include "actors/cluster/snapshot_keeper.hpp"
#include "actors/cluster/tell_members.hpp"
#include "actors/doors/log.hpp"
#include "actors/messages.hpp"
#include "actors/metrics.hpp"
#include "actors/workloads/scheduler_actor.hpp"
#include "scheduler/decide.hpp"
#include "state/rows.hpp"
#include "storage/state_writer.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/ensure.hpp"
#include "vocabulary/fault_point.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

using connect_atom = caf::atom_constant<caf::atom("connect")>;
using leases_atom = caf::atom_constant<caf::atom("leases")>;
using again_atom = caf::atom_constant<caf::atom("again")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;

/// A scheduler that does not answer by then is asked again; the batch goes without it.
constexpr Duration scheduler_patience = seconds(1);

class StateLife {
 public:
  StateLife(caf::event_based_actor* self, Services& services, state::ClusterState applied)
      : self_(self),
        services_(services),
        applied_(std::move(applied)),
        leader_actors_(self, services),
        sessions_(self, services.config.node.name),
        looks_(self, services.alone()) {}

  void connect(caf::actor raft, caf::actor scheduler) {
    raft_ = std::move(raft);
    scheduler_ = std::move(scheduler);
    looks_.connect(raft_);
    self_->monitor(scheduler_);
    self_->delayed_send(self_, lease_check_every(), leases_atom::value);
    members_changed();
  }

  caf::response_promise submit(const Submit& request);
  void committed(const std::vector<raft::Entry>& entries);
  void role_changed(const RoleChanged& news);
  void proposal_done(const raft::ProposalOutcome& outcome);
  void read_done(const raft::ReadOutcome& outcome) {
    looks_.read_done(outcome, applied_, leader_ != NodeId{});
  }
  void ask_looks() { looks_.ask_together(); }
  void flush_now() {
    flush_sent_ = false;
    flush();
  }
  void reschedule();
  void look_around();
  caf::response_promise look(const Look& look) {
    return looks_.take(look, applied_, open_for_business(), services_.clock.now());
  }
  Result<caf::actor> find_run(const RunId& id) const;
  Result<caf::actor> find_herd(const HerdName& name) const;
  caf::result<Result<Submitted>> submit_run(const SubmitRun& request);
  void open_stream(const OpenStream& stream);
  Result<LeaseGranted> renew(const RenewLease& lease);
  void progress(const Progress& progress) { leader_actors_.progress(progress); }
  void install(const InstallSnapshot& ask);
  void replaced(const StateReplaced& news);
  void down(const caf::down_msg& down);

 private:
  using Promise = std::optional<caf::response_promise>;
  struct Held {
    Submit request;
    caf::response_promise promise;
  };

  std::chrono::microseconds lease_check_every() const {
    return std::chrono::microseconds(services_.config.lease.ns / 4'000);
  }
  WallTime cluster_time() const {
    return std::max(cluster_began_.time + (services_.clock.now() - cluster_began_.at),
                    projection_.cluster().clock);
  }
  bool open_for_business() const { return leading_ && ready_; }
  bool another_leads() const { return leader_ != NodeId{} && leader_ != services_.config.node.id; }
  void check_leases();
  void refuse_held();
  void members_changed();
  void propose(const state::Caller& caller, const state::Body& body, Promise promise);
  void flush();
  void flush_soon();
  void ask_scheduler();
  void place(const Decide& question, const Decided& answer);
  void send_batch();
  std::optional<storage::StateChange> apply_one(const raft::Entry& entry,
                                                std::vector<state::Event>& events);
  void become_ready();
  void resync(LogIndex at);
  void ready_when_caught_up();
  void fail_all(const Fault& sent, const Fault& unsent);
  Fault not_ready() const;

  caf::event_based_actor* self_;
  Services& services_;
  caf::actor raft_;
  caf::actor scheduler_;
  state::ClusterState applied_;
  Projection projection_;
  LeaderActors leader_actors_;
  NodeSessions sessions_;
  Looks looks_;

  /// A proposal that Raft has not answered yet; it answers each once, in order.
  struct Unanswered {
    raft::ProposalTag tag;
    LogIndex first;  ///< where we foresaw it
    std::size_t entries;
  };

  NodeId leader_;  ///< 0: nobody is known
  bool leading_ = false;
  bool acting_ = false;  ///< the leader's actors live
  bool ready_ = false;   ///< the projection stands on everything that is in the log
  LogIndex resync_at_;   ///< ready when this is applied and nothing is unanswered
  std::deque<Unanswered> unanswered_;
  LogIndex accepted_;       ///< the last entry of ours that Raft took
  bool disturbed_ = false;  ///< an entry of Raft's own was applied that the projection lacks
  std::deque<Held> held_;

  /// Cluster time goes on by the monotonic clock from where it stood when we became ready: a wall
  /// clock that steps moves nothing (DESIGN: what keeps the log healthy).
  struct {
    Instant at;
    WallTime time;
  } cluster_began_;

  bool dirty_ = false;       ///< something may be placeable that the scheduler has not seen
  bool flush_sent_ = false;  ///< to ourselves
  bool asking_ = false;      ///< the scheduler is thinking; the batch waits for it
  std::uint64_t question_ = 0;
  std::uint64_t next_tag_ = 1;
};

Fault StateLife::not_ready() const {
  std::string what =
      "Node '" + services_.config.node.name.value + "' does not lead the cluster at the moment";
  if (another_leads())
    if (const auto leader = name_of(applied_, services_.config, leader_))
      what += "; node '" + leader->value + "' does";
  return {FaultKind::not_leader, what + ". Try again in a moment."};
}

/// Who waits for this node to lead need not wait longer: another one does.
void StateLife::refuse_held() {
  auto held = std::exchange(held_, {});
  for (Held& one : held) one.promise.deliver(Result<Submitted>(std::unexpected(not_ready())));
}

caf::response_promise StateLife::submit(const Submit& request) {
  auto promise = self_->make_response_promise();
  if (auto full = no_room_for(*request.body, services_)) {
    promise.deliver(Result<Submitted>(std::unexpected(std::move(*full))));
  } else if (open_for_business()) {
    if (projection_.waiting() >= limits::waiting_proposals) {
      promise.deliver(Result<Submitted>(
          fail(FaultKind::exhausted, "Too many commands wait for the log. Try again later.")));
    } else {
      propose(request.caller, *request.body, promise);
      flush_soon();
    }
  } else if (!another_leads() && held_.size() < limits::waiting_proposals) {
    held_.push_back({request, promise});
  } else {
    promise.deliver(Result<Submitted>(std::unexpected(not_ready())));
  }
  return promise;
}

void StateLife::propose(const state::Caller& caller, const state::Body& body, Promise promise) {
  state::Command command;
  command.at = cluster_time();
  command.caller = caller;
  command.body = body;
  std::string encoded = encode(command);
  if (encoded.size() > limits::command.value) {
    if (promise)
      promise->deliver(Result<Submitted>(
          fail(FaultKind::bad_input, "The command has " + std::to_string(encoded.size()) +
                                         " bytes; the log takes at most " +
                                         std::to_string(limits::command.value) +
                                         ". Make the pipeline or its outputs smaller.")));
    return;
  }
  projection_.add(command, std::move(encoded), std::move(promise), services_.clock.now());
  dirty_ = !projection_.cluster().placeable.empty();
}

void StateLife::flush() {
  if (!open_for_business() || asking_) return;
  if (dirty_)
    ask_scheduler();
  else
    send_batch();
}

/// Once all that waits in the mailbox is proposed: commands that came together are one proposal, and
/// one step of Raft.
void StateLife::flush_soon() {
  if (!std::exchange(flush_sent_, true)) self_->send(self_, flush_atom::value);
}

void StateLife::ask_scheduler() {
  asking_ = true;
  dirty_ = false;
  Decide question(
      std::make_shared<const scheduler::View>(scheduler::view_of(projection_.cluster())),
      cluster_time());
  const std::uint64_t number = ++question_;
  self_->request(scheduler_, std::chrono::microseconds(scheduler_patience.ns / 1'000), question)
      .then(
          [this, question, number](const Decided& answer) {
            if (number != question_) return;  // it is about a projection that was dropped
            asking_ = false;
            if (!open_for_business()) return;
            place(question, answer);
            send_batch();
            flush();
          },
          [this, number](const caf::error&) {
            if (number != question_) return;
            asking_ = false;
            if (!open_for_business()) return;
            send_batch();
            self_->delayed_send(self_, std::chrono::seconds(1), again_atom::value);
          });
}

void StateLife::place(const Decide& question, const Decided& answer) {
  state::SlicesPlaced body;
  body.basis = question.view->basis;
  body.scheduler_version = scheduler::decide_version;
  body.placements = scheduler::placements_of(*answer.decisions);
  if (body.placements.empty()) return;
  state::Command command;
  // `apply` compares retry times with this: it must be the moment that was decided for.
  command.at = question.now;
  command.caller = services_.self();
  command.body = std::move(body);
  projection_.add(command, encode(command), std::nullopt, services_.clock.now());
}

void StateLife::send_batch() {
  while (!projection_.batch_empty()) {
    const raft::ProposalTag tag{next_tag_++};
    const LogIndex first = projection_.next_to_send();
    auto part = projection_.take_part();
    services_.metrics.proposed(part->size());
    unanswered_.push_back({tag, first, part->size()});
    self_->send(raft_, ProposeEntries(tag, std::move(part)));
  }
}

void StateLife::proposal_done(const raft::ProposalOutcome& outcome) {
  ENSURE(!unanswered_.empty() && unanswered_.front().tag == outcome.tag);
  const Unanswered sent = unanswered_.front();
  unanswered_.pop_front();
  if (outcome.answer == raft::Answer::accepted) {
    accepted_ = LogIndex{outcome.first.value + sent.entries - 1};
    // Raft has put an entry of its own before it: what follows moves, and what was foreseen is void.
    const std::uint64_t by = outcome.first.value - sent.first.value;
    projection_.moved(sent.first, by);
    for (Unanswered& one : unanswered_) one.first.value += by;
    if (!ready_ || by != 0) resync(std::max(resync_at_, accepted_));
    return;
  }
  services_.metrics.refused(std::string(raft::to_string(outcome.answer)));
  const Fault fault{
      outcome.answer == raft::Answer::not_leader ? FaultKind::not_leader : FaultKind::exhausted,
      "The log did not take the command (" + std::string(raft::to_string(outcome.answer)) +
          "). Try again later."};
  // What stands before it in the log is still answered as it is applied. What is on its way behind
  // it may be taken, but not where we foresaw it.
  const LogIndex behind{sent.first.value + sent.entries};
  for (OwnEntry& entry : projection_.take_sent(sent.first))
    if (entry.promise)
      entry.promise->deliver(Result<Submitted>(std::unexpected(
          entry.index < behind ? fault : Fault{FaultKind::unknown_outcome, fault.what})));
  for (OwnEntry& entry : projection_.take_batch())
    if (entry.promise) entry.promise->deliver(Result<Submitted>(std::unexpected(fault)));
  resync(std::max(applied_.applied, accepted_));
}

void StateLife::fail_all(const Fault& sent, const Fault& unsent) {
  for (OwnEntry& entry : projection_.take_sent(LogIndex{}))
    if (entry.promise) entry.promise->deliver(Result<Submitted>(std::unexpected(sent)));
  for (OwnEntry& entry : projection_.take_batch())
    if (entry.promise) entry.promise->deliver(Result<Submitted>(std::unexpected(unsent)));
}

void StateLife::resync(LogIndex at) {
  ready_ = false;
  resync_at_ = at;
  ready_when_caught_up();
}

/// The next index is certain only when Raft has answered everything and all of it is applied.
void StateLife::ready_when_caught_up() {
  if (leading_ && !ready_ && unanswered_.empty() && applied_.applied >= resync_at_) become_ready();
}

void StateLife::members_changed() { tell_members(self_, raft_, services_, applied_); }

void StateLife::role_changed(const RoleChanged& news) {
  const bool leads = news.change.role == raft::Role::leader;
  leader_ = news.change.leader;
  services_.metrics.role(news.change);
  tell_role(services_, applied_, news.change);
  if (leading_ && !leads) {
    leading_ = acting_ = ready_ = false;
    fail_all({FaultKind::unknown_outcome,
              "Node '" + services_.config.node.name.value +
                  "' lost the leadership while the command was on its way. Repeat it under the "
                  "same key."},
             not_ready());
    leader_actors_.stop();
  }
  if (leader_ != NodeId{}) looks_.leader_known();
  if (another_leads()) refuse_held();
  if (!leads) return;
  leading_ = true;
  accepted_ = news.last;  // what an earlier leadership of ours had may have been cut since
  resync(news.last);
}

void StateLife::become_ready() {
  std::vector<OwnEntry> unsent = projection_.take_batch();
  projection_.reset(applied_);
  for (OwnEntry& one : unsent) {
    const auto command = state::decode_command(one.encoded);
    ENSURE(command.has_value());  // we have written it ourselves
    projection_.add(*command, std::move(one.encoded), std::move(one.promise), one.since);
  }
  ready_ = true;
  asking_ = false;
  cluster_began_ = {services_.clock.now(), std::max(services_.clock.wall(), applied_.clock)};
  ++question_;
  leader_actors_.start(applied_);
  // The leader before us may have been cut off, together with nodes whose leases it still renews.
  if (!acting_) sessions_.grant_all(applied_, services_.clock.now() + limits::isolated_leader);
  acting_ = true;
  sessions_.tell_all(applied_);
  looks_.up_to_date(applied_);
  auto held = std::move(held_);
  held_.clear();
  if (auto founders = founders_to_write_down(services_, applied_))
    propose(services_.self(), state::Body(std::move(*founders)), std::nullopt);
  for (Held& one : held) propose(one.request.caller, *one.request.body, one.promise);
  dirty_ = !projection_.cluster().placeable.empty();
  flush();
}

void StateLife::committed(const std::vector<raft::Entry>& entries) {
  at(FaultPoint::before_apply);
  std::vector<state::Event> events;
  raft::StateHash state;
  // Then Raft hears of it only when it is written, and hands out no more: whatever state.db's disk does,
  // this thread never waits for it.
  const bool behind = services_.state_writer.waiting() >= limits::unapplied_entries;
  for (const raft::Entry& entry : entries) {
    auto change = apply_one(entry, events);
    if (!change) return;
    if (entry.index.value % limits::state_hash_every == 0) state = {entry.index, applied_.hash};
    storage::StateWriter::Completion written;
    if (behind && entry.index == entries.back().index)
      written = [raft = raft_, news = AppliedUpTo(entry.index, state)] {
        caf::anon_send(raft, news);
      };
    services_.state_writer.submit(std::move(*change), std::move(written));
  }
  if (!behind) self_->send(raft_, AppliedUpTo(applied_.applied, state));
  services_.metrics.applied(applied_);
  const bool disturbed = std::exchange(disturbed_, false);
  // Two ways to the same state: what we foresaw is what became true.
  if (ready_ && !disturbed && projection_.cluster().applied == applied_.applied)
    ENSURE(projection_.cluster().hash == applied_.hash);
  if (acting_) {
    leader_actors_.tell(applied_, events);
    sessions_.tell(applied_, events);
  }
  if (disturbed && ready_)
    resync(std::max(applied_.applied, accepted_));
  else
    ready_when_caught_up();
}

/// What it changed. Nothing when the entry cannot be understood: the node ends.
std::optional<storage::StateChange> StateLife::apply_one(const raft::Entry& entry,
                                                         std::vector<state::Event>& events) {
  ENSURE(entry.index == next(applied_.applied));
  state::Applied result;
  HerdName herd;
  if (entry.type == raft::EntryType::command) {
    auto command = state::decode_command(entry.payload);
    if (!command) {
      services_.fatal(command.error());
      self_->quit();
      return {};
    }
    if (const auto* applied = std::get_if<state::HerdApplied>(&command->body)) herd = applied->herd;
    if (const auto* gone = std::get_if<state::HerdRemoved>(&command->body)) herd = gone->herd;
    result = state::apply(applied_, entry.index, *command, entry.payload);
    if (state::is_about_members(command->body) &&
        result.outcome.verdict == state::Verdict::accepted)
      members_changed();
    if (!herd.value.empty() || std::holds_alternative<state::ContractApplied>(command->body) ||
        std::holds_alternative<state::ContractsBrought>(command->body))
      services_.policies->fetch_add(1);
  } else {
    result = state::apply_nothing(applied_, entry.index);
    disturbed_ = ready_;  // nobody foresaw it
  }
  at(FaultPoint::after_apply);
  storage::StateChange change;
  change.applied = applied_.applied;
  change.hash = applied_.hash;
  change.rows.reserve(result.rows.size());
  for (state::Row& row : result.rows)
    change.rows.push_back(
        {static_cast<std::uint8_t>(row.table), std::move(row.key), std::move(row.value)});
  if (acting_ && !herd.value.empty()) leader_actors_.herd_changed(applied_, herd);
  if (entry.type == raft::EntryType::command)
    if (auto own = projection_.applied(entry.index)) {
      services_.metrics.command_applied(services_.clock.now() - own->since);
      if (own->promise)
        own->promise->deliver(Result<Submitted>(Submitted{entry.index, std::move(result.outcome)}));
    }
  if (acting_) std::move(result.events.begin(), result.events.end(), std::back_inserter(events));
  return change;
}

/// Nothing is handed to us until Raft knows how it ended, and nothing else changes the state; meanwhile
/// everybody is answered from what is here.
void StateLife::install(const InstallSnapshot& ask) {
  services_.snapshots->install(
      ask.id, ask.committed, applied_.applied,
      [me = caf::actor_cast<caf::actor>(self_)](Result<SnapshotKeeper::NewState> state) {
        caf::anon_send(me, StateReplaced(std::move(state)));
      });
}

void StateLife::replaced(const StateReplaced& news) {
  if (!news.state) return self_->send(raft_, SnapshotInstalled(news.state.error()));
  ENSURE(applied_.applied < (*news.state)->applied && !acting_);
  applied_ = std::move(**news.state);
  services_.policies->fetch_add(1);
  services_.metrics.applied(applied_);
  members_changed();
  self_->send(raft_, SnapshotInstalled());
  ready_when_caught_up();
}

void StateLife::reschedule() {
  if (!open_for_business()) return;
  dirty_ = !projection_.cluster().placeable.empty();
  flush();
}

void StateLife::look_around() {
  self_->delayed_send(self_, lease_check_every(), leases_atom::value);
  looks_.give_up(services_.clock.now());
  check_leases();
}

void StateLife::check_leases() {
  if (!open_for_business()) return;
  const Duration lease = services_.config.lease + limits::lease_margin;
  for (const NodeName& node : sessions_.expired(applied_, services_.clock.now(), lease)) {
    state::NodeLost body;
    body.node = node;
    body.incarnation = applied_.nodes.at(node).joined.incarnation;
    propose(services_.self(), state::Body(std::move(body)), std::nullopt);
  }
  flush();
}

Result<caf::actor> StateLife::find_run(const RunId& id) const {
  if (!open_for_business()) return std::unexpected(not_ready());
  if (caf::actor actor = leader_actors_.run(id)) return actor;
  return fail(FaultKind::no_such_thing,
              "Run '" + id.value + "' is not running. `runi get runs` lists the runs.");
}

Result<caf::actor> StateLife::find_herd(const HerdName& name) const {
  if (!open_for_business()) return std::unexpected(not_ready());
  if (caf::actor actor = leader_actors_.herd(name)) return actor;
  return fail(FaultKind::no_such_thing, "There is no herd '" + name.value +
                                            "'. Make it with `runi apply -f " + name.value +
                                            ".herd.toml`.");
}

/// Admission is the herd's actor's: it answers the one who asked us.
caf::result<Result<Submitted>> StateLife::submit_run(const SubmitRun& request) {
  auto herd = find_herd(request.run().plan.herd);
  if (!herd) return Result<Submitted>(std::unexpected(herd.error()));
  (void)self_->delegate(*herd, request);
  return caf::delegated<Result<Submitted>>{};
}

void StateLife::open_stream(const OpenStream& stream) {
  sessions_.open(stream.node, stream.worker);
  sessions_.renewed(stream.node, services_.clock.now());
  if (open_for_business()) sessions_.tell_all(applied_);
}

Result<LeaseGranted> StateLife::renew(const RenewLease& lease) {
  if (!leading_) return std::unexpected(not_ready());
  const auto node = applied_.nodes.find(lease.node);
  if (node == applied_.nodes.end() || !node->second.alive)
    return fail(FaultKind::not_leader, "Node '" + lease.node.value +
                                           "' was declared lost, or has never joined. It has to "
                                           "join again before it may go on.");
  sessions_.renewed(lease.node, services_.clock.now());
  return LeaseGranted{services_.config.lease};
}

void StateLife::down(const caf::down_msg& down) {
  if (down.source == scheduler_.address()) {
    if (!services_.respawn) return;
    scheduler_ = spawn_scheduler(self_->system());
    self_->monitor(scheduler_);
    reschedule();
    return;
  }
  if (acting_) leader_actors_.died(applied_, down.source);
}

struct StateActorState {
  static inline const char* name = "state_actor";
  std::unique_ptr<StateLife> life;
};

caf::behavior state_behavior(caf::stateful_actor<StateActorState>* self, Services* services,
                             std::shared_ptr<state::ClusterState> applied) {
  self->state.life = std::make_unique<StateLife>(self, *services, std::move(*applied));
  StateLife* life = self->state.life.get();
  self->set_down_handler([life](caf::down_msg& message) { life->down(message); });
  return {
      [life](connect_atom, caf::actor& raft, caf::actor& scheduler) {
        life->connect(std::move(raft), std::move(scheduler));
      },
      [life](const Submit& request) { return life->submit(request); },
      [life](const EntriesCommitted& news) { life->committed(*news.entries); },
      [life](const RoleChanged& news) { life->role_changed(news); },
      [life](const InstallSnapshot& ask) { life->install(ask); },
      [life](const StateReplaced& news) { life->replaced(news); },
      [life](const ProposalDone& news) { life->proposal_done(news.outcome); },
      [life](const ReadDone& news) { life->read_done(news.outcome); },
      [life](const Reschedule&) { life->reschedule(); },
      [life](again_atom) { life->reschedule(); },
      [life](flush_atom) { life->flush_now(); },
      [life](ask_looks_atom) { life->ask_looks(); },
      [life](leases_atom) { life->look_around(); },
      [life](const Look& look) { return life->look(look); },
      [life](const FindRun& find) { return life->find_run(find.run); },
      [life](const FindHerd& find) { return life->find_herd(find.herd); },
      [life](const SubmitRun& request) { return life->submit_run(request); },
      [life](const OpenStream& stream) { life->open_stream(stream); },
      [life](const RenewLease& lease) { return life->renew(lease); },
      [life](const Progress& progress) { life->progress(progress); },
  };
}

}  // namespace

caf::actor spawn_state(caf::actor_system& system, Services& services, state::ClusterState applied) {
  return system.spawn(state_behavior, &services,
                      std::make_shared<state::ClusterState>(std::move(applied)));
}

void connect_state(const caf::actor& state, const caf::actor& raft, const caf::actor& scheduler) {
  caf::anon_send(state, connect_atom::value, raft, scheduler);
}

}  // namespace runink::actors
