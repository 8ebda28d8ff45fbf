#include "runner/spoken.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "runner/tables.hpp"

namespace runink::conformance {
namespace {

/// Reads a line piece by piece; once something is missing, all that follows fails.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}

  bool skip(std::string_view piece) {
    if (!rest_.starts_with(piece)) return false;
    rest_.remove_prefix(piece.size());
    return true;
  }
  void need(std::string_view piece) { good_ = skip(piece) && good_; }
  std::uint64_t number(int base = 10) {
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, base);
    good_ = good_ && error == std::errc{};
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  std::string word() {
    const auto end = std::min(rest_.find(' '), rest_.size());
    std::string taken(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return taken;
  }
  std::string all() { return std::string(std::exchange(rest_, {})); }
  bool done() const { return good_ && rest_.empty(); }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

bool is_thread(std::string_view name) { return name == "AppendThread" || name == "ApplyThread"; }

struct Ends {
  std::string_view from;
  std::string_view to;
};
std::optional<Ends> ends_of(std::string_view line) {
  const auto arrow = line.find("->");
  const auto space = line.find(' ');
  if (arrow == std::string_view::npos || space == std::string_view::npos || space < arrow ||
      !line.substr(space + 1).starts_with("Msg"))
    return std::nullopt;
  return Ends{line.substr(0, arrow), line.substr(arrow + 2, space - arrow - 2)};
}

/// The text between quotes, as Go's %q writes bytes.
std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else if (byte >= 0x20 && byte < 0x7f)
      out += c;
    else
      out += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
  }
  return out + "\"";
}

// One overload per message of ours.
std::string_view fill(Spoken& into, const raft::PreVoteRequest& m) {
  into.term = drawn_term(m.next_term);
  into.log_term = drawn_entry_term(m.last_term);
  into.log_index = m.last_index.value;
  return "MsgPreVote";
}
std::string_view fill(Spoken& into, const raft::PreVoteResponse& m) {
  if (m.granted)
    into.term = drawn_term(m.next_term);
  else
    into.hint = 0;
  return "MsgPreVoteResp";
}
std::string_view fill(Spoken& into, const raft::VoteRequest& m) {
  into.log_term = drawn_entry_term(m.last_term);
  into.log_index = m.last_index.value;
  return "MsgVote";
}
std::string_view fill(Spoken& into, const raft::VoteResponse& m) {
  if (!m.granted) into.hint = 0;
  return "MsgVoteResp";
}
std::string_view fill(Spoken& into, const raft::Append& m) {
  into.log_term = drawn_entry_term(m.prev_term);
  into.log_index = m.prev_index.value;
  into.commit = m.commit.value;
  for (const raft::Entry& entry : m.entries) into.entries.push_back(drawn(entry));
  return "MsgApp";
}
std::string_view fill(Spoken& into, const raft::AppendResponse& m) {
  into.log_index = m.accepted ? m.match.value : m.prev_index.value;
  if (m.accepted) return "MsgAppResp";
  into.log_term = drawn_entry_term(m.hint_term);
  into.hint = m.hint_index.value;
  return "MsgAppResp";
}
std::string_view fill(Spoken& into, const raft::Heartbeat& m) {
  into.commit = m.commit.value;
  return "MsgHeartbeat";
}
std::string_view fill(Spoken&, const raft::HeartbeatResponse&) { return "MsgHeartbeatResp"; }
std::string_view fill(Spoken&, const raft::TimeoutNow&) { return "MsgTimeoutNow"; }
std::string_view fill(Spoken&, const raft::ReadIndexRequest&) { return {}; }
std::string_view fill(Spoken&, const raft::ReadIndexResponse&) { return {}; }
// Scripts with snapshots are compared at their end only: ours is offered and fetched, theirs is sent.
std::string_view fill(Spoken&, const raft::SnapshotOffer&) { return {}; }
std::string_view fill(Spoken&, const raft::SnapshotResponse&) { return {}; }

}  // namespace

std::string drawn_id(std::uint64_t id) {
  char text[17];
  const auto [end, error] = std::to_chars(text, text + sizeof text, id, 16);
  return error == std::errc{} ? std::string(text, end) : "?";
}

std::string to_string(const Spoken& m) {
  const auto text = [](std::uint64_t number) { return std::to_string(number); };
  std::string out = drawn_id(m.from) + "->" + drawn_id(m.to) + " " + m.type +
                    " Term:" + text(m.term) + " Log:" + text(m.log_term) + "/" + text(m.log_index);
  if (m.hint) out += " Rejected (Hint: " + text(*m.hint) + ")";
  if (m.commit != 0) out += " Commit:" + text(m.commit);
  for (std::size_t i = 0; i < m.entries.size(); ++i)
    out += (i == 0 ? " Entries:[" : ", ") + m.entries[i];
  if (!m.entries.empty()) out += "]";
  if (!m.snapshot.empty()) out += " Snapshot: " + m.snapshot;
  return out;
}

bool looks_spoken(std::string_view line) { return ends_of(line).has_value(); }

bool is_within_a_node(std::string_view line) {
  const auto ends = ends_of(line);
  return ends && (ends->from == ends->to || is_thread(ends->from) || is_thread(ends->to));
}

Result<Spoken> read_spoken(std::string_view line) {
  Pieces pieces(line);
  Spoken m;
  m.from = pieces.number(16);
  pieces.need("->");
  m.to = pieces.number(16);
  pieces.need(" ");
  m.type = pieces.word();
  pieces.need(" Term:");
  m.term = pieces.number();
  pieces.need(" Log:");
  m.log_term = pieces.number();
  pieces.need("/");
  m.log_index = pieces.number();
  if (pieces.skip(" Rejected (Hint: ")) {
    m.hint = pieces.number();
    pieces.need(")");
  }
  if (pieces.skip(" Commit:")) m.commit = pieces.number();
  if (pieces.skip(" Vote:")) (void)pieces.number();
  if (pieces.skip(" Entries:[")) {
    std::string entry = pieces.all();
    if (!entry.empty()) {
      if (!entry.ends_with(']'))
        return fail(FaultKind::bad_input, "the entries of this message have no end");
      entry.pop_back();
      m.entries.push_back(std::move(entry));
    }
  }
  if (!pieces.done())
    return fail(FaultKind::bad_input, "\"" + std::string(line) + "\" is no message");
  return m;
}

std::uint64_t drawn_term(Term term) { return term <= Term{1} ? 0 : term.value - 1; }

std::uint64_t drawn_entry_term(Term term) { return term <= Term{1} ? term.value : term.value - 1; }

std::string drawn_in_transit(std::string_view payload) {
  return "0/0 EntryNormal " + quoted(payload);
}

std::string drawn(const raft::Entry& entry) {
  std::string out =
      std::to_string(drawn_entry_term(entry.term)) + "/" + std::to_string(entry.index.value) + " ";
  if (entry.type != raft::EntryType::configuration)
    return out + "EntryNormal " + quoted(entry.payload);
  const auto configuration = raft::configuration_in(entry);
  return out + "Configuration " + (configuration ? drawn(*configuration) : "that is damaged");
}

std::optional<Spoken> spoken(const raft::Envelope& envelope) {
  Spoken m;
  m.from = envelope.from.value;
  m.to = envelope.to.value;
  m.term = drawn_term(envelope.term);
  m.type = std::visit([&](const auto& one) { return fill(m, one); }, envelope.message);
  if (m.type.empty()) return std::nullopt;
  return m;
}

}  // namespace runink::conformance
