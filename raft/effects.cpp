#include "raft/effects.hpp"

namespace runink::raft {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::follower: return "follower";
    case Role::pre_candidate: return "pre_candidate";
    case Role::candidate: return "candidate";
    case Role::leader: return "leader";
  }
  return "unknown";
}

std::string_view to_string(Answer answer) {
  switch (answer) {
    case Answer::accepted: return "accepted";
    case Answer::not_leader: return "not_leader";
    case Answer::busy: return "busy";
    case Answer::too_large: return "too_large";
    case Answer::stopped: return "stopped";
    case Answer::transferring: return "transferring";
    case Answer::disk_full: return "disk_full";
    case Answer::not_ready: return "not_ready";
    case Answer::change_in_progress: return "change_in_progress";
    case Answer::out_of_date: return "out_of_date";
    case Answer::refused: return "refused";
    case Answer::would_lose_quorum: return "would_lose_quorum";
    case Answer::not_caught_up: return "not_caught_up";
  }
  return "unknown";
}

std::string_view to_string(ReadAnswer answer) {
  switch (answer) {
    case ReadAnswer::ready: return "ready";
    case ReadAnswer::not_leader: return "not_leader";
    case ReadAnswer::busy: return "busy";
    case ReadAnswer::lost: return "lost";
    case ReadAnswer::stopped: return "stopped";
  }
  return "unknown";
}

std::string_view to_string(TransferAnswer answer) {
  switch (answer) {
    case TransferAnswer::begun: return "begun";
    case TransferAnswer::not_leader: return "not_leader";
    case TransferAnswer::no_such_voter: return "no_such_voter";
    case TransferAnswer::gave_up: return "gave_up";
  }
  return "unknown";
}

}  // namespace runink::raft
