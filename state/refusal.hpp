// The reasons for which a command changes nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "vocabulary/fault.hpp"

namespace runink::state {

/// Why a command, or one placement of it, changed nothing. Numbers and names are for ever.
enum class Refusal : std::uint8_t {
  none = 0,
  unknown_version = 1,  ///< of the command or its plan
  bad_name = 2,
  bad_value = 3,  ///< a number or list outside its limits
  no_such_node = 4,
  stale_incarnation = 5,
  no_such_herd = 6,
  herd_in_use = 7,
  bundle_not_stored = 8,
  request_conflict = 9,  ///< the request id was used with another plan
  wrong_run_id = 10,
  bad_plan = 11,
  volume_missing = 12,
  volume_not_granted = 13,
  quota_runs = 14,
  no_such_run = 15,
  run_ended = 16,
  no_such_partition = 17,
  not_ready = 18,       ///< the stage waits or is over
  already_placed = 19,  ///< the partition has a live attempt
  already_committed = 20,
  too_early = 21,  ///< before the retry time
  node_not_alive = 22,
  not_a_worker = 23,
  node_full = 24,
  quota_herd = 25,
  fenced = 26,         ///< not a live attempt of that partition
  wrong_outputs = 27,  ///< report it as AttemptFailed{bad_output}
  not_publishing = 28,
  out_of_date = 29,
  too_many = 30,  ///< a table of the state is full
  no_such_contract = 31,
  contract_changed = 32,  ///< there is a newer version than the one that was compared with
  policy_changed = 33,    ///< the herd demands something else than when the plan was compiled
  quota_keys = 34,        ///< of keys and values of a herd
  removed_member = 35,    ///< its id is that of a node that was removed
  member_exists = 36,     ///< a member, or what depends on it, stands in the way
  session_expired = 37    ///< never opened, quiet for too long, or gone for others
};
constexpr bool known(Refusal r) { return r <= Refusal::session_expired; }
/// The stable name ("quota_runs").
std::string_view to_string(Refusal refusal);
/// How a caller reacts to it.
FaultKind fault_kind(Refusal refusal);

}  // namespace runink::state
