// The other side of the admin socket: one request at a time, over one connection.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "vocabulary/fault.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::runi {

/// Exit codes of `runi`; 1 and 3 to 7 come from the node with its errors.
enum Exit : int {
  exit_ok = 0,
  exit_error = 1,
  exit_usage = 2,
  exit_not_found = 4,
  exit_conflict = 5,
  exit_timeout = 7,
  exit_checks_failed = 8,
  exit_interrupted = 130
};

struct AdminError {
  std::string kind;  ///< of docs/PROTOCOL.md, or "lost" or "interrupted", which are ours
  std::string message;
  int exit = exit_error;
  boost::json::array diagnostics;
};
template <class T>
using Answer = std::expected<T, AdminError>;

AdminError error_of(const Fault& fault, int exit = exit_error);

/// Where the node listens: `given` (--socket), or $RUNINK_SOCKET, or the one living socket at the usual
/// places. Several living ones are an error that names them.
Answer<std::string> find_socket(const std::string& given);

class AdminClient {
 public:
  static Answer<AdminClient> connect(const std::string& socket);

  struct Waiting {
    /// Every event of the request.
    std::function<void(const boost::json::object&)> on_event;
    /// Called ten times a second while nothing comes; false gives up ("interrupted").
    std::function<bool()> go_on;
    /// Without an answer for so long the connection counts as lost; 0 = wait for ever.
    std::int64_t silence_ms = 75'000;
  };
  /// Sends `request` (its id is added) and returns its result, or its error.
  Answer<boost::json::value> ask(boost::json::object request, const Waiting& waiting);
  Answer<boost::json::value> ask(boost::json::object request) {
    return ask(std::move(request), Waiting());
  }

 private:
  explicit AdminClient(OwnedFd fd) : fd_(std::move(fd)) {}
  Answer<void> send(const std::string& line, const Waiting& waiting);
  Answer<std::string> next_line(const Waiting& waiting);
  /// Nothing when the socket can be read (or written); else why not.
  std::optional<AdminError> wait_for(short what, const Waiting& waiting);

  OwnedFd fd_;
  std::string unread_;
  std::int64_t next_id_ = 1;
};

}  // namespace runink::runi
