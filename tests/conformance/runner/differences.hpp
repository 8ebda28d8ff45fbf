// Every way in which this core is wanted to differ from the published scripts, with its reason.
// What differs in no way listed here is a failure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace runink::conformance {

enum class Difference : std::uint8_t {
  founding_term,
  storage_messages,
  answers_wait_for_the_script,
  votes_wait_for_the_disk,
  answer_to_an_older_term,
  silence_to_an_older_term,
  silence_in_a_lease,
  news_of_a_commit_ride_along,
  inactive_is_not_told,
  no_reads_by_lease,
  no_limit_of_what_is_handed_out,
  client_is_redirected,
  change_waits_for_own_term,
  configuration_on_append,
  short_form_and_own_leave,
  change_while_joint_is_not_asked,
  validation_always,
  removed_leader_hands_over,
  no_snapshots_yet,
};

struct WantedDifference {
  Difference difference;
  std::string_view name;
  std::string_view reason;
};

/// In the order of the enumeration, every one of it.
std::span<const WantedDifference> wanted_differences();
const WantedDifference& told(Difference difference);

}  // namespace runink::conformance
