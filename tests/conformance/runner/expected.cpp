#include "runner/expected.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace runink::conformance {
namespace {

std::string_view unindented(std::string_view text) {
  const auto from = text.find_first_not_of(' ');
  return from == std::string_view::npos ? std::string_view{} : text.substr(from);
}

/// The number behind `key`, 0 when there is none.
std::uint64_t number_behind(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos) return 0;
  std::uint64_t value = 0;
  const auto from = text.substr(at + key.size());
  std::from_chars(from.data(), from.data() + from.size(), value);
  return value;
}

constexpr std::array<std::string_view, 6> says_nothing{"ok",
                                                       "<empty Ready>",
                                                       "no messages",
                                                       "no append work to perform",
                                                       "no apply work to perform",
                                                       "raft: cannot step as peer not found"};

/// Reads the lines of one step; the sections it goes through say what a line means.
class Reader {
 public:
  explicit Reader(const Directive& directive) : directive_(directive) {
    const auto words = directive.command.words();
    if (!words.empty()) node_ = number_behind(words.front(), "");
    if (directive.command.name == "deliver-msgs") section_ = Section::received;
    if (directive.command.name == "send-snapshot") section_ = Section::sent;
    const std::string& name = directive.command.name;
    if (name == "raft-state" || name == "status" || name == "raft-log" || name == "compact")
      section_ = Section::drawing;
  }

  Result<StepFacts> read() {
    while (at_ < directive_.expected.size()) {
      const Line& line = directive_.expected[at_++];
      if (const auto why = take(unindented(line.text)); !why.empty())
        return fail(FaultKind::bad_input, directive_.file + ":" + std::to_string(line.number) +
                                              ": " + why + ": \"" + line.text + "\".");
    }
    return std::move(facts_);
  }

 private:
  enum class Section { none, sent, received, entries, committed, drawing };

  // Each returns why it cannot be understood; nothing when it can.
  std::string take(std::string_view line) {
    if (std::ranges::find(says_nothing, line) != says_nothing.end()) return {};
    if (line.starts_with("INFO ") || line.starts_with("DEBUG ") || line.starts_with("WARN ") ||
        line.starts_with("ERROR "))
      return take_log(line.substr(line.find(' ') + 1));
    if (line == "raft proposal dropped") {
      facts_.proposal_dropped = true;
      return {};
    }
    if (section_ == Section::drawing) {
      facts_.drawing.emplace_back(line);
      return {};
    }
    if (line.starts_with("> ")) return take_heading(line.substr(2));
    const bool dropped = line.starts_with("dropped: ");
    if (dropped) line.remove_prefix(9);
    if (looks_spoken(line)) return take_message(line, dropped);
    return take_of_ready(line);
  }

  std::string take_heading(std::string_view line) {
    node_ = number_behind(line, "");
    const auto what = line.substr(std::min(line.find(' '), line.size()));
    if (node_ == 0) return "no node is named";
    if (what == " receiving messages")
      section_ = Section::received;
    else if (what == " handling Ready" || what == " processing append thread" ||
             what == " processing apply thread")
      section_ = Section::none;
    else
      return "no such heading";
    return {};
  }

  std::string take_of_ready(std::string_view line) {
    NodeFacts& node = facts_.nodes[node_];
    if (line == "Messages:" || line == "Responses:") {
      section_ = Section::sent;
    } else if (line == "Entries:") {
      section_ = Section::entries;
    } else if (line == "CommittedEntries:") {
      section_ = Section::committed;
    } else if (line == "Processing:" || line.starts_with("Ready MustSync=")) {
      section_ = Section::none;
    } else if (line.starts_with("HardState ")) {
      node.hard.push_back({number_behind(line, "Term:"), number_behind(line, "Vote:"),
                           number_behind(line, "Commit:")});
    } else if (line.starts_with("Lead:")) {
      node.soft.emplace_back(line);
    } else if (line.starts_with("Snapshot Index:") || line.starts_with("ReadStates ")) {
      return {};
    } else if (entry_index(line) && section_ == Section::entries) {
      node.entries.emplace_back(line);
    } else if (entry_index(line) && section_ == Section::committed) {
      node.committed.emplace_back(line);
    } else {
      return "this line is not understood";
    }
    return {};
  }

  std::string take_message(std::string_view line, bool dropped) {
    if (is_within_a_node(line)) {
      skip_lines_of(line);
      return {};
    }
    auto message = read_spoken(line);
    if (!message) return message.error().what;
    if (line.ends_with("Entries:[")) {
      for (; at_ < directive_.expected.size(); ++at_) {
        const auto entry = unindented(directive_.expected[at_].text);
        if (entry == "]") break;
        message->entries.emplace_back(entry);
      }
      if (at_++ >= directive_.expected.size()) return "the entries of this message have no end";
    }
    if (at_ < directive_.expected.size()) {
      const auto next = unindented(directive_.expected[at_].text);
      if (next.starts_with("Snapshot: ")) {
        message->snapshot = next.substr(10);
        ++at_;
      }
    }
    if (dropped)
      facts_.dropped.push_back(std::move(*message));
    else if (section_ == Section::sent)
      facts_.sent.push_back(std::move(*message));
    else if (section_ == Section::received)
      facts_.received.push_back(std::move(*message));
    else
      return "a message stands where none is expected";
    return {};
  }

  /// Of a message within a node: its entries and the answers it waits to give.
  void skip_lines_of(std::string_view line) {
    int open = line.ends_with('[') ? 1 : 0;
    while (open > 0 && at_ < directive_.expected.size()) {
      const auto next = unindented(directive_.expected[at_++].text);
      if (next.starts_with(']')) --open;
      if (next.ends_with('[')) ++open;
    }
    while (at_ < directive_.expected.size() &&
           unindented(directive_.expected[at_].text).starts_with("Snapshot: "))
      ++at_;
  }

  /// Without its level: `1 became leader at term 1`.
  std::string take_log(std::string_view line) {
    const auto node = number_behind(line, "");
    const auto behind = [&](std::string_view key) {
      const auto at = line.find(key);
      return at == std::string_view::npos
                 ? std::nullopt
                 : std::optional(std::string(line.substr(at + key.size())));
    };
    if (node != 0) {
      if (auto role = behind(" became ")) facts_.nodes[node].roles.push_back(std::move(*role));
      if (auto to = behind(" switched to configuration "))
        facts_.nodes[node].configuration.push_back(std::move(*to));
    }
    if (line.find(" ignoring conf change ") != std::string_view::npos) facts_.change_ignored = true;
    if (line.starts_with("ignoring MsgForgetLeader")) facts_.forget_refused = true;
    return {};
  }

  const Directive& directive_;
  StepFacts facts_;
  std::size_t at_ = 0;
  Section section_ = Section::none;
  std::uint64_t node_ = 0;
};

}  // namespace

std::optional<std::uint64_t> entry_index(std::string_view text) {
  const auto slash = text.find('/');
  const auto space = text.find(' ');
  if (slash == std::string_view::npos || space == std::string_view::npos || space < slash ||
      !text.substr(space + 1).starts_with("Entry"))
    return std::nullopt;
  std::uint64_t index = 0;
  const auto from = text.substr(slash + 1);
  std::from_chars(from.data(), from.data() + from.size(), index);
  return index;
}

std::string to_string(const HardFacts& facts) {
  return "Term:" + std::to_string(facts.term) + " Vote:" + std::to_string(facts.vote) +
         " Commit:" + std::to_string(facts.commit);
}

Result<StepFacts> read_expected_facts(const Directive& directive, std::string_view level) {
  auto facts = Reader(directive).read();
  if (facts) {
    facts->told_nothing = level == "none";
    facts->told_roles = level == "debug" || level == "info";
  }
  return facts;
}

}  // namespace runink::conformance
