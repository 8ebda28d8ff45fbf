#include "trace.hpp"

#include <cstdio>
#include <utility>

namespace runink::raft::simulation {
namespace {

std::string n(auto id) { return std::to_string(id.value); }
std::string at(LogIndex index, Term term) { return n(index) + "/" + n(term); }

std::string words(const PreVoteRequest& m) {
  return "would you vote in term " + n(m.next_term) + "? last " + at(m.last_index, m.last_term);
}
std::string words(const PreVoteResponse& m) {
  return std::string(m.granted ? "would" : "would not") + " vote in term " + n(m.next_term);
}
std::string words(const VoteRequest& m) {
  return std::string("vote") + (m.force ? " now" : "") + "? last " + at(m.last_index, m.last_term);
}
std::string words(const VoteResponse& m) { return m.granted ? "vote given" : "vote refused"; }
std::string words(const Append& m) {
  return "append after " + at(m.prev_index, m.prev_term) + ", " + std::to_string(m.entries.size()) +
         " entries, commit " + n(m.commit);
}
std::string words(const AppendResponse& m) {
  return m.accepted
             ? "has up to " + n(m.match)
             : "rejects after " + n(m.prev_index) + ", perhaps " + at(m.hint_index, m.hint_term);
}
std::string words(const Heartbeat& m) {
  return "heartbeat, commit " + n(m.commit) + ", reads " + n(m.read);
}
std::string words(const HeartbeatResponse& m) { return "heartbeat heard, reads " + n(m.read); }
std::string words(const TimeoutNow&) { return "take over now"; }
std::string words(const ReadIndexRequest& m) {
  return "from where may I read? " + std::to_string(m.id);
}
std::string words(const ReadIndexResponse& m) {
  return std::string(m.granted ? "read from " + n(m.index) : "no read now") + ", " +
         std::to_string(m.id);
}
std::string words(const SnapshotOffer& m) {
  return "offers snapshot " + n(m.id) + " at " + at(m.index, m.last_term);
}
std::string words(const SnapshotResponse& m) {
  return "snapshot " + n(m.id) +
         (m.progress == SnapshotProgress::fetching     ? " is being fetched"
          : m.progress == SnapshotProgress::installing ? " is being installed"
                                                       : " failed");
}

}  // namespace

void Trace::line(Instant now, std::string text) {
  char head[32];
  std::snprintf(head, sizeof(head), "%12.6f  ", static_cast<double>(now.ns) / 1e9);
  lines_.push_back(head + std::move(text));
  if (lines_.size() > lines_kept_) lines_.pop_front();
}

std::string to_string(const Envelope& envelope) {
  return n(envelope.from) + "->" + n(envelope.to) + " term " + n(envelope.term) + ": " +
         std::visit([](const auto& message) { return words(message); }, envelope.message);
}

}  // namespace runink::raft::simulation
