// follow, wait, cancel, logs: watching and ending runs.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "actors/service/parts.hpp"
#include "actors/service/run_json.hpp"
#include "actors/workloads/slice_folder.hpp"
#include "storage/artifact_store.hpp"
#include "storage/beneath.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {
namespace {

constexpr std::size_t log_piece = 64 << 10;

bool ended(const state::RunView& run) { return run.head.status != state::RunStatus::running; }

/// The actor of a run, or nothing once it is archived.
Async<Result<caf::actor>> run_actor(ServiceParts& parts, RunId run) {
  FindRun find(std::move(run));
  co_return co_await parts.gate.ask_result<caf::actor>("the run", parts.cluster, actor_patience,
                                                       std::move(find));
}

/// The next items of its story from `actor`, which is found when it is not known. A run without an
/// actor has ended; an actor that does not answer was replaced, and is found again.
Async<Result<Feed>> next_items(ServiceParts& parts, RunId run, std::uint64_t after,
                               caf::actor& actor) {
  if (!actor) {
    auto found = co_await run_actor(parts, run);
    if (!found) {
      if (found.error().kind != FaultKind::no_such_thing) co_return std::unexpected(found.error());
      Feed over;
      over.ended = true;
      co_return over;
    }
    actor = std::move(*found);
  }
  NextItems next(after, alive_every);
  auto feed = co_await parts.gate.ask<Feed>(actor, alive_every + seconds(5), std::move(next));
  if (!feed) {
    actor = nullptr;
    Feed nothing;
    co_return nothing;
  }
  co_return std::move(*feed);
}

std::optional<StepName> step_of(const state::Event& event) {
  if (const auto* one = std::get_if<state::StageChanged>(&event)) return one->step;
  if (const auto* one = std::get_if<state::AttemptPlaced>(&event))
    return one->attempt.partition.step;
  if (const auto* one = std::get_if<state::AttemptOver>(&event)) return one->attempt.partition.step;
  if (const auto* one = std::get_if<state::PartitionDone>(&event))
    return one->attempt.partition.step;
  if (const auto* one = std::get_if<state::RetryDue>(&event)) return one->partition.step;
  return std::nullopt;
}

json::object progress_json(const RunId& run, const FeedItem& item) {
  return {{"kind", "progress"},
          {"run", run.value},
          {"stage", item.attempt.partition.step.value},
          {"partition", item.attempt.partition.partition.value},
          {"attempt", item.attempt.attempt.value},
          {"permille", item.permille},
          {"rows", item.rows},
          {"waits_for_room", item.waits_for_room},
          {"waits_for_inputs", item.waits_for_inputs}};
}

json::object stage_json(const RunId& run, const state::StageView& stage) {
  return {{"kind", "stage"}, {"run", run.value}, {"stage", to_json(stage)}};
}

/// Tells what the items changed: stages as they are now, progress as it was said.
Async<Result<void>> tell(ServiceParts& parts, const RunId& run, const Feed& feed,
                         AdminStream& stream) {
  std::set<StepName> changed;
  for (const FeedItem& item : feed.items) {
    if (!item.event) continue;
    if (auto step = step_of(*item.event)) changed.insert(*step);
  }
  if (!changed.empty()) {
    auto now = co_await find_run(parts, run.value);
    if (!now) co_return std::unexpected(now.error());
    for (const state::StageView& stage : now->stages)
      if (changed.contains(stage.step)) co_await stream.event(stage_json(run, stage));
  }
  for (const FeedItem& item : feed.items)
    if (!item.event) co_await stream.event(progress_json(run, item));
  co_return Result<void>{};
}

/// Until the run has ended and is archived; `each` sees every feed.
Async<Result<state::RunView>> until_ended(ServiceParts& parts, RunId run, AdminStream* stream) {
  std::uint64_t after = 0;
  caf::actor actor;
  for (;;) {
    auto feed = co_await next_items(parts, run, after, actor);
    if (!feed) co_return std::unexpected(feed.error());
    if (!feed->items.empty()) after = feed->items.back().number;
    if (stream != nullptr) {
      if (auto told = co_await tell(parts, run, *feed, *stream); !told)
        co_return std::unexpected(told.error());
      json::object alive{{"kind", "alive"}};
      if (feed->items.empty() && !feed->ended) co_await stream->event(std::move(alive));
    }
    if (feed->ended) co_return co_await find_run(parts, run.value);
  }
}

// ---- logs

struct LogPiece {
  std::string text;
  bool more = false;
};

/// Bytes that are not UTF-8 become U+FFFD; a character that is cut at the end is left for later.
std::string as_utf8(std::string_view bytes, bool last, std::size_t* used) {
  std::string text;
  std::size_t i = 0;
  while (i < bytes.size()) {
    const auto b = static_cast<unsigned char>(bytes[i]);
    const std::size_t n = b < 0x80                ? 1
                          : b >= 0xc2 && b < 0xe0 ? 2
                          : b >= 0xe0 && b < 0xf0 ? 3
                          : b >= 0xf0 && b < 0xf5 ? 4
                                                  : 0;
    bool good = n != 0;
    if (good && i + n > bytes.size()) {
      if (!last && bytes.size() - i < 4) break;
      good = false;
    }
    for (std::size_t k = 1; good && k < n; ++k)
      good = (static_cast<unsigned char>(bytes[i + k]) & 0xc0) == 0x80;
    if (good && b != 0) {
      text.append(bytes.substr(i, n));
      i += n;
    } else {
      text += "\xef\xbf\xbd";
      ++i;
    }
  }
  *used = i;
  return text;
}

/// The log of one attempt: the file while it lives, its artifact afterwards.
Result<std::string> read_log(const Services& services, const state::AttemptView& attempt,
                             std::uint64_t from) {
  Result<OwnedFd> fd = fail(FaultKind::no_such_thing, "There is no log.");
  if (!attempt.log.empty()) {
    fd = services.artifacts.open_artifact(attempt.log);
  } else if (attempt.status == state::AttemptStatus::live ||
             attempt.status == state::AttemptStatus::ending) {
    auto folder = storage::open_folder(slice_path(services, slice_id_of(attempt.key)));
    if (!folder) return std::string{};  // not launched yet, or on another node
    fd = storage::open_regular_beneath(folder->get(), "log");
  } else {
    return std::string{};
  }
  if (!fd)
    return fd.error().kind == FaultKind::no_such_thing ? Result<std::string>(std::string{})
                                                       : std::unexpected(fd.error());
  std::string bytes(log_piece, '\0');
  const ssize_t n = ::pread(fd->get(), bytes.data(), bytes.size(), static_cast<off_t>(from));
  if (n < 0) return std::unexpected(storage::file_fault("The log cannot be read", errno));
  bytes.resize(static_cast<std::size_t>(n));
  return bytes;
}

struct LogWanted {
  std::string step;
  std::optional<std::uint32_t> partition;
  std::optional<std::uint64_t> attempt;
};

/// The attempts whose logs are shown: those asked for, else the newest of each partition.
std::vector<state::AttemptView> wanted_attempts(const state::RunView& run,
                                                const LogWanted& wanted) {
  std::vector<state::AttemptView> shown;
  for (const state::StageView& stage : run.stages) {
    if (!wanted.step.empty() && stage.step.value != wanted.step) continue;
    for (std::size_t i = 0; i < stage.attempts.size(); ++i) {
      const state::AttemptView& one = stage.attempts[i];
      const PartitionKey& key = one.key.partition;
      if (wanted.partition && key.partition.value != *wanted.partition) continue;
      if (wanted.attempt && one.key.attempt.value != *wanted.attempt) continue;
      const bool newest = i + 1 == stage.attempts.size() ||
                          stage.attempts[i + 1].key.partition.partition != key.partition;
      if (newest || wanted.attempt) shown.push_back(one);
    }
  }
  return shown;
}

/// Sends what of `attempt`'s log is there beyond `offset`; true when something was.
Async<Result<bool>> send_log(ServiceParts& parts, const state::AttemptView& attempt,
                             std::uint64_t& offset, AdminStream& stream) {
  const Services* services = &parts.services;
  bool any = false;
  for (;;) {
    const std::uint64_t from = offset;
    if (from == 0 && !attempt.log.empty()) {
      std::vector<NodeName> holders(1, attempt.node);
      auto here = co_await bring(parts, attempt.log, std::move(holders));
      if (!here) co_return std::unexpected(here.error());
    }
    auto job = [services, attempt, from] { return read_log(*services, attempt, from); };
    auto bytes = co_await co::on_disk(parts.services.disk, job);
    if (!bytes) co_return std::unexpected(bytes.error());
    if (bytes->empty()) co_return any;
    std::size_t used = 0;
    std::string text = as_utf8(*bytes, bytes->size() < log_piece, &used);
    offset += used;
    any = true;
    json::object event{{"kind", "log"},
                       {"step", attempt.key.partition.step.value},
                       {"partition", attempt.key.partition.partition.value},
                       {"attempt", attempt.key.attempt.value},
                       {"text", std::move(text)}};
    co_await stream.event(std::move(event));
    if (bytes->size() < log_piece) co_return any;
  }
}

Result<LogWanted> log_wanted(const json::object& body) {
  LogWanted wanted;
  auto step = text_member(body, "step", false);
  if (!step) return std::unexpected(step.error());
  wanted.step = std::move(*step);
  auto partition = number_member(body, "partition", 0);
  if (!partition) return std::unexpected(partition.error());
  if (body.contains("partition")) wanted.partition = static_cast<std::uint32_t>(*partition);
  auto attempt = number_member(body, "attempt", 0);
  if (!attempt) return std::unexpected(attempt.error());
  if (body.contains("attempt")) wanted.attempt = *attempt;
  return wanted;
}

Result<void> check_step(const state::RunView& run, const std::string& step) {
  if (step.empty()) return {};
  std::string names;
  for (const state::StageView& stage : run.stages) {
    if (stage.step.value == step) return {};
    names += (names.empty() ? "" : ", ") + stage.step.value;
  }
  return fail(FaultKind::no_such_thing,
              "The run has no step '" + step.substr(0, 80) + "'. Its steps are " + names + ".");
}

}  // namespace

Async<Result<json::value>> verb_follow(ServiceParts& parts, AdminRequest request,
                                       AdminStream& stream) {
  if (auto good = check_members(request, {"run"}); !good) co_return std::unexpected(good.error());
  auto id = text_member(request.body, "run", true);
  if (!id) co_return std::unexpected(id.error());
  auto run = co_await find_run(parts, *id);
  if (!run) co_return std::unexpected(run.error());
  json::object first{{"kind", "run"}, {"run", to_json(*run)}};
  co_await stream.event(std::move(first));
  auto over = co_await until_ended(parts, run->head.id, &stream);
  if (!over) co_return std::unexpected(over.error());
  co_return to_json(*over);
}

Async<Result<json::value>> verb_wait(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {"run", "for"}); !good)
    co_return std::unexpected(good.error());
  auto id = text_member(request.body, "run", true);
  auto what = text_member(request.body, "for", false);
  if (!id || !what) co_return std::unexpected(!id ? id.error() : what.error());
  if (!what->empty() && *what != "done" && *what != "succeeded")
    co_return fail(FaultKind::bad_input, "'" + what->substr(0, 40) +
                                             "' cannot be waited for. Known are done, succeeded.");
  auto run = co_await find_run(parts, *id);
  if (!run) co_return std::unexpected(run.error());
  auto over = co_await until_ended(parts, run->head.id, nullptr);
  if (!over) co_return std::unexpected(over.error());
  if (*what == "succeeded" && over->head.status != state::RunStatus::succeeded)
    co_return fail(FaultKind::conflict,
                   "Run " + over->head.id.value.substr(0, 12) + " has ended: " +
                       std::string(state::to_string(over->head.status)) + ". " + over->failure);
  co_return to_json(*over);
}

Async<Result<json::value>> verb_cancel(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {"run"}); !good) co_return std::unexpected(good.error());
  auto id = text_member(request.body, "run", true);
  if (!id) co_return std::unexpected(id.error());
  auto run = co_await find_run(parts, *id);
  if (!run) co_return std::unexpected(run.error());
  bool changed = false;
  if (run->head.status == state::RunStatus::running) {
    auto actor = co_await run_actor(parts, run->head.id);
    if (!actor) co_return std::unexpected(actor.error());
    CancelRun cancel(caller_of(request));
    auto done = accepted(co_await parts.gate.ask_result<Submitted>(
        "the run", *actor, actor_patience, std::move(cancel)));
    if (!done) co_return std::unexpected(done.error());
    changed = done->outcome.verdict == state::Verdict::accepted;
  } else if (run->head.status != state::RunStatus::cancelled) {
    co_return fail(FaultKind::conflict, "Run " + run->head.id.value.substr(0, 12) +
                                            " has ended already: it is " +
                                            std::string(state::to_string(run->head.status)) + ".");
  }
  auto now = co_await find_run(parts, run->head.id.value);
  if (!now) co_return std::unexpected(now.error());
  co_return json::object{{"run", to_json(*now)}, {"changed", changed}};
}

Async<Result<json::value>> verb_logs(ServiceParts& parts, AdminRequest request,
                                     AdminStream& stream) {
  if (auto good = check_members(request, {"run", "step", "partition", "attempt", "follow"}); !good)
    co_return std::unexpected(good.error());
  auto id = text_member(request.body, "run", true);
  auto wanted = log_wanted(request.body);
  auto follow = flag_member(request.body, "follow");
  if (!id) co_return std::unexpected(id.error());
  if (!wanted) co_return std::unexpected(wanted.error());
  if (!follow) co_return std::unexpected(follow.error());
  std::map<AttemptKey, std::uint64_t> offsets;
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (;;) {
    auto run = co_await find_run(parts, *id);
    if (!run) co_return std::unexpected(run.error());
    if (auto known = check_step(*run, wanted->step); !known)
      co_return std::unexpected(known.error());
    bool any = false;
    for (const state::AttemptView& attempt : wanted_attempts(*run, *wanted)) {
      auto sent = co_await send_log(parts, attempt, offsets[attempt.key], stream);
      if (!sent) co_return std::unexpected(sent.error());
      any |= *sent;
    }
    if (!*follow || (ended(*run) && !any)) break;
    // A file has no event that wakes us; whoever follows it looks five times a second.
    pause.expires_after(std::chrono::milliseconds(200));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  json::array attempts;
  for (const auto& [key, bytes] : offsets)
    attempts.push_back(json::object{{"step", key.partition.step.value},
                                    {"partition", key.partition.partition.value},
                                    {"attempt", key.attempt.value},
                                    {"bytes", bytes}});
  co_return json::object{{"run", *id}, {"attempts", std::move(attempts)}};
}

}  // namespace runink::actors
