// How often each thing happened: a fault that never does tests nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace runink::raft::simulation {

// NAME(happens): the name of the enumerator is what reports print.
#define RUNINK_HAPPENINGS(NAME)                                                                  \
  /* elections */                                                                                \
  NAME(elections)                                                                                \
  NAME(pre_votes_lost)                                                                           \
  NAME(votes_lost)                                                                               \
  NAME(leaders_deposed) /* network */                                                            \
  NAME(messages)                                                                                 \
  NAME(messages_lost)                                                                            \
  NAME(messages_doubled)                                                                         \
  NAME(messages_late) NAME(read_answers_doubled) NAME(partitions) NAME(one_way_cuts)             \
      NAME(links_cut) NAME(nodes_isolated) NAME(leaders_cut_off)                                 \
          NAME(paths_clogged) /* processes and clocks */                                         \
      NAME(crashes) NAME(crashes_after_vote) NAME(crashes_before_sync) NAME(power_cuts)          \
          NAME(duels) NAME(pauses) NAME(late_ticks) NAME(clock_jumps)                            \
              NAME(minorities_lost) /* disks */                                                  \
      NAME(syncs) NAME(syncs_slow) NAME(syncs_failed) NAME(syncs_repeated) NAME(disks_stalled)   \
          NAME(ends_by_stall) NAME(disks_scarce) NAME(disks_full) NAME(records_torn)             \
              NAME(records_corrupt) NAME(disks_lied) NAME(disks_lost)                            \
                  NAME(nodes_replaced) /* log */                                                 \
      NAME(entries_committed) NAME(proposals) NAME(proposals_busy) NAME(proposals_disk_full)     \
          NAME(logs_truncated) NAME(rejected_appends) NAME(followers_blocked)                    \
              NAME(applies_late) /* members */                                                   \
      NAME(configurations) NAME(joint_configurations) NAME(configurations_taken_back)            \
          NAME(joint_left_by_another) NAME(learners_promoted) NAME(versions_raised)              \
              NAME(upgrades) /* hand-overs and reads */                                          \
      NAME(hand_overs) NAME(hand_overs_given_up) NAME(reads_by_leaders) NAME(reads_by_followers) \
          NAME(reads_failed) /* snapshots */                                                     \
      NAME(snapshots_taken) NAME(snapshots_failed) NAME(snapshots_installed)                     \
          NAME(snapshots_over_snapshots) NAME(installs_failed) NAME(installs_interrupted)        \
              NAME(fetches_failed) NAME(fetches_resumed) NAME(fetches_from_former_leaders)       \
                  NAME(states_damaged) NAME(states_differ) /* clients */                         \
      NAME(client_writes) NAME(client_reads) NAME(client_repeats) NAME(client_repeats_answered)  \
          NAME(client_unanswered) NAME(client_stale_reads) /* probes after the storm */          \
      NAME(probed_outsider) NAME(probed_broken_link) NAME(probed_hand_over)                      \
          NAME(probed_stalled_leader) NAME(probed_full_leader) NAME(probed_sleeping_leader)      \
              NAME(probed_sleeping_follower) NAME(probed_corrupt_follower)

enum class Happens : std::uint8_t {
#define RUNINK_ENUMERATOR(name) name,
  RUNINK_HAPPENINGS(RUNINK_ENUMERATOR)
#undef RUNINK_ENUMERATOR
};

inline constexpr std::string_view happening_names[] = {
#define RUNINK_TEXT(name) #name,
    RUNINK_HAPPENINGS(RUNINK_TEXT)
#undef RUNINK_TEXT
};
inline constexpr std::size_t happening_count = std::size(happening_names);

class Coverage {
 public:
  void count(Happens what, std::uint64_t times = 1) {
    counts_[static_cast<std::size_t>(what)] += times;
  }
  std::uint64_t operator[](Happens what) const { return counts_[static_cast<std::size_t>(what)]; }
  std::uint64_t at(std::size_t place) const { return counts_[place]; }
  void add(const Coverage& other) {
    for (std::size_t i = 0; i < happening_count; ++i) counts_[i] += other.counts_[i];
  }

 private:
  std::array<std::uint64_t, happening_count> counts_{};
};

}  // namespace runink::raft::simulation
