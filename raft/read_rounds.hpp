// Linearizable reads: who waits for which round of questions. One class for a
// leader, one for a follower that forwards to it. Thesis, section 6.4; the
// numbers rise as in ScyllaDB's `read_id`.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "raft/inputs.hpp"
#include "raft/types.hpp"

namespace runink::raft {

/// The reads of one leadership. Owns: a read is answered only by a round that
/// was opened after it came, and with the commit index of that moment; rounds
/// rise and none is opened twice.
class ReadRounds {
 public:
  struct Asker {
    NodeId node;           ///< a follower, or the leader itself
    std::uint64_t id = 0;  ///< the follower's question, or the tag of the leader's own read
    LogIndex min_index;    ///< of a read of the leader's own
  };
  struct Confirmed {
    Asker asker;
    LogIndex index;
  };

  std::size_t size() const { return waiting_.size() + asked_.size(); }
  bool waits() const { return !waiting_.empty(); }
  /// Is a round unanswered that reads depend on?
  bool in_flight() const { return !asked_.empty(); }
  /// The newest round; 0 = none yet.
  ReadSeq newest() const { return newest_; }
  /// What the reads of the newest round must see.
  LogIndex newest_index() const { return newest_index_; }

  void add(Asker asker) { waiting_.push_back(asker); }
  /// Begins round `seq`, which must be a new one, for all that wait, at the
  /// leader's commit index.
  void open(ReadSeq seq, LogIndex commit);
  /// A quorum has answered round `seq` or a later one.
  std::vector<Confirmed> confirm(ReadSeq seq);
  /// Everybody who still waits; a new leadership counts anew.
  std::vector<Asker> clear();

 private:
  struct Asked {
    ReadSeq seq;
    LogIndex index;
    Asker asker;
  };
  std::deque<Asker> waiting_;
  std::deque<Asked> asked_;
  ReadSeq newest_;
  LogIndex newest_index_;
};

/// The reads that a follower has its leader confirm, many by one question.
class ForwardedReads {
 public:
  struct One {
    ReadTag tag;
    LogIndex min_index;
  };

  /// `first`: drawn by chance, so that no answer to an earlier life is taken
  /// for one to this life.
  explicit ForwardedReads(std::uint64_t first) : first_(first), newest_(first) {}

  std::size_t size() const { return reads_.size(); }
  /// The question that is on its way since then, if there is one.
  std::optional<Instant> asked_at() const { return asked_at_; }
  bool waits() const { return !reads_.empty(); }

  void add(One one) { reads_.push_back({one, std::nullopt}); }
  /// A new question for everybody who waits.
  ReadIndexRequest ask(Instant now);
  /// Those whom this answer answers; nobody when it is an old one.
  std::vector<One> answered(const ReadIndexResponse& response);
  std::vector<One> clear();

 private:
  struct Waiting {
    One one;
    std::optional<std::uint64_t> id;  // of the first question that was asked for it
  };
  std::deque<Waiting> reads_;
  std::uint64_t first_;
  std::uint64_t newest_;
  std::optional<Instant> asked_at_;
};

}  // namespace runink::raft
