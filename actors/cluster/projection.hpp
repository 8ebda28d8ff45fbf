// The leader's batch on its way into the log: what is projected and not yet sent, and what is sent
// and not yet applied.
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "state/cluster_state.hpp"

namespace runink::actors {

/// One command of ours. `index` is where it will stand in the log.
struct OwnEntry {
  LogIndex index;
  std::string encoded;
  std::optional<caf::response_promise> promise;
  Instant since = {};  ///< when it was proposed
};

/// Applied state plus our own entries. Nobody else proposes commands, so the next entry of this leader's term
/// stands right behind its last one; unless Raft puts one of its own between them (who its members are),
/// which is told by the index that it answers.
class Projection {
 public:
  /// Starts from what is applied; nothing of ours is on its way.
  void reset(const state::ClusterState& applied);

  const state::ClusterState& cluster() const { return cluster_; }
  /// Applies the command at the next index and adds it to the batch. `too_large` commands must
  /// have been refused before.
  void add(const state::Command& command, std::string encoded,
           std::optional<caf::response_promise> promise, Instant since);

  bool batch_empty() const { return batch_.empty(); }
  std::size_t waiting() const { return batch_.size() + sent_.size(); }
  /// Takes the next part of the batch that Raft accepts as one proposal; its entries count as
  /// sent. Empty when there is nothing.
  std::shared_ptr<std::vector<std::string>> take_part();
  /// Index of the first entry that take_part() would give.
  LogIndex next_to_send() const { return batch_.empty() ? LogIndex{} : batch_.front().index; }

  /// Raft took what was sent from `from` on elsewhere: all of it stands `by` entries further. The projected
  /// state is of no use any more.
  void moved(LogIndex from, std::uint64_t by);

  /// Our entry at `index`, now applied, if there is one. Earlier ones are dropped.
  std::optional<OwnEntry> applied(LogIndex index);
  /// Takes what is sent and not applied, from this index on.
  std::vector<OwnEntry> take_sent(LogIndex from);
  /// Takes what is not sent.
  std::vector<OwnEntry> take_batch();

 private:
  state::ClusterState cluster_;
  std::deque<OwnEntry> batch_;
  std::deque<OwnEntry> sent_;
};

}  // namespace runink::actors
