// The admin socket: newline-delimited JSON, docs/PROTOCOL.md.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "actors/coroutines/blocking.hpp"
#include "actors/doors/admin_handler.hpp"
#include "actors/doors/log.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

struct AdminDoorOptions {
  std::filesystem::path socket;
  /// Owner of the socket file, and with root the one who is always served. Default: who runs this.
  std::optional<uid_t> owner;
  /// Group of the socket file; its members are served too. Default: nobody but the owner and root.
  std::optional<gid_t> group;
  std::uint32_t connections = limits::admin_connections;
  Bytes line = limits::admin_line;
  /// For requests that bring no `timeout_ms` and do not follow anything.
  Duration request = limits::admin_request;
};

class AdminDoor {
 public:
  /// Takes the socket's path and starts to accept on `executor`, which one thread runs. A socket
  /// file without a listener is replaced; one with a listener is a `conflict`; anything else at the
  /// path is left alone. `handler`, `disk` (asks the account database) and `log` outlive the door.
  static Result<std::unique_ptr<AdminDoor>> open(boost::asio::any_io_executor executor,
                                                 AdminDoorOptions options, AdminHandler& handler,
                                                 co::DiskThreads& disk, Log& log);
  virtual ~AdminDoor() = default;

  /// Accepts nobody any more, removes the socket file, cancels every request, closes every
  /// connection and returns when the last one has ended. From any thread but the Asio thread, which
  /// must run.
  virtual void stop() = 0;
  /// The same on the Asio thread.
  virtual boost::asio::awaitable<void> close() = 0;
  virtual std::size_t connections() const = 0;
};

}  // namespace runink::actors
