// Asking again when a connection was lost: what is asked under one request id is done once.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "tools/runi/admin_client.hpp"
#include "tools/runi/terminal.hpp"
#include "vocabulary/clock.hpp"

namespace runink::runi {

/// How long a lost connection is tried again with the same request id, and how often.
inline constexpr Duration try_again_for = seconds(60);
inline constexpr auto try_again_after = std::chrono::milliseconds(250);

/// True for what may be repeated under the same request id: the node may come back, or another leader.
inline bool may_repeat(const AdminError& error) {
  return error.kind == "lost" || error.kind == "unknown_outcome" || error.kind == "not_leader";
}

/// Repeats `once` while the connection is lost, until the deadline or until somebody interrupts. A
/// first connection that fails is told at once: there is no node, then. With a time-out it is not: whoever
/// says how long he waits may mean a node that is being restarted.
template <class Once>
Answer<boost::json::object> with_patience(const std::string& socket, Once once,
                                          std::optional<std::int64_t> timeout_ms = {}) {
  // It ends here: a node serves so many connections, and some one after the other.
  if (auto first = AdminClient::connect(socket);
      !first && (!timeout_ms || !may_repeat(first.error())))
    return std::unexpected(first.error());
  const Instant deadline =
      real_clock().now() + (timeout_ms ? milliseconds(*timeout_ms) : try_again_for);
  bool told = false;
  while (true) {
    auto answer = once();
    if (answer || !may_repeat(answer.error()) || real_clock().now() > deadline) return answer;
    if (InterruptGuard::raised()) return answer;
    if (!told) write_err("runi: " + answer.error().message + " Trying again.\n");
    told = true;
    std::this_thread::sleep_for(try_again_after);
  }
}

}  // namespace runink::runi
