// Errors are values at boundaries. A kind exists for each reaction of a caller, no more.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace runink {

enum class FaultKind : std::uint8_t {
  bad_input = 1,         ///< what was given is wrong; say it differently
  not_allowed = 2,       ///< the caller may not do this
  no_such_thing = 3,     ///< the name means nothing here
  conflict = 4,          ///< it exists already, or is in a state that forbids it
  refused = 5,           ///< quota, placement or policy says no
  out_of_time = 6,       ///< the deadline passed; the outcome may be unknown
  not_leader = 7,        ///< ask another node; `what` carries the hint
  out_of_date = 8,       ///< a newer attempt, index or version exists
  exhausted = 9,         ///< a limit is reached: queue, memory, disk; try later
  corrupt = 10,          ///< bytes are not what was written
  outside_failed = 11,   ///< the kernel, a file system or a program said no
  unknown_outcome = 12,  ///< may or may not have happened: repeat under the same key
  session_expired = 13   ///< what the session remembered is gone: look what was done, begin another
};

/// The stable name of a kind ("no_such_thing"); used in JSON and logs.
std::string_view to_string(FaultKind kind);

/// What happened, to what, why, and what to do next. `what` is one or more whole sentences for a
/// person; it never quotes the value of a row.
struct Fault {
  FaultKind kind = FaultKind::outside_failed;
  std::string what;
  friend bool operator==(const Fault&, const Fault&) = default;
};

template <class T>
using Result = std::expected<T, Fault>;

/// `return fail(FaultKind::corrupt, "...")` in a function that returns a Result.
inline std::unexpected<Fault> fail(FaultKind kind, std::string what) {
  return std::unexpected(Fault{kind, std::move(what)});
}

/// A failed system call as a fault: "<what>: <strerror(error)>".
Fault outside_fault(std::string_view what, int error);

}  // namespace runink
