// The configurations that may be in force: the last one known to be committed and all behind it.
#pragma once

#include <deque>

#include "raft/membership.hpp"
#include "vocabulary/ids.hpp"

namespace runink::raft {

/// A configuration holds from the moment it is in the log (Raft paper, section 6), so a log that is
/// cut takes its configurations along. Owns: indexes rise; there is always one.
class ConfigurationHistory {
 public:
  /// `first`: what the node was started with; it stands before every entry.
  explicit ConfigurationHistory(Configuration first) : all_{{LogIndex{}, std::move(first)}} {}

  const Configuration& newest() const { return all_.back().configuration; }
  /// Of its entry; 0 = what the node was started with.
  LogIndex newest_index() const { return all_.back().index; }
  /// Is `id` a voter of any configuration that may be in force? Thesis, section 4.2.2: who is
  /// outside an uncommitted configuration may still be needed, and may still lead.
  bool may_vote(NodeId id) const;

  void append(LogIndex index, Configuration configuration);
  /// The entry at `index` and all behind it are gone.
  void cut_from(LogIndex index);
  /// A snapshot took the place of the whole log.
  void replace(LogIndex index, Configuration configuration);
  /// Everything up to `index` is committed: what was replaced before is forgotten.
  void committed(LogIndex index);

 private:
  struct One {
    LogIndex index;
    Configuration configuration;
  };
  std::deque<One> all_;
};

}  // namespace runink::raft
