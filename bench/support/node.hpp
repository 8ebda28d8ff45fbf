// A node as its users have it: runinkd as another process in a folder of its own, spoken to over the
// admin socket.
#pragma once

#include <sys/types.h>

#include <boost/json.hpp>
#include <filesystem>
#include <string>

#include "vocabulary/owned_fd.hpp"

namespace runink::bench {

/// The folder of this program, where runinkd, runink-spawner and bench_tiny lie too.
std::filesystem::path programs();

/// The process at the other end of this spawner's socket; -1 if there is none.
pid_t spawner_at(const std::filesystem::path& data);
/// Nothing while nobody listens there.
OwnedFd connect_to(const std::string& socket_path);

/// One connection to the admin socket, one request at a time.
class AdminConnection {
 public:
  explicit AdminConnection(const std::string& socket_path);
  /// Sends the request and waits for its result; events are passed over. Gives up on an error.
  boost::json::object ask(boost::json::object request);
  /// CLOCK_BOOTTIME just before the last request was written.
  std::int64_t sent_ns() const { return sent_ns_; }

 private:
  std::string line();
  OwnedFd fd_;
  std::string buffer_;
  std::int64_t next_id_ = 1;
  std::int64_t sent_ns_ = 0;
};

/// Starts in the constructor, answers when it returns; ends and removes everything in the destructor.
class Node {
 public:
  explicit Node(const std::string& folder);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::string socket() const { return (dir_ / "data/admin.sock").string(); }
  std::filesystem::path data() const { return dir_ / "data"; }
  const std::filesystem::path& dir() const { return dir_; }
  pid_t pid() const { return pid_; }
  /// The spawner of this node.
  pid_t spawner_pid() const { return spawner_at(data()); }

  /// A herd, and a pipeline of `stages` exec steps one after the other, each of them bench_tiny. The
  /// bundle's digest.
  std::string apply_chain(AdminConnection& admin, int stages);
  /// The moment at which the program of this stage of a finished run began, by its own clock reading:
  /// CLOCK_BOOTTIME in nanoseconds.
  std::int64_t program_began(const boost::json::object& run, std::size_t stage) const;

 private:
  std::filesystem::path dir_;
  pid_t pid_ = -1;
};

}  // namespace runink::bench
