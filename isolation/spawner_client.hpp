// The daemon's side of the spawner: start it or find it, speak with it. Nothing here blocks but
// `start_spawner`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "isolation/protocol.hpp"
#include "isolation/spawner_config.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/units.hpp"

namespace runink::isolation {

struct Received {
  FromSpawner message;
  std::vector<OwnedFd> fds;
};

class SpawnerClient {
 public:
  /// Connects to `<data>/spawner.sock` and says Hello; the answer, Welcome, comes by `receive`.
  /// `no_such_thing` if nobody listens there; `not_allowed` if the listener is neither root nor
  /// this user.
  static Result<SpawnerClient> connect(const std::string& socket_path);

  /// To be watched for reading; -1 once closed.
  int fd() const { return fd_.get(); }

  /// Sends one message; the descriptors are copied, the caller keeps his. `exhausted` when the
  /// spawner does not read fast enough (watch `fd()` for writing, repeat), `bad_input` when the
  /// message is too large, `outside_failed` when the spawner is gone.
  Result<void> send(const ToSpawner& message, std::span<const int> fds = {});

  /// The next message; nothing if none is there; `outside_failed` when the spawner is gone (all its
  /// slices are dead then); `corrupt` when it cannot be understood.
  Result<std::optional<Received>> receive();

  void close() { fd_.reset(); }

 private:
  explicit SpawnerClient(OwnedFd fd) : fd_(std::move(fd)) {}
  OwnedFd fd_;
};

/// Makes sure that a spawner serves `config.data`: writes the start-up file if none runs yet,
/// starts `program` (an absolute path of runink-spawner) in a session of its own, and waits until
/// its socket is ready. A spawner that runs already is left as it is. Blocks for at most
/// `patience`; the fault carries what the spawner said. May be called with threads around.
Result<void> start_spawner(const SpawnerConfig& config, const std::string& program,
                           Duration patience = seconds(10));

}  // namespace runink::isolation
