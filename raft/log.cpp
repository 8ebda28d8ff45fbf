#include "raft/log.hpp"

#include <algorithm>
#include <utility>

#include "raft/membership.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::raft {
namespace {

Bytes size_of(const Entry& entry) { return Bytes{entry.payload.size()}; }

}  // namespace

Result<void> check(const Recovered& recovered) {
  const auto text = [](auto id) { return std::to_string(id.value); };
  if (recovered.first != LogIndex{1})
    return fail(FaultKind::corrupt,
                "The Raft log begins at entry " + text(recovered.first) +
                    ", but this version can only restore from a whole log. Restore the data "
                    "folder from a copy, or rejoin this node with an empty one.");
  LogIndex expected = recovered.first;
  Term term;
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
      entries_(std::move(recovered.entries)),
      committed_(std::max(recovered.hard_state.commit, applied)),
      handed_out_(applied),
      applied_(applied),
      durable_(previous(LogIndex{first_.value + entries_.size()})),
      unwritten_from_(runink::next(durable_)) {
  ENSURE(first_ == LogIndex{1});
  ENSURE(committed_ <= durable_);
  for (LogIndex i = runink::next(committed_); i <= durable_; i = runink::next(i))
    uncommitted_ = uncommitted_ + size_of(at(i));
  for (LogIndex i = runink::next(applied_); i <= committed_; i = runink::next(i))
    unapplied_ = unapplied_ + size_of(at(i));
}

std::optional<Term> Log::term_at(LogIndex index) const {
  if (index == previous(first_)) return Term{};
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
    if (!out.empty() && most < used + size_of(entry)) break;
    used = used + size_of(entry);
    out.push_back(entry);
  }
  return out;
}

LogIndex Log::last_possible_match(LogIndex index, Term term) const {
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(std::min(index, last()).value -
                                                                  previous(first_).value);
  const auto found = std::partition_point(entries_.begin(), end,
                                          [&](const Entry& entry) { return entry.term <= term; });
  return LogIndex{previous(first_).value + static_cast<std::uint64_t>(found - entries_.begin())};
}

void Log::append(Term term, EntryType type, std::string payload) {
  ENSURE(term >= last_term());
  entries_.push_back({term, runink::next(last()), type, std::move(payload)});
  uncommitted_ = uncommitted_ + size_of(entries_.back());
}

LogIndex Log::merge(std::vector<Entry> entries) {
  LogIndex changed;
  for (Entry& entry : entries) {
    if (entry.index <= last()) {
      if (at(entry.index).term == entry.term) continue;
      cut_from(entry.index);
    }
    ENSURE(entry.index == runink::next(last()) && entry.term >= last_term());
    uncommitted_ = uncommitted_ + size_of(entry);
    if (changed == LogIndex{}) changed = entry.index;
    entries_.push_back(std::move(entry));
  }
  return changed;
}

void Log::cut_from(LogIndex index) {
  ENSURE(index > committed_);
  for (LogIndex i = index; i <= last(); i = runink::next(i))
    uncommitted_ = uncommitted_ - size_of(at(i));
  entries_.resize(index.value - first_.value);
  // Later writes may bring the same entries back; an earlier write's acknowledgement must not
  // count for them.
  for (Write& write : writes_) write.upto = std::min(write.upto, previous(index));
  durable_ = std::min(durable_, previous(index));
  if (index < unwritten_from_) {
    truncated_from_ = std::min(truncated_from_.value_or(index), index);
    unwritten_from_ = index;
  }
}

void Log::commit_to(LogIndex index) {
  ENSURE(index <= last());
  while (committed_ < index) {
    committed_ = runink::next(committed_);
    uncommitted_ = uncommitted_ - size_of(at(committed_));
    unapplied_ = unapplied_ + size_of(at(committed_));
  }
}

void Log::take_writes(Persist& into) {
  if (!has_writes()) return;
  into.truncate_from = std::exchange(truncated_from_, std::nullopt);
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
    const bool fits = handed_out_bytes_ + size_of(entry) <= most &&
                      handed_out_.value - applied_.value < entries_most;
    if (handed_out_ > applied_ && !fits) break;
    handed_out_ = entry.index;
    handed_out_bytes_ = handed_out_bytes_ + size_of(entry);
    out.push_back(entry);
  }
  return out;
}

void Log::applied_to(LogIndex index) {
  ENSURE(index <= handed_out_);
  while (applied_ < index) {
    applied_ = runink::next(applied_);
    unapplied_ = unapplied_ - size_of(at(applied_));
    handed_out_bytes_ = handed_out_bytes_ - size_of(at(applied_));
  }
}

}  // namespace runink::raft
