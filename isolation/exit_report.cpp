#include "isolation/exit_report.hpp"

#include <cstring>

namespace runink::isolation {

std::string_view to_string(SliceEnd end) {
  switch (end) {
    case SliceEnd::exited: return "exited";
    case SliceEnd::signalled: return "signalled";
    case SliceEnd::out_of_memory: return "out_of_memory";
    case SliceEnd::timed_out: return "timed_out";
    case SliceEnd::lease_expired: return "lease_expired";
    case SliceEnd::killed: return "killed";
    case SliceEnd::setup_failed: return "setup_failed";
  }
  return "unknown";
}

std::string_view to_string(KillReason reason) {
  switch (reason) {
    case KillReason::none: return "none";
    case KillReason::cancelled: return "cancelled";
    case KillReason::superseded: return "superseded";
    case KillReason::draining: return "draining";
    case KillReason::shutdown: return "shutdown";
  }
  return "unknown";
}

std::string to_sentence(const ExitReport& report) {
  switch (report.end) {
    case SliceEnd::exited:
      return "The program ended with exit code " + std::to_string(report.exit_code) + ".";
    case SliceEnd::signalled:
      return "The program was killed by signal " + std::to_string(report.signal) + ".";
    case SliceEnd::out_of_memory:
      return "The program used more memory than it may: the kernel killed " +
             std::to_string(report.oom_kills) + " of its processes. Raise requires.memory.";
    case SliceEnd::timed_out: return "The program ran past its timeout and was killed.";
    case SliceEnd::lease_expired:
      return "The node could not renew its lease in time; the program was killed.";
    case SliceEnd::killed:
      return "The program was killed: " + std::string(to_string(report.reason)) + ".";
    case SliceEnd::setup_failed:
      return "The sandbox could not be set up: step " +
             std::to_string(static_cast<unsigned>(report.setup_step)) + " " +
             std::string(to_string(report.setup_step)) +
             " failed: " + std::strerror(report.setup_errno) + ".";
  }
  return "The program ended in an unknown way.";
}

}  // namespace runink::isolation
