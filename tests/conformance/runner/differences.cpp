#include "runner/differences.hpp"

#include <array>

namespace runink::conformance {
namespace {

using enum Difference;

// Not compared, or brought into the other's form, and why that is wanted.
constexpr std::array<WantedDifference, 19> table{{
    {founding_term, "founding term",
     "A group of the scripts begins with entries of term 1 at nodes of term 0. No node here holds "
     "an entry "
     "above its own term: groups begin in term 1, and the terms of all elections are drawn one "
     "lower."},
    {storage_messages, "storage messages",
     "Writes are effects here, not messages to a thread (ADR 0001), and they are asynchronous in "
     "every group. What "
     "a node tells its own disk and itself is not compared; what follows from it is."},
    {answers_wait_for_the_script, "answers wait for the script",
     "Who acknowledges what is durable already, or grants a pre-vote, answers at once here. In "
     "scripts with an "
     "append thread such answers are held until the thread has done the work of that step."},
    {votes_wait_for_the_disk, "votes wait for the disk",
     "A request for votes waits here until the own vote is durable. In scripts with an append "
     "thread it leaves "
     "with its step, as there: no script crashes a node."},
    {answer_to_an_older_term, "answer to an older term",
     "A message of an older term is answered with its own kind of answer here, with an append's "
     "there; the term is "
     "what counts."},
    {silence_to_an_older_term, "silence to an older term",
     "Who is behind always learns it here. Scripts of groups that neither ask pre-votes nor check "
     "quorums, and "
     "requests for votes of an older term, get no answer there: the network loses it."},
    {silence_in_a_lease, "silence in a lease",
     "Who hears a leader refuses a pre-vote with an answer here and with silence there: the "
     "network loses it."},
    {news_of_a_commit_ride_along, "news of a commit ride along",
     "A follower with entries in flight learns of a commit from the next append, or when it has "
     "answered; there an "
     "empty append is sent at once, and answered."},
    {inactive_is_not_told, "inactive is not told",
     "A follower that never answered counts as heard when its leader began; there it is shown as "
     "inactive."},
    {no_reads_by_lease, "no reads by lease",
     "There are no reads by lease here, so nothing forbids to forget a leader. In scripts that "
     "have them the runner "
     "does not ask for it."},
    {no_limit_of_what_is_handed_out, "no limit of what is handed out",
     "All that is committed is handed to the state machine at once; limits stand at its door."},
    {client_is_redirected, "client is redirected",
     "Nothing is proposed through a follower: it names the leader. The client that asks there is "
     "drawn as "
     "the message that it replaces."},
    {change_waits_for_own_term, "change waits for own term",
     "Members are changed only when an entry of the leader's own term is committed (Ongaro's "
     "correction of 2015) and "
     "the last change is: until then the client asks again."},
    {configuration_on_append, "configuration on append",
     "A configuration holds from the moment it is in the log, there when it is applied. In scripts "
     "that change members "
     "the end is compared, not the way."},
    {short_form_and_own_leave, "short form and own leave",
     "When one voter differs, no joint state is entered, whatever was asked; every other joint "
     "state is left by its leader. "
     "So the entries of a change may be fewer: indexes are compared as distances."},
    {change_while_joint_is_not_asked, "change while joint is not asked",
     "A change that the script asks for while it holds the joint state, in order to see it "
     "refused, would be taken here, "
     "because the joint state is over: it is not asked."},
    {validation_always, "validation always",
     "Changes are always checked; a script that switches the check off has its change taken later "
     "or not at all."},
    {removed_leader_hands_over, "removed leader hands over",
     "A leader that is removed steps down when that is committed, and asks the next one to stand "
     "at once. There it leads "
     "on, or steps down without a word."},
    {no_snapshots_yet, "no snapshots yet",
     "The log is whole, and who is behind gets it from its beginning. In scripts that cut it the "
     "end is compared."},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].difference) != i) return false;
  return true;
}
static_assert(in_order());
static_assert(table.size() == static_cast<std::size_t>(no_snapshots_yet) + 1);

}  // namespace

std::span<const WantedDifference> wanted_differences() { return table; }

const WantedDifference& told(Difference difference) {
  return table[static_cast<std::size_t>(difference)];
}

}  // namespace runink::conformance
