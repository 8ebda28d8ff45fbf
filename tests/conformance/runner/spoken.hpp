// Messages and entries as the scripts write them: `1->2 MsgApp Term:1 Log:1/2 Commit:2
// Entries:[1/3 EntryNormal ""]`.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raft/types.hpp"
#include "vocabulary/fault.hpp"

namespace runink::conformance {

struct Spoken {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string type;  ///< "MsgApp"
  std::uint64_t term = 0;
  std::uint64_t log_term = 0;
  std::uint64_t log_index = 0;
  std::optional<std::uint64_t> hint;  ///< when rejected
  std::uint64_t commit = 0;
  std::vector<std::string> entries;
  std::string snapshot;
  friend auto operator<=>(const Spoken&, const Spoken&) = default;
  friend bool operator==(const Spoken&, const Spoken&) = default;

  bool is(std::string_view name) const { return type == name; }
  /// An append that carries nothing: a probe, or the news of a commit.
  bool is_empty_append() const { return is("MsgApp") && entries.empty(); }
};
std::string to_string(const Spoken& message);

/// The first line of a message; entries and a snapshot may follow on further lines. `bad_input`
/// when it is no message.
Result<Spoken> read_spoken(std::string_view line);
/// Is this a message, or looks like one? `1->2 Msg...`, `AppendThread->1 Msg...`.
bool looks_spoken(std::string_view line);
/// Between a node and its own disk or state machine, or from a node to itself: the scripts write
/// these, and what they bring about is compared, but no other node hears them.
bool is_within_a_node(std::string_view line);

/// `1/3 EntryNormal "prop_1"`; a configuration is drawn whole, since it is no change.
std::string drawn(const raft::Entry& entry);
/// `0/0 EntryNormal "prop_1"`: a payload that no log has taken yet.
std::string drawn_in_transit(std::string_view payload);
/// The scripts' number of a term of ours, of a node or a message. Groups are founded in term 1
/// here, so that their entries have a term that the nodes have been in; there the nodes are in term
/// 0 (Difference::founding_term).
std::uint64_t drawn_term(Term term);
/// The same of an entry: those that a group is founded with have term 1 here and there.
std::uint64_t drawn_entry_term(Term term);
/// As the scripts do: node ids of messages are hexadecimal.
std::string drawn_id(std::uint64_t id);

/// What an envelope is called there; nothing for the messages that the scripts do not have.
std::optional<Spoken> spoken(const raft::Envelope& envelope);

}  // namespace runink::conformance
