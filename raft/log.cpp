#include "raft/log.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "raft/membership.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::raft {
namespace {

Bytes payload_of(const Entry& entry) { return Bytes{entry.payload.size()}; }

std::string text(auto id) { return std::to_string(id.value); }

Result<void> check_base(const Recovered& recovered) {
  const LogIndex base = previous(recovered.first);
  const auto& snapshot = recovered.snapshot;
  if (base != LogIndex{} && (!snapshot || snapshot->index < base))
    return fail(FaultKind::corrupt,
                "The Raft log begins at entry " + text(recovered.first) +
                    ", but no snapshot on this node reaches up to there. Restore the data folder "
                    "from a copy, or rejoin this node with an empty one.");
  if (!snapshot) return {};
  if (!is_consistent(*snapshot))
    return fail(
        FaultKind::corrupt,
        "The snapshot at entry " + text(snapshot->index) +
            " contradicts itself. It is damaged; rejoin this node with an empty data folder.");
  // Beyond the end it was installed just before the node died, and nothing there is committed.
  const std::uint64_t at = snapshot->index.value - base.value;
  if (at > recovered.entries.size()) return {};
  const Term term = at == 0 ? recovered.base_term : recovered.entries[at - 1].term;
  if (term != snapshot->term && snapshot->index <= recovered.hard_state.commit)
    return fail(FaultKind::corrupt,
                "The snapshot on this node and its Raft log have different entries " +
                    text(snapshot->index) +
                    ", which is committed. One of them is of another node or damaged; rejoin this "
                    "node with an empty data folder.");
  return {};
}

}  // namespace

Result<void> check(const Recovered& recovered) {
  if (auto good = check_base(recovered); !good) return good;
  LogIndex expected = recovered.first;
  Term term = recovered.base_term;
  for (const Entry& entry : recovered.entries) {
    if (entry.index != expected)
      return fail(FaultKind::corrupt, "The Raft log has entry " + text(entry.index) +
                                          " where entry " + text(expected) +
                                          " must be. The log store is damaged; rejoin this node.");
    if (entry.term < term || entry.term > recovered.hard_state.term)
      return fail(FaultKind::corrupt,
                  "Entry " + text(entry.index) + " of the Raft log has term " + text(entry.term) +
                      ", which is below its predecessor's or above the node's own term " +
                      text(recovered.hard_state.term) +
                      ". The log store is damaged; rejoin this node.");
    if (entry.type == EntryType::configuration)
      if (const auto configuration = configuration_in(entry); !configuration)
        return std::unexpected(configuration.error());
    term = entry.term;
    expected = next(expected);
  }
  if (recovered.hard_state.commit >= expected)
    return fail(FaultKind::corrupt,
                "The Raft log ends at entry " + text(previous(expected)) + ", but entry " +
                    text(recovered.hard_state.commit) +
                    " is known to be committed: the disk lost what it had "
                    "acknowledged. Rejoin this node with an empty data folder.");
  return {};
}

Log::Log(Recovered recovered, LogIndex applied)
    : first_(recovered.first),
      base_term_(recovered.base_term),
      entries_(std::move(recovered.entries)),
      committed_(std::max(recovered.hard_state.commit, previous(first_))),
      handed_out_(previous(first_)),
      applied_(handed_out_),
      durable_(last()),
      unwritten_from_(runink::next(durable_)) {
  ENSURE(committed_ <= durable_);
  for (const Entry& entry : entries_) {
    size_ = size_ + size_of(entry);
    Bytes& pile = entry.index > committed_ ? uncommitted_ : unapplied_;
    pile = pile + payload_of(entry);
  }
  if (recovered.snapshot) restore({recovered.snapshot->index, recovered.snapshot->term});
  ENSURE(applied >= applied_ && applied <= last());
  take_as_applied(applied);
}

std::optional<Term> Log::term_at(LogIndex index) const {
  if (index == previous(first_)) return base_term_;
  if (index < first_ || index > last()) return std::nullopt;
  return at(index).term;
}

bool Log::is_up_to_date(LogIndex last_index, Term last_term) const {
  return last_term > this->last_term() || (last_term == this->last_term() && last_index >= last());
}

std::vector<Entry> Log::slice(LogIndex from, Bytes most, std::uint32_t entries_most) const {
  std::vector<Entry> out;
  Bytes used;
  for (LogIndex i = from; i <= last() && out.size() < entries_most; i = runink::next(i)) {
    const Entry& entry = at(i);
    if (!out.empty() && most < used + payload_of(entry)) break;
    used = used + payload_of(entry);
    out.push_back(entry);
  }
  return out;
}

LogIndex Log::last_possible_match(LogIndex index, Term term) const {
  if (index < first_) return index;
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(std::min(index, last()).value -
                                                                  previous(first_).value);
  const auto found = std::partition_point(entries_.begin(), end,
                                          [&](const Entry& entry) { return entry.term <= term; });
  return LogIndex{previous(first_).value + static_cast<std::uint64_t>(found - entries_.begin())};
}

void Log::append(Term term, EntryType type, std::string payload) {
  ENSURE(term >= last_term());
  entries_.push_back({term, runink::next(last()), type, std::move(payload)});
  uncommitted_ = uncommitted_ + payload_of(entries_.back());
  size_ = size_ + size_of(entries_.back());
}

LogIndex Log::merge(std::vector<Entry> entries) {
  LogIndex changed;
  for (Entry& entry : entries) {
    if (entry.index <= last()) {
      if (at(entry.index).term == entry.term) continue;
      cut_from(entry.index);
    }
    ENSURE(entry.index == runink::next(last()) && entry.term >= last_term());
    uncommitted_ = uncommitted_ + payload_of(entry);
    size_ = size_ + size_of(entry);
    if (changed == LogIndex{}) changed = entry.index;
    entries_.push_back(std::move(entry));
  }
  return changed;
}

void Log::cut_from(LogIndex index) {
  ENSURE(index > committed_);
  for (LogIndex i = index; i <= last(); i = runink::next(i)) {
    uncommitted_ = uncommitted_ - payload_of(at(i));
    size_ = size_ - size_of(at(i));
  }
  entries_.resize(index.value - first_.value);
  forget_behind(previous(index));
}

/// Of what was written or asked to be written, only what is up to `index` counts any more.
void Log::forget_behind(LogIndex index) {
  // Later writes may bring the same entries back; an earlier write's acknowledgement must not
  // count for them.
  for (Write& write : writes_) write.upto = std::min(write.upto, index);
  durable_ = std::min(durable_, index);
  if (runink::next(index) < unwritten_from_) {
    truncated_from_ = std::min(truncated_from_.value_or(runink::next(index)), runink::next(index));
    unwritten_from_ = runink::next(index);
  }
}

void Log::compact_to(LogIndex index) {
  ENSURE(index <= applied_ && index <= durable_);
  if (index < first_) return;
  base_term_ = at(index).term;
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(index.value + 1 - first_.value);
  for (auto entry = entries_.begin(); entry != end; ++entry) size_ = size_ - size_of(*entry);
  entries_.erase(entries_.begin(), end);
  first_ = runink::next(index);
  base_changed_ = true;
}

void Log::take_as_applied(LogIndex index) {
  commit_to(std::max(committed_, index));
  while (handed_out_ < index) {
    handed_out_ = runink::next(handed_out_);
    handed_out_bytes_ = handed_out_bytes_ + payload_of(at(handed_out_));
  }
  applied_to(index);
}

bool Log::restore(LogBase snapshot) {
  ENSURE(snapshot.index >= previous(first_));
  const bool goes_on = matches(snapshot.index, snapshot.term);
  if (!goes_on) {
    ENSURE(snapshot.index > committed_);
    forget_behind(snapshot.index);
    entries_.clear();
    size_ = uncommitted_ = unapplied_ = handed_out_bytes_ = {};
    first_ = runink::next(snapshot.index);
    base_term_ = snapshot.term;
    base_changed_ = true;
    unwritten_from_ = first_;
    committed_ = handed_out_ = applied_ = snapshot.index;
  } else {
    take_as_applied(snapshot.index);
  }
  durable_ = std::max(durable_, snapshot.index);  // as an entry or within the snapshot
  return !goes_on;
}

void Log::commit_to(LogIndex index) {
  ENSURE(index <= last());
  while (committed_ < index) {
    committed_ = runink::next(committed_);
    uncommitted_ = uncommitted_ - payload_of(at(committed_));
    unapplied_ = unapplied_ + payload_of(at(committed_));
  }
}

void Log::take_writes(Persist& into) {
  if (!has_writes()) return;
  into.truncate_from = std::exchange(truncated_from_, std::nullopt);
  if (std::exchange(base_changed_, false)) into.base = base();
  const auto from = static_cast<std::ptrdiff_t>(unwritten_from_.value - first_.value);
  into.entries.assign(entries_.begin() + from, entries_.end());
  unwritten_from_ = runink::next(last());
  writes_.push_back({into.seq, last()});
}

void Log::persisted(PersistSeq seq) {
  while (!writes_.empty() && writes_.front().seq <= seq) {
    durable_ = std::max(durable_, writes_.front().upto);
    writes_.pop_front();
  }
}

std::vector<Entry> Log::hand_out(Bytes most, std::uint32_t entries_most) {
  const LogIndex upto = std::min(committed_, durable_);
  std::vector<Entry> out;
  while (handed_out_ < upto) {
    const Entry& entry = at(runink::next(handed_out_));
    const bool fits = handed_out_bytes_ + payload_of(entry) <= most &&
                      handed_out_.value - applied_.value < entries_most;
    if (handed_out_ > applied_ && !fits) break;
    handed_out_ = entry.index;
    handed_out_bytes_ = handed_out_bytes_ + payload_of(entry);
    out.push_back(entry);
  }
  return out;
}

void Log::applied_to(LogIndex index) {
  ENSURE(index <= handed_out_);
  while (applied_ < index) {
    applied_ = runink::next(applied_);
    unapplied_ = unapplied_ - payload_of(at(applied_));
    handed_out_bytes_ = handed_out_bytes_ - payload_of(at(applied_));
  }
}

}  // namespace runink::raft
