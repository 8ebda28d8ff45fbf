// What stands behind the admin door.
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "vocabulary/fault.hpp"
#include "vocabulary/units.hpp"

namespace runink::actors {

/// Who is at the other end, as the kernel says (SO_PEERCRED when the connection was made).
struct PeerCaller {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::string name;  ///< the account's name, or "uid:1000" where the account database has none
};

struct AdminRequest {
  PeerCaller caller;
  std::string verb;
  /// The request as it came, `id` and `verb` included.
  boost::json::object body;
  /// After it the door answers `out_of_time` and cancels the handler; none for what follows a run.
  std::optional<Instant> deadline;
};

/// The way back to the caller while his request runs.
class AdminStream {
 public:
  virtual ~AdminStream() = default;
  /// Sends {"id": ..., "event": event}. Waits while the caller is slow to read: a log that is
  /// followed is read no faster than its reader. Throws boost::system::system_error when he is
  /// gone.
  virtual boost::asio::awaitable<void> event(boost::json::value event) = 0;
  /// Goes into the error, if the answer becomes one: what a compiler found, each
  /// {"severity", "file", "line", "column", "message", "text"} (docs/PROTOCOL.md).
  virtual void diagnostics(boost::json::array found) = 0;
};

/// Serves requests; those of several connections at the same time, those of one connection one
/// after the other. Runs on the Asio thread: waits with co_await, never blocks. When the caller
/// goes away or the deadline passes, the coroutine is cancelled: its next wait ends with
/// operation_aborted.
class AdminHandler {
 public:
  virtual ~AdminHandler() = default;
  virtual boost::asio::awaitable<Result<boost::json::value>> handle(AdminRequest request,
                                                                    AdminStream& stream) = 0;
};

/// The exit code a client should end with: 1 error, 2 usage, 3 not allowed, 4 not found, 5
/// conflict, 6 refused by quota or placement, 7 timeout.
int exit_code_of(FaultKind kind);

}  // namespace runink::actors
