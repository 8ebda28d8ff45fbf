#include "actors/recover.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "actors/cluster/membership.hpp"
#include "actors/node_stores.hpp"
#include "isolation/privileges.hpp"
#include "raft/membership.hpp"
#include "storage/storage.hpp"
#include "vocabulary/codec.hpp"

namespace runink::actors {
namespace {

/// What is known before anything is changed.
struct Found {
  raft::Recovered log;
  std::optional<raft::LogBase> cut;  ///< what was to follow a snapshot when the node died
  raft::Configuration group;
  NodeId self;
  std::vector<NodeId> lost;
  LogIndex last;
  Term last_term;
};

/// A snapshot of a leader became the state, and the node died before its log was cut there: nothing in that log
/// agrees with it, and the next start would drop whatever was appended to it.
std::optional<raft::LogBase> unfinished_cut(const raft::Recovered& log) {
  if (!log.snapshot) return {};
  const raft::LogBase base{log.snapshot->index, log.snapshot->term};
  const std::uint64_t at = base.index.value - previous(log.first).value;
  if (at > log.entries.size()) return base;
  const Term there = at == 0 ? log.base_term : log.entries[at - 1].term;
  return there == base.term ? std::nullopt : std::optional(base);
}

/// As the next start would do it.
void finish_cut(raft::Recovered& log, const raft::LogBase& base) {
  log.entries.clear();
  log.first = next(base.index);
  log.base_term = base.term;
  log.hard_state.commit = base.index;
}

/// The newest configuration in the log, in its snapshot, or the founders.
Result<raft::Configuration> group_of(const raft::Recovered& log, const config::ClusterFile& file) {
  raft::Configuration group;
  if (log.snapshot)
    group = log.snapshot->configuration;
  else if (!file.joins())
    for (const config::Peer& peer : file.nodes) group.voters.incoming.insert(peer.id);
  for (const raft::Entry& entry : log.entries) {
    if (entry.type != raft::EntryType::configuration) continue;
    if (log.snapshot && entry.index <= log.snapshot->index) continue;
    auto read = raft::configuration_in(entry);
    if (!read) return read;
    group = std::move(*read);
  }
  return group;
}

Result<void> fits(const Found& found, const config::ClusterFile& file) {
  const std::string who = "Node '" + file.node.name.value + "'";
  if (is_new(found.log))
    return fail(FaultKind::refused, who +
                                        " has no log: there is nothing to go on with here. "
                                        "Recover on a node that was a member.");
  if (!found.group.members().contains(found.self))
    return fail(FaultKind::refused, who +
                                        " is no member in the newest configuration of its log. "
                                        "Recover on a node that was one.");
  if (found.group.voters.only(found.self) && found.lost.empty())
    return fail(FaultKind::refused, who + " is the only member already. Start it.");
  return {};
}

std::string name_of(NodeId id, const config::ClusterFile& file) {
  for (const config::Peer& peer : file.nodes)
    if (peer.id == id) return peer.name.value;
  return "id " + std::to_string(id.value);
}

std::string report(const Found& found, const config::ClusterFile& file, bool performed) {
  const std::string at = "entry " + std::to_string(found.last.value) + " of term " +
                         std::to_string(found.last_term.value);
  std::string lost;
  for (const NodeId id : found.lost) lost += (lost.empty() ? "" : ", ") + name_of(id, file);
  std::string text = "node       " + file.node.name.value + ", " + file.node.data + "\n";
  text += "log        ends at " + at + "; known to be agreed on up to entry " +
          std::to_string(found.log.hard_state.commit.value) + "\n";
  text += "kept       every entry up to there, those too that nobody had agreed on yet\n";
  text += "lost       what the other nodes acknowledged behind " + at +
          ": nobody can tell here whether there is any\n";
  text += "removed    " + (lost.empty() ? "nobody" : lost) +
          ": for ever; their data folders would be a second cluster, so never start them again\n\n";
  if (performed)
    return text +
           "Done. Start the node: it leads alone. Then add new nodes with `runi cluster add`.\n";
  return text +
         "Nothing was changed. Ask the same at every other node that is left, and go on with the "
         "one "
         "whose log ends in the highest term, and of those at the highest entry. Be sure that the "
         "others are stopped and stay so; then repeat with --yes.\n";
}

/// The log goes on with a term that nobody had, in which this node has its own vote.
raft::Persist writes_of(const Found& found, const RecoverOptions& options) {
  const Term term{std::max(found.log.hard_state.term, found.last_term).value + 1};
  raft::Configuration alone;
  alone.voters.incoming = {found.self};
  const config::Peer self = options.config.self();
  state::Command command;
  command.at = options.now;
  command.caller = options.caller;
  command.body =
      state::ClusterRecovered{self.name,       found.self, config::to_string(self.address),
                              found.last_term, found.last, found.lost};
  raft::Persist write;
  write.seq = raft::PersistSeq{1};
  if (found.cut) {
    write.truncate_from = next(found.cut->index);
    write.base = found.cut;
  }
  const LogIndex first = next(found.last);
  write.entries = {{term, first, raft::EntryType::configuration, encode(alone)},
                   {term, next(first), raft::EntryType::command, encode(command)}};
  write.hard_state = raft::HardState{term, found.self, next(first)};
  return write;
}

Result<Found> look(NodeStores& stores, const storage::DataFolder& folder,
                   const config::ClusterFile& file) {
  Found found;
  auto all = remember(stores);
  if (!all) return std::unexpected(all.error());
  found.log = std::move(all->log);
  const bool fresh = is_new(found.log);
  if (auto same = storage::keep_way_in(folder, file.joins(), fresh); !same)
    return std::unexpected(same.error());
  if (auto same = storage::keep_founders(folder, founders_of(file), file.node.id, fresh); !same)
    return std::unexpected(same.error());
  found.cut = unfinished_cut(found.log);
  if (found.cut) finish_cut(found.log, *found.cut);
  auto group = group_of(found.log, file);
  if (!group) return std::unexpected(group.error());
  found.group = std::move(*group);
  found.self = file.node.id;
  std::set<NodeId> others = found.group.members();
  others.erase(found.self);
  found.lost.assign(others.begin(), others.end());
  found.last = LogIndex{found.log.first.value + found.log.entries.size() - 1};
  found.last_term = found.log.entries.empty() ? found.log.base_term : found.log.entries.back().term;
  if (auto good = fits(found, file); !good) return std::unexpected(good.error());
  return found;
}

}  // namespace

Result<std::string> recover_alone(RecoverOptions options) {
  const config::ClusterFile& file = options.config;
  struct stat about {};
  if (::stat((file.node.data + "/VERSION").c_str(), &about) != 0)
    return fail(FaultKind::no_such_thing,
                "There is no data folder of a node at '" + file.node.data +
                    "'. Name the cluster file of a node that was a member.");
  std::optional<isolation::SystemAccount> account;
  if (file.node.user && ::geteuid() == 0) {
    auto found = isolation::find_account(*file.node.user);
    if (!found) return std::unexpected(found.error());
    account = *found;
  }
  // Files that are written must stay the daemon's own.
  if (auto dropped = isolation::drop_privileges(account, {}); !dropped)
    return std::unexpected(dropped.error());
  auto folder = storage::DataFolder::open(file.node.data);
  if (!folder) return std::unexpected(folder.error());
  return recover_in(*folder, std::move(options));
}

Result<std::string> recover_in(const storage::DataFolder& folder, RecoverOptions options) {
  config::ClusterFile& file = options.config;
  if (auto member = storage::check_not_removed(folder); !member)
    return std::unexpected(member.error());
  if (file.joins()) file.node.id = storage::id_of_joined_node(folder.identity());
  auto stores = open_stores(folder);
  if (!stores) return std::unexpected(stores.error());
  auto found = look(*stores, folder, file);
  if (!found) return std::unexpected(found.error());
  if (!options.perform) return report(*found, file, false);
  const raft::Persist write = writes_of(*found, options);
  if (auto written = stores->log->write({&write, 1}); !written)
    return std::unexpected(written.error());
  auto again = remember(*stores);
  if (!again) return std::unexpected(again.error());
  return report(*found, file, true);
}

}  // namespace runink::actors
