#include "actors/workloads/run_actor.hpp"

#include <algorithm>
#include <deque>

#include "actors/coroutines/coroutines.hpp"
#include "actors/messages.hpp"

namespace runink::actors {
namespace {

using leave_atom = caf::atom_constant<caf::atom("leave")>;
using give_up_atom = caf::atom_constant<caf::atom("give_up")>;
constexpr std::size_t story_most = 4096;  // items kept for watchers
constexpr Duration linger = seconds(30);  // an ended run answers its watchers this long

struct RunState {
  static inline const char* name = "run_actor";
  Services* services = nullptr;
  caf::actor cluster;
  RunId run;
  std::deque<FeedItem> story;
  std::uint64_t next_number = 1;
  bool ended = false;
  struct Watcher {
    caf::response_promise promise;
    std::uint64_t after;
    std::uint64_t ticket;
  };
  std::vector<Watcher> watchers;
  std::uint64_t next_ticket = 1;
  co::Scope scope;
};
using RunSelf = caf::stateful_actor<RunState>;

Feed feed_after(const RunState& state, std::uint64_t after) {
  Feed feed;
  for (const FeedItem& item : state.story)
    if (item.number > after) feed.items.push_back(item);
  feed.ended = state.ended;
  return feed;
}

void answer_watchers(RunSelf* self) {
  auto watchers = std::move(self->state.watchers);
  self->state.watchers.clear();
  for (auto& watcher : watchers) {
    Feed feed = feed_after(self->state, watcher.after);
    watcher.promise.deliver(std::move(feed));
  }
}

void tell(RunState& state, FeedItem item) {
  item.number = state.next_number++;
  state.story.push_back(std::move(item));
  if (state.story.size() > story_most) state.story.pop_front();
}

/// Sleeps, then asks for a new decision. A retry is due at a cluster time, which goes on by the
/// monotonic clock alone: the wall clock may step, and must not be asked how long that is.
co::Task<> wake_scheduler(RunSelf* self, Duration left) {
  if (left.ns > 0) co_await co::sleep(self, left);
  self->send(self->state.cluster, Reschedule{});
}

co::Task<Result<Submitted>> cancel(RunSelf* self, CancelRun request) {
  state::RunCancelled body;
  body.run = self->state.run;
  Submit submit(request.caller, state::Body(std::move(body)));
  auto answer = co_await co::ask<Result<Submitted>>(self, self->state.cluster, caf::infinite,
                                                    std::move(submit));
  co_return co::flatten(std::move(answer), "the cluster's state");
}

void on_events(RunSelf* self, const RunEvents& news) {
  RunState& state = self->state;
  for (const state::Event& event : *news.events) {
    if (const auto* retry = std::get_if<state::RetryDue>(&event))
      co::spawn(self, state.scope, wake_scheduler, self, retry->at - news.at);
    if (std::holds_alternative<state::RunArchived>(event)) state.ended = true;
    FeedItem item;
    item.at = news.at;
    item.event = event;
    tell(state, std::move(item));
  }
  answer_watchers(self);
  if (state.ended)
    self->delayed_send(self, std::chrono::microseconds(linger.ns / 1'000), leave_atom::value);
}

void on_progress(RunSelf* self, const Progress& progress) {
  // Only the newest progress of a slice is worth telling.
  std::erase_if(self->state.story,
                [&](const FeedItem& old) { return !old.event && old.attempt == progress.attempt; });
  FeedItem item;
  item.at = self->state.services->clock.wall();
  item.attempt = progress.attempt;
  item.permille = progress.permille;
  item.rows = progress.rows;
  item.waits_for_room = progress.waits_for_room;
  item.waits_for_inputs = progress.waits_for_inputs;
  tell(self->state, std::move(item));
  answer_watchers(self);
}

caf::result<Feed> on_next(RunSelf* self, const NextItems& request) {
  RunState& state = self->state;
  Feed feed = feed_after(state, request.after);
  if (!feed.items.empty() || feed.ended) return feed;
  auto promise = self->make_response_promise();
  const std::uint64_t ticket = state.next_ticket++;
  state.watchers.push_back({promise, request.after, ticket});
  self->delayed_send(self, std::chrono::microseconds(request.at_most.ns / 1'000),
                     give_up_atom::value, ticket);
  return caf::delegated<Feed>{};
}

caf::behavior run_behavior(RunSelf* self, Services* services, caf::actor cluster, RunId run,
                           std::vector<Duration> retries) {
  RunState& state = self->state;
  state.services = services;
  state.cluster = std::move(cluster);
  state.run = std::move(run);
  state.next_number = static_cast<std::uint64_t>(services->clock.now().ns);
  // An ended run has left the leader's list; while it lingers it must not hold up the node's stop.
  self->set_down_handler([self](const caf::down_msg&) { self->quit(); });
  self->monitor(state.cluster);
  for (const Duration left : retries) co::spawn(self, state.scope, wake_scheduler, self, left);
  return {
      [self](const RunEvents& news) { on_events(self, news); },
      [self](const Progress& progress) { on_progress(self, progress); },
      [self](const NextItems& request) { return on_next(self, request); },
      [self](give_up_atom, std::uint64_t ticket) {
        auto& watchers = self->state.watchers;
        for (auto& watcher : watchers)
          if (watcher.ticket == ticket) watcher.promise.deliver(Feed{});
        std::erase_if(watchers, [&](const auto& one) { return one.ticket == ticket; });
      },
      [self](leave_atom) { self->quit(); },
      [self](const CancelRun& request) {
        return co::respond<Result<Submitted>>(self, self->state.scope, cancel, self, request);
      },
  };
}

}  // namespace

caf::actor spawn_run(caf::actor_system& system, Services& services, const caf::actor& cluster,
                     const state::Run& run, WallTime now) {
  std::vector<Duration> retries;
  for (const state::Stage& stage : run.stages)
    for (const state::PartitionState& partition : stage.partitions)
      if (!partition.commit && partition.live.empty() && partition.not_before.us > 0)
        retries.push_back(partition.not_before - now);
  return system.spawn(run_behavior, &services, cluster, run.head.id, std::move(retries));
}

}  // namespace runink::actors
