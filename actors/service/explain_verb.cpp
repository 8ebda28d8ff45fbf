// explain: why each stage is where it is. A placement's reasons are derived again: the log is
// applied up to the decision's basis, and `decide` runs once more on what it saw then.
#include <algorithm>

#include "actors/cluster/snapshot_keeper.hpp"
#include "actors/service/parts.hpp"
#include "actors/service/run_json.hpp"
#include "scheduler/decide.hpp"
#include "state/apply.hpp"
#include "storage/archive_store.hpp"
#include "storage/log_store.hpp"
#include "vocabulary/clock.hpp"

namespace runink::actors {
namespace {

/// One placement of the log, and what deciding again says.
struct Derived {
  LogIndex index;
  LogIndex basis;
  WallTime at;
  state::Placement placed;
  scheduler::Decision decision;
  bool same = false;  ///< deciding again gives the same node
};

/// An entry that placed something of the run.
struct Placed {
  LogIndex index;
  WallTime at;
  state::SlicesPlaced body;
};
using ByBasis = std::map<LogIndex, std::vector<Placed>>;

/// Whether a placement is one that was asked about.
struct About {
  RunId run;
  std::string step;  ///< empty = every step
  bool operator()(const state::Placement& one) const {
    return one.partition.run == run && (step.empty() || one.partition.step.value == step);
  }
};

/// What the log of this node holds, and what was cut off it.
struct Past {
  const storage::LogStore& log;
  const storage::ArchiveStore* archive = nullptr;
  Result<std::vector<raft::Entry>> read(LogIndex from, LogIndex to) const {
    if (archive == nullptr) return log.read(from, to);
    return storage::read_history(*archive, log, from, to);
  }
};

/// Calls `each` with every entry from the first to `last`.
template <class F>
Result<void> walk_log(const Past& log, LogIndex last, F each) {
  constexpr std::uint64_t at_once = 1024;
  for (LogIndex from{1}; from <= last; from = LogIndex{from.value + at_once}) {
    auto part = log.read(from, std::min(last, LogIndex{from.value + at_once - 1}));
    if (!part) return std::unexpected(part.error());
    for (const raft::Entry& entry : *part)
      if (Result<void> done = each(entry); !done) return done;
  }
  return {};
}

/// Which entries placed something that was asked about, by what they were decided on.
Result<ByBasis> find_placements(const Past& log, const About& about, LogIndex last) {
  ByBasis found;
  auto done = walk_log(log, last, [&](const raft::Entry& entry) -> Result<void> {
    if (entry.type != raft::EntryType::command) return {};
    auto command = state::decode_command(entry.payload);
    if (!command) return std::unexpected(command.error());
    const auto* placed = std::get_if<state::SlicesPlaced>(&command->body);
    if (placed != nullptr &&
        std::any_of(placed->placements.begin(), placed->placements.end(), about))
      found[placed->basis].push_back({entry.index, command->at, *placed});
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return found;
}

/// Decides again on `cluster`, and only then looks at what the log says.
void decide_again(const state::ClusterState& cluster, const Placed& placed, const About& about,
                  std::vector<Derived>& derived) {
  const auto decisions =
      scheduler::decide(scheduler::view_of(cluster), placed.at, placed.body.scheduler_version);
  for (const state::Placement& one : placed.body.placements) {
    if (!about(one)) continue;
    Derived found{placed.index, placed.body.basis, placed.at, one, {}, false};
    for (const scheduler::Decision& decision : decisions) {
      if (decision.partition != one.partition) continue;
      found.decision = decision;
      const auto* place = std::get_if<scheduler::Place>(&decision.choice);
      found.same = place != nullptr && place->node == one.node;
    }
    derived.push_back(std::move(found));
  }
}

/// Applies the log from its first entry and decides again at each basis that placed something that
/// was asked about. `no_such_thing` when it was cut off and is in no archive of this node any more.
/// Blocks: disk threads only.
Result<std::vector<Derived>> derive(const Past& log, const About& about, LogIndex last) {
  auto by_basis = find_placements(log, about, last);
  if (!by_basis) return std::unexpected(by_basis.error());
  std::vector<Derived> derived;
  if (by_basis->empty()) return derived;
  state::ClusterState cluster;
  auto replayed =
      walk_log(log, by_basis->rbegin()->first, [&](const raft::Entry& entry) -> Result<void> {
        if (entry.type == raft::EntryType::command) {
          auto command = state::decode_command(entry.payload);
          if (!command) return std::unexpected(command.error());
          state::apply(cluster, entry.index, *command, entry.payload);
        } else {
          state::apply_nothing(cluster, entry.index);
        }
        if (const auto here = by_basis->find(entry.index); here != by_basis->end())
          for (const Placed& placed : here->second) decide_again(cluster, placed, about, derived);
        return {};
      });
  if (!replayed) return std::unexpected(replayed.error());
  return derived;
}

json::object derived_json(const Derived& one) {
  json::object to = to_json(one.decision);
  to["partition"] = one.placed.partition.partition.value;
  to["choice"] = "place";
  to["node"] = one.placed.node.value;
  to["basis"] = one.basis.value;
  to["attempt"] = one.index.value;
  add_time(to, "at", one.at);
  if (!one.same)
    to["text"] = "The log placed this partition on " + one.placed.node.value +
                 ", but deciding again on what was known then does not. The log or this program "
                 "has been changed.";
  return to;
}

std::string sentence_of(const state::StageView& stage) {
  const std::string name = "Stage '" + stage.step.value + "'";
  switch (stage.status) {
    case state::StageStatus::waiting: return name + " waits for its inputs.";
    case state::StageStatus::ready: return name + " is ready and not placed yet.";
    case state::StageStatus::running:
      if (stage.retry_at.us != 0)
        return name + " is tried again at " + to_rfc3339(stage.retry_at) + ", after " +
               std::to_string(stage.failures) + " of " + std::to_string(stage.attempts_allowed) +
               " attempts failed.";
      return name + " runs.";
    case state::StageStatus::publishing: return name + " is committed; its file is on the way.";
    case state::StageStatus::succeeded:
      return name + " became true with entry " + std::to_string(stage.committed.value) + ".";
    case state::StageStatus::failed: {
      std::string text = name + " failed.";
      if (!stage.attempts.empty()) text += " " + state::describe_end(stage.attempts.back());
      return text;
    }
    case state::StageStatus::cancelled: return name + " was ended with its run.";
    case state::StageStatus::skipped: return name + " was never started, because its run ended.";
  }
  return name + ".";
}

/// The decisions about what still waits, taken now.
std::vector<scheduler::Decision> waiting_now(const state::ClusterState& cluster, WallTime now,
                                             const RunId& run) {
  auto all = scheduler::decide(scheduler::view_of(cluster), now);
  std::erase_if(all, [&](const scheduler::Decision& one) { return one.partition.run != run; });
  return all;
}

}  // namespace

Async<Result<json::value>> verb_explain(ServiceParts& parts, AdminRequest request, AdminStream&) {
  if (auto good = check_members(request, {"run", "step"}); !good)
    co_return std::unexpected(good.error());
  auto id = text_member(request.body, "run", true);
  auto step = text_member(request.body, "step", false);
  if (!id || !step) co_return std::unexpected(!id ? id.error() : step.error());
  auto run = co_await find_run(parts, *id);
  if (!run) co_return std::unexpected(run.error());
  const RunId run_id = run->head.id;
  const WallTime now = parts.services.clock.wall();
  using Waiting = std::pair<LogIndex, std::vector<scheduler::Decision>>;
  std::function<Result<Waiting>(const state::ClusterState&)> look =
      [run_id, now](const state::ClusterState& cluster) -> Result<Waiting> {
    return Waiting{cluster.applied, waiting_now(cluster, std::max(now, cluster.clock), run_id)};
  };
  auto waiting = co_await parts.look<Waiting>(std::move(look));
  if (!waiting) co_return std::unexpected(waiting.error());
  const Services* services = &parts.services;
  const LogIndex last = waiting->first;
  auto job = [services, about = About{run_id, *step}, last] {
    const SnapshotKeeper* keeper = services->snapshots;
    return derive({services->log_store, keeper ? &keeper->archive() : nullptr}, about, last);
  };
  // All of the log may have to be applied again: one at a time.
  auto derived = co_await parts.compute(job);
  std::string unknown;
  if (!derived && derived.error().kind == FaultKind::no_such_thing) {
    unknown = "Why its partitions were placed where they were cannot be told here any more. " +
              derived.error().what + "\n";
    derived.emplace();
  }
  if (!derived) co_return std::unexpected(derived.error());

  json::array stages;
  std::string text;
  for (const state::StageView& stage : run->stages) {
    if (!step->empty() && stage.step.value != *step) continue;
    std::string words = sentence_of(stage) + "\n";
    json::array decisions;
    for (const Derived& one : *derived) {
      if (one.placed.partition.step != stage.step) continue;
      json::object decision = derived_json(one);
      words += std::string(decision["text"].get_string());
      decisions.push_back(std::move(decision));
    }
    for (const scheduler::Decision& one : waiting->second) {
      if (one.partition.step != stage.step) continue;
      json::object decision = to_json(one);
      decision["basis"] = last.value;
      words += std::string(decision["text"].get_string());
      decisions.push_back(std::move(decision));
    }
    text += words;
    stages.push_back(json::object{{"name", stage.step.value},
                                  {"status", std::string(state::to_string(stage.status))},
                                  {"text", words},
                                  {"decisions", std::move(decisions)}});
  }
  text += unknown;
  if (stages.empty())
    co_return fail(FaultKind::no_such_thing, "The run has no step '" + step->substr(0, 80) + "'.");
  co_return json::object{{"run", run_id.value},
                         {"status", std::string(state::to_string(run->head.status))},
                         {"text", text},
                         {"stages", std::move(stages)}};
}

}  // namespace runink::actors
