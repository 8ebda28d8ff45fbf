// The log in memory: contiguous, terms never fall. It knows what must still go to disk, what is
// there, what is committed, and what was handed to the state machine.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "raft/effects.hpp"
#include "raft/ports.hpp"
#include "raft/types.hpp"
#include "vocabulary/ensure.hpp"
#include "vocabulary/units.hpp"

namespace runink::raft {

/// Owns: first - 1 <= committed <= last, applied <= handed_out <= min(committed, durable),
/// durable <= last.
class Log {
 public:
  /// `applied`: what the state machine already holds; nothing up to there is handed out again.
  Log(Recovered recovered, LogIndex applied);

  LogIndex first() const { return first_; }
  /// What stands before the first entry.
  LogBase base() const { return {LogIndex{first_.value - 1}, base_term_}; }
  /// Of all entries here: payloads, and what an entry takes besides.
  Bytes size() const { return size_; }
  static Bytes size_of(const Entry& entry) { return {entry.payload.size() + 32}; }
  LogIndex last() const { return LogIndex{first_.value + entries_.size() - 1}; }
  Term last_term() const { return term_at(last()).value_or(Term{}); }
  LogIndex committed() const { return committed_; }
  LogIndex durable() const { return durable_; }
  LogIndex handed_out() const { return handed_out_; }
  LogIndex applied() const { return applied_; }
  /// Of the payloads behind the commit index.
  Bytes uncommitted() const { return uncommitted_; }
  /// Of the payloads that are committed and not applied.
  Bytes unapplied() const { return unapplied_; }

  /// The base has one, too, 0 at the beginning; nothing for an index we do not have.
  std::optional<Term> term_at(LogIndex index) const;
  /// Of the payload of an entry that we have.
  Bytes bytes_at(LogIndex index) const { return Bytes{at(index).payload.size()}; }
  /// An entry that we have.
  const Entry& at(LogIndex index) const {
    ENSURE(index >= first_ && index <= last());
    return entries_[index.value - first_.value];
  }
  bool matches(LogIndex index, Term term) const { return term_at(index) == term; }
  /// Is a log that ends so at least as complete as ours? Raft paper, section 5.4.1.
  bool is_up_to_date(LogIndex last_index, Term last_term) const;
  /// Entries from `from`, at least one if there is one, as many as fit.
  std::vector<Entry> slice(LogIndex from, Bytes most, std::uint32_t entries_most) const;
  /// The highest index <= `index` whose term is <= `term`, as far as is known: where two logs may
  /// still agree.
  LogIndex last_possible_match(LogIndex index, Term term) const;
  std::span<const Entry> entries() const { return entries_; }

  /// A leader's own entries.
  void append(Term term, EntryType type, std::string payload);
  /// A leader's entries behind a known match: keeps what agrees, cuts at the first conflict, adds
  /// the rest. Never cuts what is committed.
  /// The first index that was cut or added; 0 when nothing changed.
  LogIndex merge(std::vector<Entry> entries);
  /// Deletes the entry at `index` and all behind it, which are not committed.
  void cut_from(LogIndex index);
  /// Forgets the entries up to `index`, which are applied, durable and in a snapshot on disk.
  void compact_to(LogIndex index);
  /// The state machine holds all up to `at`, by a snapshot that is on disk. What agrees with it and
  /// goes on behind it stays; otherwise the log is empty and begins behind it. True when it does.
  bool restore(LogBase at);
  /// Forward only, and never beyond the last entry.
  void commit_to(LogIndex index);

  /// What must be written and was not yet asked for, as one write; nothing when there is nothing.
  /// `seq` is remembered until it is acknowledged.
  void take_writes(Persist& into);
  bool has_writes() const {
    return truncated_from_.has_value() || base_changed_ || unwritten_from_ <= last();
  }
  /// Write `seq`, given out by take_writes, is durable.
  void persisted(PersistSeq seq);

  /// Committed and durable entries that the state machine has not got, but never more than that it
  /// has `most` bytes or `entries_most` entries before it; one alone always fits.
  std::vector<Entry> hand_out(Bytes most, std::uint32_t entries_most);
  /// The state machine has come so far. Old news changes nothing.
  void applied_to(LogIndex index);

 private:
  struct Write {
    PersistSeq seq;
    LogIndex upto;  // what stays of it: a later cut lowers it
  };

  void forget_behind(LogIndex index);
  void take_as_applied(LogIndex index);

  LogIndex first_;
  Term base_term_;
  bool base_changed_ = false;  // since the last write
  std::vector<Entry> entries_;
  LogIndex committed_;
  LogIndex handed_out_;
  LogIndex applied_;
  LogIndex durable_;
  LogIndex unwritten_from_;
  std::optional<LogIndex> truncated_from_;
  std::deque<Write> writes_;
  Bytes size_;
  Bytes uncommitted_;
  Bytes unapplied_;
  Bytes handed_out_bytes_;  // not applied
};

}  // namespace runink::raft
