// When the spawner makes the next berth: a pure decision.
#pragma once

#include <cstddef>

namespace runink::isolation {

/// Without an event for this long there is time to make a berth. Making one takes a millisecond or
/// two, in which a slice that was just begun would not be heard.
inline constexpr int refill_after_quiet_ms = 2;
/// While a slice is on its way to exec, a new berth would take a core from it; but not for ever, for
/// a slice may be slow.
inline constexpr int refill_beside_launch_ms = 20;

/// How long to wait for events before a berth is made; -1 when none is wanted. `ready` berths wait
/// for a slice or are being made, `wanted` should; `launching` slices have a berth and have not
/// exec'd.
constexpr int refill_pause_ms(std::size_t ready, std::size_t wanted, std::size_t launching) {
  if (ready >= wanted) return -1;
  if (launching > 0) return refill_beside_launch_ms;
  return ready == 0 ? 0 : refill_after_quiet_ms;
}

}  // namespace runink::isolation
