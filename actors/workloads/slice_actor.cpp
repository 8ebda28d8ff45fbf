#include "actors/workloads/slice_actor.hpp"

#include <algorithm>
#include <optional>

#include "actors/cluster/disk_reserve.hpp"
#include "actors/coroutines/coroutines.hpp"
#include "actors/doors/log.hpp"
#include "actors/links/spawner_link.hpp"
#include "actors/messages.hpp"
#include "actors/metrics.hpp"
#include "actors/workloads/artifact_exchange.hpp"
#include "actors/workloads/herd_keys.hpp"
#include "actors/workloads/prepared_folders.hpp"
#include "actors/workloads/slice_folder.hpp"
#include "actors/workloads/slice_report.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/fault_point.hpp"
#include "vocabulary/limits.hpp"
#include "vocabulary/test_name.hpp"

namespace runink::actors {
namespace {

using wake_atom = caf::atom_constant<caf::atom("wake")>;
constexpr Duration progress_every = milliseconds(250);
constexpr Duration submit_again = milliseconds(100);
constexpr Duration submit_again_longest = seconds(5);
/// Then what waits for room is told, and what failed is given up.
constexpr int a_few_tries = 5;

struct SliceLife {
  static inline const char* name = "slice_actor";
  Services* services = nullptr;
  caf::actor cluster;
  caf::actor worker;
  std::shared_ptr<const state::Assignment> assignment;
  isolation::SliceId slice;
  SpawnerKnows known = SpawnerKnows::nothing;
  Instant asked;  ///< when the spawner was asked to launch
  Instant exec;   ///< when the program began, by the spawner's reading of the same clock
  bool ending = false;
  bool launched = false;
  std::optional<isolation::ExitReport> exit;
  std::optional<Fault> refused;
  std::pair<std::uint16_t, std::uint64_t> told{0, 0};  ///< of its progress: permille and rows
  caf::response_promise woken;  ///< of the coroutine in `live`, while it waits
  bool news = false;            ///< it has to look again when it waits next
  bool moved = false;           ///< what runs in `moving` is over
  bool inputs_here = false;
  std::optional<NodeName> copied_to;
  co::Scope moving;  ///< artifacts between nodes; ended when the slice has to end
  co::Scope scope;
};
using SliceSelf = caf::stateful_actor<SliceLife>;

/// Lets the coroutine in `live` look again, now or when it waits next.
void wake(SliceSelf* self) {
  if (self->state.woken.pending())
    self->state.woken.deliver(caf::unit);
  else
    self->state.news = true;
}

/// Until something that it may wait for has changed.
co::Task<> wait_for_news(SliceSelf* self) {
  const caf::actor me = caf::actor_cast<caf::actor>(self->ctrl());
  (void)co_await co::ask<>(self, me, caf::infinite, wake_atom::value);
}

/// Until the exit report is here or the launch was refused.
co::Task<> wait_for_end(SliceSelf* self) {
  while (!self->state.exit && !self->state.refused) co_await wait_for_news(self);
}

template <class... Arguments>
using Story = co::Task<> (*)(SliceSelf*, Arguments...);

template <class... Arguments>
co::Task<> tell_of(SliceSelf* self, Story<Arguments...> story, Arguments... arguments) {
  co_await story(self, std::move(arguments)...);
  self->state.moved = true;
  wake(self);
}

/// Lets `story` move artifacts until that is over or the slice has to end: then nothing of it goes on.
template <class... Arguments>
co::Task<> unless_ending(SliceSelf* self, Story<Arguments...> story, Arguments... arguments) {
  SliceLife& life = self->state;
  life.moved = false;
  if (life.ending) co_return;
  Story<Story<Arguments...>, Arguments...> whole = tell_of<Arguments...>;
  co::spawn(self, life.moving, whole, self, story, std::move(arguments)...);
  while (!life.moved && !life.ending) co_await wait_for_news(self);
  life.moving.cancel_all();
}

/// Tells the run's actor how far the slice is, as long as it runs.
co::Task<> tell_progress(SliceSelf* self) {
  work::ReportReader reader;
  std::uint64_t offset = 0;
  while (!self->state.exit && !self->state.refused) {
    co_await co::sleep(self, progress_every);
    Services* services = self->state.services;
    const isolation::SliceId slice = self->state.slice;
    auto job = [services, slice, offset] { return read_report(*services, slice, offset); };
    auto part = co_await co::on_disk(self, services->disk, job);
    if (!part || part->empty()) continue;
    offset += part->size();
    reader.feed(*part);
    const std::pair now{reader.report().permille, reader.report().rows};
    if (now != self->state.told) {
      self->state.told = now;
      self->send(self->state.cluster,
                 Progress(self->state.assignment->attempt, now.first, now.second));
    }
  }
}

state::Usage usage_of(const isolation::ExitReport& report) {
  state::Usage usage;
  usage.cpu = report.cpu_user + report.cpu_system;
  usage.memory_peak = report.memory_peak;
  usage.started = report.started;
  usage.ended = report.ended;
  return usage;
}

state::AttemptEnd end_of(const isolation::ExitReport& report) {
  switch (report.end) {
    case isolation::SliceEnd::exited: return state::AttemptEnd::exited;
    case isolation::SliceEnd::signalled: return state::AttemptEnd::signalled;
    case isolation::SliceEnd::out_of_memory: return state::AttemptEnd::out_of_memory;
    case isolation::SliceEnd::timed_out: return state::AttemptEnd::timed_out;
    case isolation::SliceEnd::lease_expired: return state::AttemptEnd::lost;
    case isolation::SliceEnd::killed:
      return report.reason == isolation::KillReason::cancelled ? state::AttemptEnd::cancelled
                                                               : state::AttemptEnd::lost;
    case isolation::SliceEnd::setup_failed: return state::AttemptEnd::setup_failed;
  }
  return state::AttemptEnd::lost;
}

state::AttemptFailed failed(const SliceLife& life, state::AttemptEnd end) {
  state::AttemptFailed body;
  body.attempt = life.assignment->attempt;
  body.end = end;
  return body;
}

/// Tells those who follow the run whether the slice's outputs wait for room.
void tell_waiting(SliceSelf* self, bool waits) {
  const SliceLife& life = self->state;
  const auto& [permille, rows] = life.told;
  self->send(life.cluster, Progress(life.assignment->attempt, permille, rows, waits));
  if (waits)
    life.services->log.warn("a program ended well, and its outputs wait for room on the disk",
                            {life.assignment->attempt});
}

/// Submits until it is known what became of it. The natural key makes a repetition harmless.
co::Task<state::Outcome> resolve(SliceSelf* self, state::Body body) {
  const bool has_outputs = std::holds_alternative<state::PartitionCommitted>(body);
  int without_room = 0;
  Duration pause = submit_again;
  for (;;) {
    Submit submit(self->state.services->self(), body);
    auto asked = co_await co::ask<Result<Submitted>>(self, self->state.cluster, caf::infinite,
                                                     std::move(submit));
    auto answer = co::flatten(std::move(asked), "the cluster's state");
    const bool no_room = !answer && answer.error().kind == FaultKind::exhausted;
    if (has_outputs && no_room && ++without_room == a_few_tries) tell_waiting(self, true);
    const bool never_fits = !answer && answer.error().kind == FaultKind::bad_input;
    if ((answer || never_fits) && without_room >= a_few_tries) tell_waiting(self, false);
    if (answer) co_return answer->outcome;
    if (never_fits) {
      // It will never fit the log, however often it is said.
      state::Outcome never;
      never.verdict = state::Verdict::refused;
      never.refusal = state::Refusal::wrong_outputs;
      never.what = answer.error().what;
      co_return never;
    }
    co_await co::sleep(self, pause);
    pause = std::min(pause * 2, submit_again_longest);
  }
}

/// True when another try may well succeed and the step has no part in it: a full disk or queue, a
/// spawner that is gone, a lease that has ended. It does not count against the step's `retry`.
bool is_the_platforms(const Fault& fault) {
  return fault.kind == FaultKind::unknown_outcome || fault.kind == FaultKind::exhausted ||
         fault.kind == FaultKind::outside_failed || fault.kind == FaultKind::conflict ||
         fault.kind == FaultKind::out_of_time;
}

/// Counts how long a launch took, when both ends of it are known; they may come in either order.
void note_launch(SliceLife& life) {
  if (life.asked.ns != 0 && life.launched && life.exec.ns != 0)
    life.services->metrics.slice_launched(life.exec - life.asked);
}

/// What came of preparing a launch and asking the spawner for it.
struct Asked {
  Result<Instant> when;
  bool key = false;  ///< the herd's key is why it was not asked
};

/// Blocks: for a disk thread.
Asked ask_spawner(const Services& services, const state::Assignment& assignment,
                  std::uint64_t incarnation) {
  // Asked once of a spawner that is gone: it may have run. It is lost, not repeated.
  const auto asked = asked_spawner(services, slice_id_of(assignment.attempt));
  if (asked && *asked != incarnation)
    return {fail(FaultKind::unknown_outcome, "The spawner that had the slice is gone.")};
  Result<std::string> key{std::string{}};
  if (pipeline::needs_key(assignment.step.work))
    key = is_test(assignment.pipeline)
              ? test_key()
              : herd_key(services.folder, assignment.herd,
                         services.alone() ? MissingKey::make : MissingKey::refuse);
  if (!key) return {std::unexpected(key.error()), true};
  auto prepared = prepare_slice(services, assignment, incarnation, *key);
  if (!prepared) return {std::unexpected(prepared.error())};
  at(FaultPoint::before_launch);
  const Instant now = services.clock.now();
  auto sent = services.spawner.launch_leased(std::move(prepared->spec), std::move(prepared->log),
                                             std::move(prepared->report), now);
  if (!sent) return {std::unexpected(sent.error())};
  return {now};
}

/// The end of an attempt that was not launched. The log says why: the state has codes only.
state::AttemptFailed not_launched(const SliceLife& life, const Asked& asked) {
  const Fault& fault = asked.when.error();
  if (asked.key)
    life.services->log.error("the key of a herd cannot be used",
                             {life.assignment->attempt, life.assignment->herd, fault});
  else
    // Its words may name files that a program made.
    life.services->log.warn("a slice could not be launched",
                            {life.assignment->attempt, {"kind", to_string(fault.kind)}});
  // A key that is damaged or open to others stays so: trying again in silence helps nobody.
  const bool again = asked.key ? fault.kind == FaultKind::exhausted : is_the_platforms(fault);
  auto body = failed(life, again ? state::AttemptEnd::lost : state::AttemptEnd::setup_failed);
  if (asked.key && !again) body.reason = SliceReason::key_missing;
  return body;
}

/// All that the slice reads, and who has it.
std::vector<WantedArtifact> artifacts_of(const state::Assignment& assignment) {
  std::vector<WantedArtifact> wanted;
  for (const state::InputDataset& input : assignment.inputs)
    for (const auto& [name, file] : input.files)
      wanted.push_back({file.digest, file.size, input.holders});
  if (reads_bundle(assignment.step)) wanted.push_back({assignment.bundle, {}, {}});
  return wanted;
}

/// What is told while inputs do not come.
Fault inputs_missing(const SliceLife& life, const Fault& why, bool given_up) {
  std::string what = "The inputs of slice " + life.slice.value + " cannot be brought to node '" +
                     life.services->config.node.name.value + "': " + why.what;
  what += given_up ? " After an hour the attempt counts as lost, and the step is placed again."
                   : " It is tried again for an hour.";
  return {why.kind, what + " `runi cluster status` shows which nodes can be reached."};
}

/// Fetches all that the slice reads, or gives up after long. What no node that can be reached has is waited for:
/// to give up at once would only place the step elsewhere, where it is missing as well.
co::Task<> fetch_inputs(SliceSelf* self) {
  SliceLife& life = self->state;
  ArtifactExchange* exchange = life.services->exchange;
  const AttemptKey& attempt = life.assignment->attempt;
  const Instant deadline = life.services->clock.now() + limits::room_wait;
  Duration pause = submit_again;
  for (bool told = false;; told = true) {
    auto fetch = [exchange, wanted = artifacts_of(*life.assignment),
                  owner = storage::PinOwner{life.slice.value}] {
      return exchange->fetch(wanted, owner);
    };
    const auto fetched = co_await co::on_asio(self, exchange->executor(), fetch);
    const bool enough = fetched || life.services->clock.now() >= deadline;
    if (told && enough) self->send(life.cluster, Progress(attempt, 0, 0));
    if (!fetched && enough)
      life.services->log.error("a slice is given up: its inputs do not come",
                               {attempt, inputs_missing(life, fetched.error(), true)});
    life.inputs_here = fetched.has_value();
    if (enough) co_return;
    if (!told) {
      self->send(life.cluster, Progress(attempt, 0, 0, false, true));
      life.services->log.warn("a slice waits for its inputs",
                              {attempt, inputs_missing(life, fetched.error(), false)});
    }
    co_await co::sleep(self, pause);
    pause = std::min(pause * 2, submit_again_longest);
  }
}

/// Has another node keep copies.
co::Task<> copy_outputs(SliceSelf* self, std::vector<storage::StoredArtifact> made) {
  SliceLife& life = self->state;
  ArtifactExchange* exchange = life.services->exchange;
  auto copy = [exchange, made = std::move(made), owner = life.slice.value] {
    return exchange->copy(made, owner);
  };
  life.copied_to = co_await co::on_asio(self, exchange->executor(), copy);
}

/// Has everything here that the slice reads. Gives the end of an attempt that will never run.
co::Task<std::optional<state::AttemptFailed>> bring_inputs(SliceSelf* self) {
  SliceLife& life = self->state;
  if (life.services->exchange == nullptr) co_return std::nullopt;
  co_await unless_ending(self, fetch_inputs);
  if (life.ending) co_return failed(life, state::AttemptEnd::cancelled);
  if (!life.inputs_here) co_return failed(life, state::AttemptEnd::lost);
  co_return std::nullopt;
}

/// Has another node keep copies of what the slice made, unless its run has ended: the names of all that have it.
co::Task<std::vector<NodeName>> holders_of(SliceSelf* self, const CollectedSlice& collected) {
  SliceLife& life = self->state;
  std::vector<NodeName> holders{life.services->config.node.name};
  if (life.services->exchange == nullptr) co_return holders;
  std::vector<storage::StoredArtifact> made;
  for (const state::Output& output : collected.outputs)
    for (const auto& [name, file] : output.files) made.push_back({file.digest, file.size});
  if (!collected.log.empty()) made.push_back({collected.log, {}});
  co_await unless_ending(self, copy_outputs, std::move(made));
  if (life.copied_to) holders.push_back(*life.copied_to);
  co_return holders;
}

/// Asks the spawner, unless it has the slice or the slice must not start any more. Gives the end of
/// an attempt that will never run.
co::Task<std::optional<state::AttemptFailed>> start(SliceSelf* self) {
  SliceLife& life = self->state;
  Services* services = life.services;
  if (auto report = services->spawner.watch(life.slice, self)) life.exit = std::move(*report);
  if (life.exit) co_return std::nullopt;
  if (life.known != SpawnerKnows::nothing) {
    life.launched = true;
    if (life.ending && !life.exit)
      services->spawner.kill(life.slice, isolation::KillReason::cancelled, false);
    co_return std::nullopt;
  }
  if (life.ending) co_return failed(life, state::AttemptEnd::cancelled);
  if (auto never = co_await bring_inputs(self)) co_return never;
  const std::uint64_t incarnation = services->spawner.incarnation();
  auto assignment = life.assignment;
  // The spawner is asked from the disk thread, so that a launch waits for no other thread to wake.
  auto job = [services, assignment, incarnation] {
    return ask_spawner(*services, *assignment, incarnation);
  };
  auto done = co_await co::on_disk(self, services->disk, job);
  const Asked asked = done ? std::move(*done) : Asked{std::unexpected(done.error())};
  if (!asked.when) co_return not_launched(life, asked);
  life.asked = *asked.when;
  note_launch(life);
  // It was told to end while the job ran: then it is behind the launch on the spawner's socket.
  if (life.ending) services->spawner.kill(life.slice, isolation::KillReason::cancelled, false);
  co_return std::nullopt;
}

/// Takes what the slice left. Blocks: for a disk thread. Without room for the log its end could not be told
/// either: then, when it was tried `before`, its files are not hashed again in vain.
Result<CollectedSlice> try_to_collect(const Services& services, const state::Assignment& assignment,
                                      bool good, Bytes log_dropped, bool before) {
  if (before && good && disk_room(services) < limits::disk_least)
    return fail(FaultKind::exhausted, "The disk of the data folder is full.");
  return collect_slice(services, assignment, good, log_dropped);
}

/// Takes what the slice left. What a program made that ended well waits for room on a full disk, unless its run
/// has ended: doing the work again would need the same room. Of what failed, which needs none, a full disk or
/// queue is given a moment.
co::Task<Result<CollectedSlice>> collect(SliceSelf* self, bool good, Bytes log_dropped) {
  Services* services = self->state.services;
  auto assignment = self->state.assignment;
  const Instant deadline = services->clock.now() + limits::room_wait;
  Duration pause = submit_again;
  for (int tries = 1;; ++tries) {
    auto job = [services, assignment, good, log_dropped, tries] {
      return try_to_collect(*services, *assignment, good, log_dropped, tries > 1);
    };
    auto collected = co_await co::on_disk(self, services->disk, job);
    if (good && collected && tries > a_few_tries) tell_waiting(self, false);
    if (collected || collected.error().kind != FaultKind::exhausted) co_return collected;
    const bool enough =
        good ? self->state.ending || services->clock.now() >= deadline : tries >= a_few_tries;
    if (enough) co_return collected;
    if (good && tries == a_few_tries) tell_waiting(self, true);
    co_await co::sleep(self, pause);
    pause = std::min(pause * 2, submit_again_longest);
  }
}

/// The end of a slice whose program ended well, and whose outputs were not taken.
state::AttemptEnd end_without_outputs(const SliceLife& life,
                                      const Result<CollectedSlice>& collected) {
  if (collected) return state::AttemptEnd::bad_output;
  if (life.ending && collected.error().kind == FaultKind::exhausted)
    return state::AttemptEnd::cancelled;
  return is_the_platforms(collected.error()) ? state::AttemptEnd::lost
                                             : state::AttemptEnd::bad_output;
}

/// What the end of the slice means for the log.
co::Task<state::Body> conclude(SliceSelf* self) {
  SliceLife& life = self->state;
  Services* services = life.services;
  if (life.refused) {
    auto body = failed(life, is_the_platforms(*life.refused) ? state::AttemptEnd::lost
                                                             : state::AttemptEnd::setup_failed);
    co_return state::Body(std::move(body));
  }
  const isolation::ExitReport report = *life.exit;
  services->metrics.slice_ended(report);
  auto assignment = life.assignment;
  const bool good = report.succeeded();
  auto collected = co_await collect(self, good, report.log_dropped);
  if (collected && good && collected->bad == SliceReason::none) {
    state::PartitionCommitted body;
    body.attempt = assignment->attempt;
    body.holders = co_await holders_of(self, *collected);
    body.outputs = std::move(collected->outputs);
    body.read = std::move(collected->report.read);
    body.counters = std::move(collected->report.counters);
    body.usage = usage_of(report);
    body.log = collected->log;
    body.quality = std::move(collected->quality);
    co_return state::Body(std::move(body));
  }
  auto body = failed(life, good ? end_without_outputs(life, collected) : end_of(report));
  body.exit_code = report.exit_code;
  body.signal = report.signal;
  body.setup_step = static_cast<std::uint16_t>(report.setup_step);
  body.setup_errno = report.setup_errno;
  body.usage = usage_of(report);
  if (collected) {
    body.reason = good ? collected->bad : collected->report.reason;
    body.log = collected->log;
  } else {
    body.reason = collected.error().kind == FaultKind::exhausted ? SliceReason::disk_full
                                                                 : SliceReason::internal;
  }
  co_return state::Body(std::move(body));
}

/// Whether the attempt is over in applied state, whatever was made of what we said.
bool is_resolved(const state::Outcome& outcome) {
  return outcome.verdict != state::Verdict::refused || outcome.refusal == state::Refusal::fenced ||
         outcome.refusal == state::Refusal::run_ended ||
         outcome.refusal == state::Refusal::no_such_run;
}

/// Counts the rows of a validate step once, when its commit was taken.
void note_quality(const SliceLife& life, const state::Body& body, const state::Outcome& outcome) {
  const auto* commit = std::get_if<state::PartitionCommitted>(&body);
  if (commit == nullptr || outcome.verdict != state::Verdict::accepted || outcome.discarded ||
      !std::holds_alternative<pipeline::ValidateWork>(life.assignment->step.work))
    return;
  for (const auto& [counter, verdict] :
       {std::pair("rows_accepted", "accepted"), std::pair("rows_rejected", "rejected")})
    if (const auto at = commit->counters.find(counter); at != commit->counters.end())
      life.services->metrics.quality_rows(life.assignment->herd, life.assignment->pipeline, verdict,
                                          at->second);
}

co::Task<> live(SliceSelf* self) {
  SliceLife& life = self->state;
  Services* services = life.services;
  std::optional<state::AttemptFailed> never = co_await start(self);
  std::optional<state::Body> body;
  if (never) {
    body.emplace(std::move(*never));
  } else {
    co::spawn(self, life.scope, tell_progress, self);
    co_await wait_for_end(self);
    at(FaultPoint::slice_exited);
    body.emplace(co_await conclude(self));
  }
  at(FaultPoint::commit_proposed);
  const state::Outcome outcome = co_await resolve(self, *body);
  if (const auto* commit = std::get_if<state::PartitionCommitted>(&*body);
      commit != nullptr && !is_resolved(outcome)) {
    auto bad = failed(life, state::AttemptEnd::bad_output);
    bad.reason = SliceReason::bad_output;
    bad.usage = commit->usage;
    bad.log = commit->log;
    state::Body instead(std::move(bad));
    (void)co_await resolve(self, std::move(instead));
  }
  note_quality(life, *body, outcome);
  at(FaultPoint::commit_applied);
  services->spawner.acknowledge(life.slice);
  const isolation::SliceId slice = life.slice;
  // Nobody waits for it, and what is left after a crash goes at the next start.
  const std::uint64_t incarnation = services->spawner.incarnation();
  (void)services->disk.submit_at_leisure([services, slice, incarnation] {
    discard_slice(*services, slice);
    (void)services->prepared.fill(incarnation);
  });
  self->send(life.worker, SliceDone(life.assignment->attempt));
  self->quit();
}

caf::behavior slice_behavior(SliceSelf* self, Services* services, caf::actor cluster,
                             caf::actor worker, std::shared_ptr<const state::Assignment> assignment,
                             SpawnerKnows known) {
  SliceLife& life = self->state;
  life.services = services;
  life.cluster = std::move(cluster);
  life.worker = std::move(worker);
  life.slice = slice_id_of(assignment->attempt);
  life.ending = assignment->ending;
  life.assignment = std::move(assignment);
  life.known = known;
  // A node that stops ends its worker first; the slice itself goes on in the spawner.
  self->set_down_handler([self](const caf::down_msg&) { self->quit(); });
  self->monitor(life.worker);
  co::spawn(self, life.scope, live, self);
  return {
      [self](wake_atom) {
        self->state.woken = self->make_response_promise();
        if (std::exchange(self->state.news, false)) wake(self);
        return self->state.woken;
      },
      [self](const SliceLaunched& news) {
        SliceLife& life = self->state;
        life.launched = true;
        at(FaultPoint::after_launch);
        life.exec = Instant{news.exec_boot_ns};
        note_launch(life);
      },
      [self](SliceExited& news) {
        self->state.exit = std::move(news.report);
        wake(self);
      },
      [self](SliceRefused& news) {
        self->state.refused = std::move(news.fault);
        wake(self);
      },
      [self](const EndSlice&) {
        SliceLife& life = self->state;
        if (life.ending) return;
        life.ending = true;
        wake(self);
        if (life.asked.ns != 0 || life.launched)
          life.services->spawner.kill(life.slice, isolation::KillReason::cancelled, false);
      },
  };
}

}  // namespace

caf::actor spawn_slice(caf::local_actor& maker, Services& services, caf::actor cluster,
                       caf::actor worker, std::shared_ptr<const state::Assignment> assignment,
                       SpawnerKnows known) {
  return maker.spawn(slice_behavior, &services, std::move(cluster), std::move(worker),
                     std::move(assignment), known);
}

}  // namespace runink::actors
