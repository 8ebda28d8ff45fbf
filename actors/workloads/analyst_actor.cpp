#include "actors/workloads/analyst_actor.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/coroutines/coroutines.hpp"
#include "actors/links/spawner_link.hpp"
#include "actors/messages.hpp"
#include "actors/workloads/slice_folder.hpp"
#include "actors/workloads/slice_report.hpp"
#include "pipeline/sql_reader.hpp"
#include "storage/beneath.hpp"
#include "storage/data_folder.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

using wake_atom = caf::atom_constant<caf::atom("wake")>;
using Readings = std::vector<pipeline::SqlReading>;

/// What one of these actors is for; the two share nothing but the code.
struct Duty {
  const char* slices;        ///< how its slices are called
  std::size_t waiting_most;  ///< those that have their turn included
  const char* crowded;       ///< what one hears who comes after that
};
constexpr Duty analysing{analysis_slices, 64,
                         "Too many pipelines are compiled at once. Try again."};
// The second in line waits as long as the first one may take, and then is at work as long.
constexpr Duty trying{trial_slices, 2,
                      "Two files are being tested already. Try again in a moment."};

struct AnalystState {
  static inline const char* name = "analyst_actor";
  Services* services = nullptr;
  const Duty* duty = &analysing;
  std::uint64_t count = 0;
  std::size_t waiting = 0;
  bool busy = false;
  std::deque<caf::response_promise> turns;
  std::optional<isolation::ExitReport> exit;
  std::optional<Fault> refused;
  caf::response_promise woken;
  co::Scope scope;
};
using AnalystSelf = caf::stateful_actor<AnalystState>;

Result<void> put_file(int folder, const std::string& name, std::string_view bytes) {
  auto fd = storage::open_beneath(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0444);
  if (!fd) return std::unexpected(fd.error());
  ::fchmod(fd->get(), 0444);
  return storage::write_all(fd->get(), bytes);
}

/// What both kinds of work find at /in.
using Fill = std::function<Result<void>(int in)>;

/// The folder and the spec of one call of runink-step.
Result<PreparedSlice> prepare(const Services& services, const isolation::SliceId& slice,
                              const char* verb, const Fill& fill) {
  auto slices = storage::open_folder(services.folder.slices());
  if (!slices) return std::unexpected(slices.error());
  if (auto gone = storage::remove_tree(slices->get(), slice.value); !gone)
    return std::unexpected(gone.error());
  if (auto made = storage::make_folders(slices->get(), slice.value + "/in/.runink", 0755); !made)
    return std::unexpected(made.error());
  if (auto made = storage::make_folders(slices->get(), slice.value + "/out", 0700); !made)
    return std::unexpected(made.error());
  if (auto made = storage::make_folders(slices->get(), slice.value + "/scratch", 0700); !made)
    return std::unexpected(made.error());
  const std::string path = slice_path(services, slice);
  for (const char* open : {"", "/in", "/in/.runink"}) ::chmod((path + open).c_str(), 0755);
  auto folder = storage::open_folder(path);
  if (!folder) return std::unexpected(folder.error());
  auto in = storage::open_beneath(folder->get(), "in", O_RDONLY | O_DIRECTORY);
  if (!in) return std::unexpected(in.error());
  if (auto filled = fill(in->get()); !filled) return std::unexpected(filled.error());
  PreparedSlice prepared;
  for (OwnedFd* file : {&prepared.log, &prepared.report}) {
    auto fd = storage::open_beneath(folder->get(), file == &prepared.log ? "log" : "report",
                                    O_RDWR | O_CREAT | O_EXCL, 0600);
    if (!fd) return std::unexpected(fd.error());
    *file = std::move(*fd);
  }
  isolation::SandboxSpec& spec = prepared.spec;
  spec.slice = slice;
  spec.argv = {"/runink/bin/runink-step", verb};
  spec.env = {{"PATH", "/usr/bin:/bin"},     {"HOME", "/tmp"},       {"LANG", "C.UTF-8"},
              {"RUNINK_IN", "/in"},          {"RUNINK_OUT", "/out"}, {"RUNINK_SCRATCH", "/scratch"},
              {"RUNINK_REPORT", "/dev/fd/3"}};
  spec.mounts.push_back({path + "/in", "/in", true, isolation::MountKind::input});
  add_step_tools(services, spec);
  spec.output = path + "/out";
  spec.scratch = path + "/scratch";
  spec.timeout = limits::analyse;
  spec.lease = services.config.lease;
  return prepared;
}

Result<void> fill_trial(int in, const Trial& trial) {
  if (auto put = put_file(in, ".runink/step", encode(*trial.step)); !put) return put;
  const std::string& dataset = trial.step->step.inputs.front().value;
  if (auto made = storage::make_folders(in, dataset, 0755); !made) return made;
  if (::fchmodat(in, dataset.c_str(), 0755, 0) != 0)
    return std::unexpected(storage::file_fault("The folder of the test cannot be opened", errno));
  return put_file(in, dataset + "/" + trial.name, *trial.bytes);
}

Result<TrialEnd> read_trial(const Services& services, const isolation::SliceId& slice,
                            const isolation::ExitReport& exit) {
  auto folder = storage::open_folder(slice_path(services, slice));
  if (!folder) return std::unexpected(folder.error());
  auto report = storage::read_file(folder->get(), "report", limits::slice_report + KiB(4));
  if (!report) return std::unexpected(report.error());
  auto log = storage::read_file(folder->get(), "log", limits::slice_log + KiB(4));
  if (!log) return std::unexpected(log.error());
  work::ReportReader reader;
  reader.feed(*report);
  reader.finish();
  TrialEnd end;
  end.succeeded = exit.succeeded();
  end.timed_out = exit.end == isolation::SliceEnd::timed_out;
  if (!end.succeeded) end.what = isolation::to_sentence(exit);
  end.report = reader.report();
  end.log = std::move(*log);
  return end;
}

Result<Readings> read_answers(const Services& services, const isolation::SliceId& slice,
                              const isolation::ExitReport& report, std::size_t expected) {
  if (!report.succeeded())
    return fail(FaultKind::outside_failed,
                "The SQL could not be read. " + isolation::to_sentence(report));
  auto folder = storage::open_folder(slice_path(services, slice));
  if (!folder) return std::unexpected(folder.error());
  auto bytes = storage::read_file(folder->get(), "out/answers", limits::analyse_answer);
  if (!bytes) return std::unexpected(bytes.error());
  auto answers = decode<Readings>(*bytes, "the answer of the SQL reader");
  if (answers && answers->size() != expected)
    return fail(FaultKind::outside_failed, "The SQL reader did not answer every question.");
  return answers;
}

co::Task<> wait_for_turn(AnalystSelf* self) {
  if (!self->state.busy) {
    self->state.busy = true;
    co_return;
  }
  const caf::actor me = caf::actor_cast<caf::actor>(self->ctrl());
  (void)co_await co::ask<>(self, me, caf::infinite, wake_atom::value, true);
}

void next_turn(AnalystSelf* self) {
  if (self->state.turns.empty()) {
    self->state.busy = false;
    return;
  }
  auto turn = self->state.turns.front();
  self->state.turns.pop_front();
  turn.deliver(caf::unit);  // busy stays: the turn is handed on
}

/// Runs one slice to its end. The caller lets go of it afterwards.
co::Task<Result<isolation::ExitReport>> run_slice(AnalystSelf* self, isolation::SliceId slice,
                                                  const char* verb, Fill fill) {
  AnalystState& state = self->state;
  Services* services = state.services;
  state.exit.reset();
  state.refused.reset();
  auto job = [services, slice, verb, fill] { return prepare(*services, slice, verb, fill); };
  auto prepared = co_await co::on_disk(self, services->disk, job);
  if (!prepared) co_return std::unexpected(prepared.error());
  (void)services->spawner.watch(slice, caf::actor_cast<caf::actor>(self->ctrl()));
  auto sent = services->spawner.launch(std::move(prepared->spec), std::move(prepared->log),
                                       std::move(prepared->report));
  if (!sent) state.refused = sent.error();
  const caf::actor me = caf::actor_cast<caf::actor>(self->ctrl());
  while (!state.exit && !state.refused)
    (void)co_await co::ask<>(self, me, caf::infinite, wake_atom::value);
  if (state.refused) co_return std::unexpected(*state.refused);
  co_return *state.exit;
}

/// Runs a slice when it is its turn, and what it left through `read`.
template <class T>
co::Task<Result<T>> in_turn(
    AnalystSelf* self, const char* verb, Fill fill,
    std::function<Result<T>(const isolation::SliceId&, const isolation::ExitReport&)> read) {
  AnalystState& state = self->state;
  Services* services = state.services;
  if (state.waiting >= state.duty->waiting_most)
    co_return fail(FaultKind::exhausted, state.duty->crowded);
  ++state.waiting;
  co_await wait_for_turn(self);
  const isolation::SliceId slice{state.duty->slices +
                                 std::to_string(services->folder.identity().incarnation) + "." +
                                 std::to_string(++state.count)};
  Result<T> answer = fail(FaultKind::outside_failed, "The sandbox gave no answer.");
  try {
    auto exit = co_await run_slice(self, slice, verb, std::move(fill));
    if (!exit) {
      answer = std::unexpected(exit.error());
    } else {
      auto job = [slice, report = *exit, read] { return read(slice, report); };
      answer = co_await co::on_disk(self, services->disk, job);
    }
    services->spawner.acknowledge(slice);
    auto clean = [services, slice] { discard_slice(*services, slice); };
    (void)co_await co::on_disk(self, services->disk, clean);
  } catch (const std::exception&) {
    // The next one must have its turn whatever happened to this one.
  }
  --state.waiting;
  next_turn(self);
  co_return answer;
}

co::Task<Result<Readings>> analyse(AnalystSelf* self, Analyse request) {
  Services* services = self->state.services;
  auto questions = request.questions;
  Fill fill = [questions](int in) { return put_file(in, ".runink/questions", encode(*questions)); };
  std::function<Result<Readings>(const isolation::SliceId&, const isolation::ExitReport&)> read =
      [services, questions](const isolation::SliceId& slice, const isolation::ExitReport& exit) {
        return read_answers(*services, slice, exit, questions->size());
      };
  co_return co_await in_turn<Readings>(self, "analyse", std::move(fill), std::move(read));
}

co::Task<Result<TrialEnd>> try_out(AnalystSelf* self, Trial request) {
  Services* services = self->state.services;
  Fill fill = [request](int in) { return fill_trial(in, request); };
  std::function<Result<TrialEnd>(const isolation::SliceId&, const isolation::ExitReport&)> read =
      [services](const isolation::SliceId& slice, const isolation::ExitReport& exit) {
        return read_trial(*services, slice, exit);
      };
  co_return co_await in_turn<TrialEnd>(self, "run", std::move(fill), std::move(read));
}

void wake(AnalystSelf* self) {
  if (self->state.woken.pending()) self->state.woken.deliver(caf::unit);
}

caf::behavior analyst_behavior(AnalystSelf* self, Services* services, const Duty* duty) {
  self->state.services = services;
  self->state.duty = duty;
  return {
      [self](const Analyse& request) {
        return co::respond<Result<Readings>>(self, self->state.scope, analyse, self, request);
      },
      [self](const Trial& request) {
        return co::respond<Result<TrialEnd>>(self, self->state.scope, try_out, self, request);
      },
      [self](wake_atom) {
        self->state.woken = self->make_response_promise();
        if (self->state.exit || self->state.refused) wake(self);
        return self->state.woken;
      },
      [self](wake_atom, bool) {
        auto turn = self->make_response_promise();
        self->state.turns.push_back(turn);
        return turn;
      },
      [](const SliceLaunched&) {},
      [self](SliceExited& news) {
        self->state.exit = std::move(news.report);
        wake(self);
      },
      [self](SliceRefused& news) {
        self->state.refused = std::move(news.fault);
        wake(self);
      },
  };
}

}  // namespace

caf::actor spawn_analyst(caf::actor_system& system, Services& services) {
  return system.spawn(analyst_behavior, &services, &analysing);
}

caf::actor spawn_trials(caf::actor_system& system, Services& services) {
  return system.spawn(analyst_behavior, &services, &trying);
}

}  // namespace runink::actors
