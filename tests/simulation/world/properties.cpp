#include "properties.hpp"

namespace runink::raft::simulation {
namespace {

using enum Property;

constexpr PropertyRow table[] = {
    {own_invariant, "own_invariant", "what a core promises of itself holds after every step",
     "raft/invariants.cpp, GlobalChecker::after_step"},
    {election_safety, "election_safety", "a term has at most one leader",
     "GlobalChecker::elected; TLA+ ElectionSafetyInv, MoreThanOneLeaderInv"},
    {leader_completeness, "leader_completeness",
     "a leader has all that was committed before its term",
     "GlobalChecker::elected; TLA+ LeaderCompletenessInv, MoreUpToDateCorrectInv"},
    {log_matching, "log_matching", "logs that agree on one entry agree on all before it",
     "tla_invariants.cpp, LogMatchingInv"},
    {state_machine_safety, "state_machine_safety",
     "what is committed or applied at an index is the same everywhere; so are states and snapshots",
     "GlobalChecker::committed_by, applied, state_is; TLA+ LogInv"},
    {acknowledged_survives, "acknowledged_survives",
     "what is committed is on the disks of a quorum, and what was acknowledged is there at the end",
     "GlobalChecker::committed_by, settled; TLA+ CommittedIsDurableInv, QuorumLogInv"},
    {linearizability, "linearizability",
     "clients see one table that every operation changes at once",
     "Clients::judge with the checker of tests/linearizability"},
    {exactly_once, "exactly_once",
     "a write that is repeated until it is answered has taken effect once; one without an answer "
     "at "
     "most once",
     "Clients::judge: every token of the appends is counted"},
    {monotone_reads, "monotone_reads", "the stale reads of one client never go back",
     "Clients::stale_read_done"},
    {no_stale_read, "no_stale_read",
     "a linearizable read sees all that was committed before it was asked, whatever was doubled, "
     "late "
     "or paused",
     "Asks::read_done"},
    {reconfiguration, "reconfiguration",
     "members change by chance and everything else holds; a joint configuration is always left",
     "all above in weather with changes; GlobalChecker::settled"},
    {quiet_outsiders, "quiet_outsiders",
     "who was cut off, has no vote or was removed raises no term and deposes nobody",
     "Probes: outsider"},
    {hand_over, "hand_over",
     "a hand-over whose message is lost or doubled, or whose heir dies, costs a short gap in "
     "writes",
     "Probes: hand_over"},
    {snapshots, "snapshots",
     "what is installed is what was committed, through broken fetches, crashes and new leaders",
     "GlobalChecker::installed"},
    {corruption, "corruption",
     "a flipped bit on one disk is noticed at the start and costs no data",
     "SimulatedNode::start, Probes: corrupt_follower"},
    {sick_disks, "sick_disks", "a leader whose disk hangs or is full is replaced in time",
     "Probes: stalled_leader, full_leader"},
    {partial_partitions, "partial_partitions",
     "while some quorum is connected a broken link changes the leader at most once, and writes go "
     "on",
     "Probes: broken_link"},
    {liveness, "liveness", "within ten election timeouts after a quorum is healed all is settled",
     "GlobalChecker::settled"},
    {bounded, "bounded", "nothing waits without bound, also in front of a follower that is asleep",
     "raft/invariants.cpp; World::looks_after; Probes: sleeping_follower"},
    {versions, "versions", "programs of several versions work together in any order of upgrades",
     "GlobalChecker::after_step, settled"},
    {clocks, "clocks", "no node campaigns because it was asleep itself or because its clock jumped",
     "Probes: sleeping_follower, sleeping_leader"},
    {same_trace, "same_trace", "a seed gives the same events, each time",
     "Fleet: every seed twice"},
};
static_assert(std::size(table) == property_count);

}  // namespace

std::span<const PropertyRow> properties() { return table; }

std::string number_of(Property property) {
  return "P" + std::to_string(static_cast<unsigned>(property));
}

}  // namespace runink::raft::simulation
