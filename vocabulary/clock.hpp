// Time is an argument. These are the only functions that read a real clock.
#pragma once

#include <string>

#include "vocabulary/units.hpp"

namespace runink {

/// What a shell reads to know the time; tests give their own.
class Clock {
 public:
  virtual ~Clock() = default;
  /// CLOCK_BOOTTIME: monotonic, goes on while the machine sleeps.
  virtual Instant now() const = 0;
  /// CLOCK_REALTIME, for people and for the leader's cluster time.
  virtual WallTime wall() const = 0;
};

/// The clock of this machine.
const Clock& real_clock();

/// RFC 3339 in UTC with milliseconds: "2026-11-20T08:00:00.000Z".
std::string to_rfc3339(WallTime time);

}  // namespace runink
