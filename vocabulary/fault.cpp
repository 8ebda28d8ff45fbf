#include "vocabulary/fault.hpp"

#include <cstring>

namespace runink {

std::string_view to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::bad_input: return "bad_input";
    case FaultKind::not_allowed: return "not_allowed";
    case FaultKind::no_such_thing: return "no_such_thing";
    case FaultKind::conflict: return "conflict";
    case FaultKind::refused: return "refused";
    case FaultKind::out_of_time: return "out_of_time";
    case FaultKind::not_leader: return "not_leader";
    case FaultKind::out_of_date: return "out_of_date";
    case FaultKind::exhausted: return "exhausted";
    case FaultKind::corrupt: return "corrupt";
    case FaultKind::outside_failed: return "outside_failed";
    case FaultKind::unknown_outcome: return "unknown_outcome";
    case FaultKind::session_expired: return "session_expired";
  }
  return "unknown";
}

Fault outside_fault(std::string_view what, int error) {
  char buffer[128];
  return {FaultKind::outside_failed,
          std::string(what) + ": " + ::strerror_r(error, buffer, sizeof buffer)};
}

}  // namespace runink
