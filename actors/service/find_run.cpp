// Runs, in live state or in history, by id or by a prefix of it.
#include <algorithm>

#include "actors/service/parts.hpp"
#include "state/rows.hpp"
#include "storage/state_store.hpp"

namespace runink::actors {
namespace {

constexpr std::size_t prefix_least = 6;

Fault no_run(const std::string& id) {
  return {FaultKind::no_such_thing,
          "There is no run '" + id.substr(0, 80) + "'. `runi get runs` lists the runs."};
}

Fault several_runs(const std::string& id) {
  return {FaultKind::conflict, "Several runs begin with '" + id + "'. Give more digits."};
}

/// Live runs that begin with `id`, whole, and the entry up to which that is true.
struct LiveRuns {
  std::vector<state::Run> runs;
  LogIndex applied;
};
Result<LiveRuns> live_runs(const state::ClusterState& cluster, const std::string& id) {
  LiveRuns live;
  live.applied = cluster.applied;
  std::vector<state::Run>& found = live.runs;
  for (auto at = cluster.runs.lower_bound(RunId{id});
       at != cluster.runs.end() && at->first.value.starts_with(id) && found.size() < 2; ++at)
    found.push_back(at->second);
  return live;
}

Result<std::vector<state::Run>> archived_runs(const Services& services, const std::string& id,
                                              LogIndex applied) {
  // A run that was archived a moment ago has left live state; its row may still be on its way.
  if (auto written = history_up_to(services.state_writer, applied); !written)
    return std::unexpected(written.error());
  const storage::StateStore& store = services.state_store;
  const auto rows = store.scan(static_cast<std::uint8_t>(state::Table::history_runs), id, 2);
  if (!rows) return std::unexpected(rows.error());
  std::vector<state::Run> found;
  for (const storage::StoredRow& row : *rows) {
    auto run = state::decode_run(row.value);
    if (!run) return std::unexpected(run.error());
    found.push_back(std::move(*run));
  }
  return found;
}

}  // namespace

Result<void> history_up_to(storage::StateWriter& writer, LogIndex applied, Duration patience) {
  if (writer.wait_written(applied, patience)) return {};
  return fail(FaultKind::out_of_time, "state.db is far behind the log. Try again in a moment.");
}

Async<Result<state::Run>> find_whole_run(ServiceParts& parts, std::string id) {
  if (id.starts_with("run/")) id.erase(0, 4);  // as `runi get runs -o name` prints it
  const bool digits = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (!digits || id.size() < prefix_least) co_return std::unexpected(no_run(id));
  std::function<Result<LiveRuns>(const state::ClusterState&)> search =
      [id](const state::ClusterState& cluster) { return live_runs(cluster, id); };
  auto live = co_await parts.look<LiveRuns>(search);
  if (!live) co_return std::unexpected(live.error());
  const Services* services = &parts.services;
  const LogIndex applied = live->applied;
  auto job = [services, id, applied] { return archived_runs(*services, id, applied); };
  auto archived = co_await co::on_disk(parts.services.disk, job);
  if (!archived) co_return std::unexpected(archived.error());
  std::vector<state::Run>& runs = live->runs;
  for (state::Run& run : *archived)
    if (std::none_of(runs.begin(), runs.end(),
                     [&](const state::Run& one) { return one.head.id == run.head.id; }))
      runs.push_back(std::move(run));
  if (runs.empty()) co_return std::unexpected(no_run(id));
  if (runs.size() > 1) co_return std::unexpected(several_runs(id));
  co_return std::move(runs.front());
}

Async<Result<state::RunView>> find_run(ServiceParts& parts, std::string id) {
  auto run = co_await find_whole_run(parts, std::move(id));
  if (!run) co_return std::unexpected(run.error());
  co_return state::view_of(*run);
}

}  // namespace runink::actors
