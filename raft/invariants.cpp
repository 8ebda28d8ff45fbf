#include "raft/invariants.hpp"

#include <algorithm>

#include "vocabulary/ensure.hpp"

namespace runink::raft {
namespace {

using Seen = Observation;

bool is_durable_term(const Core& core, const Envelope& envelope) {
  return envelope.term <= core.durable_hard_state().term;
}

LogIndex own_quorum_match(const Core& core) {
  std::map<NodeId, LogIndex> match{{core.config().self, core.log().durable()}};
  for (const auto& [id, follower] : core.followers()) match[id] = follower.match();
  return committed_index(core.voters(), match);
}

constexpr Invariant table[] = {
    {"the term never decreases", [](const Seen& before, const Core& after,
                                    const Effects&) { return after.term() >= before.term; }},
    {"a vote is given once per term",
     [](const Seen& before, const Core& after, const Effects&) {
       return after.term() > before.term || before.vote == NodeId{} || after.vote() == before.vote;
     }},
    {"a granted vote leaves only when it is durable",
     [](const Seen&, const Core& after, const Effects& effects) {
       return std::ranges::all_of(effects.send_now, [&](const Envelope& e) {
         const auto* vote = std::get_if<VoteResponse>(&e.message);
         return !vote || !vote->granted ||
                (after.durable_hard_state().term == e.term &&
                 after.durable_hard_state().vote == e.to);
       });
     }},
    {"no message that leaves now carries a term above the durable one",
     [](const Seen&, const Core& after, const Effects& effects) {
       return std::ranges::all_of(effects.send_now,
                                  [&](const Envelope& e) { return is_durable_term(after, e); });
     }},
    {"the commit index never decreases and never passes the last entry",
     [](const Seen& before, const Core& after, const Effects&) {
       return after.log().committed() >= before.committed &&
              after.log().committed() <= after.log().last();
     }},
    {"what is committed is never truncated",
     [](const Seen& before, const Core&, const Effects& effects) {
       return !effects.persist || !effects.persist->truncate_from ||
              *effects.persist->truncate_from > before.committed;
     }},
    {"entries are handed out in order, once, and only when committed and durable",
     [](const Seen& before, const Core& after, const Effects& effects) {
       LogIndex expected = before.handed_out;
       if (after.snapshot()) expected = std::max(expected, after.snapshot()->index);  // installed
       for (const Entry& entry : effects.apply)
         if (entry.index != (expected = next(expected))) return false;
       return expected == after.log().handed_out() &&
              expected <= std::max(before.handed_out,
                                   std::min(after.log().committed(), after.log().durable()));
     }},
    {"a leader never deletes or overwrites its own entries",
     [](const Seen& before, const Core& after, const Effects& effects) {
       const bool stayed = before.role == Role::leader && after.role() == Role::leader &&
                           before.term == after.term();
       return !stayed || ((!effects.persist || !effects.persist->truncate_from) &&
                          after.log().last() >= before.last);
     }},
    {"the log is contiguous, its terms never fall and never pass the current term",
     [](const Seen&, const Core& after, const Effects& effects) {
       // What changes in a step is written in it.
       if (!effects.persist || effects.persist->entries.empty()) return true;
       LogIndex index = previous(effects.persist->entries.front().index);
       auto term = after.log().term_at(index);
       for (const Entry& entry : effects.persist->entries) {
         if (entry.index != (index = next(index)) || !term || entry.term < *term) return false;
         term = entry.term;
       }
       return index == after.log().last() && *term <= after.term();
     }},
    {"only entries of the leader's own term commit by counting",
     [](const Seen& before, const Core& after, const Effects&) {
       const bool counted = before.role == Role::leader && after.role() == Role::leader &&
                            before.committed < after.log().committed();
       return !counted || after.log().matches(after.log().committed(), after.term());
     }},
    {"a follower's match is never above the last entry, above its next, or falling in a term",
     [](const Seen& before, const Core& after, const Effects&) {
       for (const auto& [id, follower] : after.followers()) {
         if (follower.match() > after.log().last() || follower.next() <= follower.match())
           return false;
         const auto old = before.match.find(id);
         if (before.term == after.term() && before.role == Role::leader &&
             old != before.match.end() && follower.match() < old->second)
           return false;
       }
       return true;
     }},
    {"an acknowledgement that leaves now speaks of durable entries only",
     [](const Seen&, const Core& after, const Effects& effects) {
       return std::ranges::all_of(effects.send_now, [&](const Envelope& e) {
         const auto* response = std::get_if<AppendResponse>(&e.message);
         return !response || !response->accepted || response->match <= after.log().durable();
       });
     }},
    {"a term has one leader, known by one name",
     [](const Seen& before, const Core& after, const Effects&) {
       return before.term != after.term() || before.leader == NodeId{} ||
              after.leader() == NodeId{} || before.leader == after.leader();
     }},
    {"the window of a follower is never overrun, in messages or in bytes",
     [](const Seen&, const Core& after, const Effects&) {
       return std::ranges::all_of(after.followers(), [&](const auto& one) {
         const FollowerProgress& follower = one.second;
         const Config& config = after.config();
         const std::uint64_t bytes_most =
             config.window_bytes.value / config.window_messages * config.window_messages_most;
         return follower.in_flight() <= config.window_messages_most &&
                follower.window() >= config.window_messages &&
                (follower.in_flight() <= 1 || follower.in_flight_bytes() <= Bytes{bytes_most});
       });
     }},
    {"who asks for pre-votes raises no term",
     [](const Seen& before, const Core& after, const Effects&) {
       return after.role() != Role::pre_candidate || after.term() == before.term;
     }},
    {"rounds of reads rise within a term",
     [](const Seen& before, const Core& after, const Effects&) {
       return before.role != Role::leader || after.role() != Role::leader ||
              before.term != after.term() || after.newest_read() >= before.newest_read;
     }},
    {"a read is answered only when all it must see is applied",
     [](const Seen&, const Core& after, const Effects& effects) {
       return std::ranges::all_of(effects.reads, [&](const ReadOutcome& read) {
         return read.answer != ReadAnswer::ready || read.index <= after.applied();
       });
     }},
    {"only a leader hands over, and it proposes nothing meanwhile",
     [](const Seen&, const Core& after, const Effects& effects) {
       return after.transferee() == NodeId{} ||
              (after.role() == Role::leader &&
               std::ranges::none_of(effects.proposals, [](const ProposalOutcome& one) {
                 return one.answer == Answer::accepted;
               }));
     }},
    {"nothing waits without bound",
     [](const Seen&, const Core& after, const Effects& effects) {
       const Log& log = after.log();
       // Changes of members are taken also when commands are not.
       const bool proposed =
           std::ranges::any_of(effects.proposals, [&](const ProposalOutcome& one) {
             return one.answer == Answer::accepted && log.at(one.first).type == EntryType::command;
           });
       return after.waiting_reads() <= after.config().reads_most &&
              log.handed_out().value - log.applied().value <=
                  std::max(1u, after.config().unapplied_most) &&
              (!proposed || log.uncommitted() <= after.config().uncommitted_most);
     }},
    {"what is applied was handed out, and is never taken back",
     [](const Seen& before, const Core& after, const Effects&) {
       return before.applied <= after.applied() && after.applied() <= after.log().handed_out();
     }},
    {"what leaves now rests on the hard state that is on disk",
     [](const Seen&, const Core& after, const Effects& effects) {
       const HardState& durable = after.durable_hard_state();
       return effects.send_now.empty() ||
              (durable.term == after.term() && durable.vote == after.vote());
     }},
    {"a round of reads begins with all that was committed before",
     [](const Seen& before, const Core& after, const Effects&) {
       return before.term != after.term() || after.role() != Role::leader ||
              after.newest_read() <= before.newest_read ||
              after.newest_read_index() >= before.committed;
     }},
    {"what commits by counting is held by a majority of the voters, and learners do not count",
     [](const Seen& before, const Core& after, const Effects&) {
       const bool counted = after.role() == Role::leader && before.term == after.term() &&
                            before.configuration_index == after.configurations().newest_index() &&
                            before.committed < after.log().committed();
       return !counted || after.log().committed() <= own_quorum_match(after);
     }},
    {"a snapshot holds only what is committed, and the log begins right behind it or before",
     [](const Seen&, const Core& after, const Effects&) {
       const LogIndex first = after.log().first();
       if (!after.snapshot()) return first == LogIndex{1};
       return after.snapshot()->index <= after.log().committed() &&
              first <= next(after.snapshot()->index);
     }},
    {"a snapshot is installed only over an older state, to which nothing is handed meanwhile",
     [](const Seen& before, const Core& after, const Effects& effects) {
       return (!effects.install || effects.install->index > before.committed) &&
              (!after.installing() || effects.apply.empty());
     }},
    {"the version of a group never falls and is one that this program speaks",
     [](const Seen& before, const Core& after, const Effects&) {
       return before.version <= after.version() &&
              (after.stopped() || after.version() <= after.config().versions.most);
     }},
    {"who has stopped says and writes nothing",
     [](const Seen&, const Core& after, const Effects& effects) {
       return !after.stopped() || (effects.send_now.empty() && effects.after_durable.empty() &&
                                   !effects.persist && effects.apply.empty());
     }},
    {"what a quorum holds of the leader's term is committed in the same step",
     [](const Seen&, const Core& after, const Effects&) {
       if (after.role() != Role::leader) return true;
       const LogIndex held = own_quorum_match(after);
       return !after.log().matches(held, after.term()) || after.log().committed() >= held;
     }},
    {"who stands for election or leads is a voter of a configuration that may be in force",
     [](const Seen&, const Core& after, const Effects&) {
       return after.role() == Role::follower ||
              after.configurations().may_vote(after.config().self);
     }},
    {"the configuration in use is the newest in the log",
     [](const Seen&, const Core& after, const Effects& effects) {
       const Log& log = after.log();
       const LogIndex used = after.configurations().newest_index();
       if (effects.persist)
         for (const Entry& entry : effects.persist->entries)
           if (entry.type == EntryType::configuration && entry.index > used) return false;
       return used < log.first() ||
              (used <= log.last() && log.at(used).type == EntryType::configuration);
     }},
    {"members change only when an entry of the own term and the last change are committed",
     [](const Seen& before, const Core& after, const Effects&) {
       const bool changed = before.role == Role::leader && after.role() == Role::leader &&
                            before.term == after.term() &&
                            before.configuration_index < after.configurations().newest_index();
       return !changed || (before.configuration_index <= after.log().committed() &&
                           after.log().matches(after.log().committed(), after.term()));
     }},
    {"a joint configuration is left as soon as its leader has committed it",
     [](const Seen&, const Core& after, const Effects&) {
       return after.role() != Role::leader || !after.configuration().is_joint() ||
              after.log().committed() < after.configurations().newest_index() ||
              !after.log().matches(after.log().committed(), after.term());
     }},
    {"a configuration never contradicts itself",
     [](const Seen&, const Core& after, const Effects&) {
       return after.configurations().newest_index() == LogIndex{} ||
              is_consistent(after.configuration());
     }},
    {"a leader knows every other member of its configuration, and nobody else",
     [](const Seen&, const Core& after, const Effects&) {
       if (after.role() != Role::leader) return true;
       std::set<NodeId> others = after.configuration().members();
       others.erase(after.config().self);
       return others.size() == after.followers().size() &&
              std::ranges::all_of(after.followers(),
                                  [&](const auto& one) { return others.contains(one.first); });
     }},
};

}  // namespace

Observation observe(const Core& core) {
  Observation seen{core.term(),
                   core.vote(),
                   core.role(),
                   core.leader(),
                   core.log().committed(),
                   core.log().handed_out(),
                   core.log().last(),
                   {},
                   core.newest_read(),
                   core.configurations().newest_index(),
                   core.applied(),
                   core.version()};
  for (const auto& [id, follower] : core.followers()) seen.match[id] = follower.match();
  return seen;
}

std::span<const Invariant> invariants() { return table; }

void InvariantWatch::after_step(const Core& core, const Effects& effects) {
  if (const auto broken = broken_invariant(before_, core, effects))
    ensure_failed(broken->data(), __FILE__, __LINE__);
}

std::optional<std::string_view> broken_invariant(const Observation& before, const Core& after,
                                                 const Effects& effects) {
  for (const Invariant& one : table)
    if (!one.holds(before, after, effects)) return one.sentence;
  return std::nullopt;
}

}  // namespace runink::raft
