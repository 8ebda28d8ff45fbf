#include "mutants.hpp"

namespace runink::raft::simulation {
namespace {

using enum Mutant;

constexpr MutantRow table[] = {
    {acknowledge_before_sync, "acknowledge_before_sync", "acknowledge before sync"},
    {count_self_before_sync, "count_self_before_sync", "count self before sync"},
    {forget_vote, "forget_vote", "forget the vote"},
    {count_old_terms, "count_old_terms", "count old terms"},
    {uncapped_heartbeat_commit, "uncapped_heartbeat_commit", "uncapped heartbeat commit"},
    {accept_stale_acknowledgement, "accept_stale_acknowledgement",
     "take acknowledgements of an older term"},
    {omit_no_op, "omit_no_op", "omit the no-op"},
    {read_without_asking, "read_without_asking", "read without asking"},
    {reuse_read_seq, "reuse_read_seq", "reuse the number of a round of reads"},
    {read_before_own_commit, "read_before_own_commit", "read before an own entry commits"},
    {count_learners, "count_learners", "count learners"},
    {skip_own_term_gate, "skip_own_term_gate", "change members before an own entry commits"},
    {skip_joint, "skip_joint", "change several voters in one step"},
    {keep_cut_configuration, "keep_cut_configuration", "keep a configuration that was cut"},
    {lose_reject_hint, "lose_reject_hint", "say nothing of where logs may agree"},
    {pre_vote_raises_term, "pre_vote_raises_term", "pre-vote raises the term"},
    {cut_behind_appends, "cut_behind_appends", "cut what is behind an append"},
    {install_older_snapshot, "install_older_snapshot", "install a snapshot over a newer state"},
    {acknowledge_snapshot_at_once, "acknowledge_snapshot_at_once",
     "acknowledge a snapshot before it is installed"},
    {forget_snapshot_configuration, "forget_snapshot_configuration",
     "forget the members that a snapshot names"},
    {compact_beyond_snapshot, "compact_beyond_snapshot", "cut the log beyond the snapshot"},
    {raise_version_of_voters, "raise_version_of_voters", "ask no learner for its versions"},
    {forget_snapshot_version, "forget_snapshot_version", "forget the version of a snapshot"},
    {snapshot_without_directory_sync, "snapshot_without_directory_sync",
     "install without a sync of the directory"},
    {truncate_below_commit, "truncate_below_commit", "cut the log below the commit index"},
    {forget_answers, "forget_answers", "leave the answers of done requests out of snapshots"},
};

void change_members(Weather& weather, unsigned percent, unsigned forced) {
  weather.spares = 3;
  weather.change_percent = percent;
  weather.forced_percent = forced;
}

}  // namespace

std::span<const MutantRow> mutants() { return table; }

std::string_view name_of(Mutant mutant) {
  for (const MutantRow& row : table)
    if (row.mutant == mutant) return row.name;
  return "none";
}

std::optional<Mutant> mutant_named(std::string_view name) {
  for (const MutantRow& row : table)
    if (row.name == name) return row.mutant;
  return std::nullopt;
}

Weather weather_for(Mutant mutant, std::uint64_t) {
  Weather wild{.nodes = 3,
               .lost_percent = 15,
               .late_percent = 10,
               .sync_longest = milliseconds(40),
               .between_faults = milliseconds(150),
               .mutant = mutant,
               .look_inside = false};
  switch (mutant) {
    case forget_vote:
      wild.late_percent = 40;
      wild.crash_after_vote_percent = 60;
      wild.transfer_percent = 25;  // each is an election that does not wait
      break;
    // Figure 8 itself is drawn in tests/raft/paper_test.cpp; chance finds it too seldom.
    case count_old_terms:
    case pre_vote_raises_term: wild.look_inside = true; break;
    case count_learners:
    case skip_own_term_gate:
    case skip_joint:
    case keep_cut_configuration: change_members(wild, 40, 90); break;
    case install_older_snapshot:
    case acknowledge_snapshot_at_once:
    case compact_beyond_snapshot:
    case snapshot_without_directory_sync: wild.snapshots = true; break;
    case forget_snapshot_configuration:
      wild.snapshots = true;
      change_members(wild, 20, 50);
      break;
    case raise_version_of_voters:
    case forget_snapshot_version:
      wild.snapshots = true;
      wild.upgrades = true;
      wild.learners = 1;
      break;
    case forget_answers:
      wild.snapshots = true;
      wild.clients = true;
      break;
    // Only who wrote and lost an entry can get an old acknowledgement of another at its place: a leader that
    // crashes before its sync, while the one follower that has the entry is cut off, and leads again by
    // the other's vote. Then the answer comes.
    case accept_stale_acknowledgement:
      wild.doubled_percent = 50;
      wild.late_percent = 30;
      wild.late_longest = milliseconds(1500);
      wild.sync_longest = milliseconds(100);
      wild.crash_before_sync_percent = 20;
      wild.crash_after_vote_percent = 0;
      wild.between_faults = seconds(1);
      wild.rough = seconds(20);
      break;
    default: break;
  }
  return wild;
}

}  // namespace runink::raft::simulation
