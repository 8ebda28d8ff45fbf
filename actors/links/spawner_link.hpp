// The daemon's line to the spawner: messages out from any thread, messages in on the Asio thread,
// each to the actor that watches its slice.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <caf/all.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "actors/messages.hpp"
#include "isolation/spawner_client.hpp"

namespace runink::actors {

class SpawnerLink {
 public:
  /// Called on the Asio thread when the spawner is gone: every slice is dead, and an unprivileged
  /// daemon cannot make another one.
  using Gone = std::function<void(const Fault&)>;

  SpawnerLink(boost::asio::io_context& io, isolation::SpawnerClient client, Gone gone);
  ~SpawnerLink();

  /// Reads from now on; `worker` gets SpawnerHas, and again at every `list`.
  void start(caf::actor worker);
  /// No message comes any more when this returns. From any thread but the Asio thread.
  void stop();

  /// Incarnation and kind, once Welcome came (before SpawnerHas).
  std::uint64_t incarnation() const;
  bool rootless() const;

  /// `watcher` gets SliceLaunched, SliceExited and SliceRefused of `slice` from now on. The exit
  /// report, if it is here already.
  std::optional<isolation::ExitReport> watch(const isolation::SliceId& slice, caf::actor watcher);
  void unwatch(const isolation::SliceId& slice);

  /// Sends; a full socket is tried again on the Asio thread, in order. `bad_input` when the spec is
  /// too large for one message.
  Result<void> launch(isolation::SandboxSpec spec, OwnedFd log, OwnedFd report);
  /// The same for a slice of this node's work: it has what is left of the node's lease, whatever `spec` says.
  /// `out_of_time` when nothing is left of it: nothing is sent.
  Result<void> launch_leased(isolation::SandboxSpec spec, OwnedFd log, OwnedFd report, Instant now);
  void kill(const isolation::SliceId& slice, isolation::KillReason reason, bool immediately);
  void acknowledge(const isolation::SliceId& slice);
  /// The node's lease ends at `until`, and with it all slices; also earlier than it would have: another leader may
  /// give shorter ones. Nothing happens when that has passed.
  void renew(Instant until, Instant now);
  /// Whether the node has a lease.
  bool leased(Instant now) const;
  /// Answered by a call of `then` on the Asio thread.
  void doctor(std::function<void(const isolation::Guarantees&)> then);
  /// Asks it to end; it refuses while slices live.
  void shut_down();

 private:
  struct Waiting {
    isolation::ToSpawner message;
    std::vector<OwnedFd> fds;
  };
  void tell_refused(const isolation::ToSpawner& message, const Fault& fault);
  Result<void> send(isolation::ToSpawner message, std::vector<OwnedFd> fds);
  Result<void> send_locked(isolation::ToSpawner message, std::vector<OwnedFd> fds);
  void send_waiting();
  void wait_readable();
  void read_all();
  void take(isolation::Received received);
  void take_one(isolation::Welcome& welcome);
  void take_one(isolation::Launched& launched);
  void take_one(isolation::Exited& exited);
  void take_one(isolation::Slices& slices);
  void take_one(isolation::Guarantees& guarantees);
  void take_one(isolation::Refused& refused);
  void take_one(isolation::ShuttingDown&) {}
  caf::actor watcher_of(const isolation::SliceId& slice) const;

  boost::asio::io_context& io_;
  Gone gone_;
  caf::actor worker_;
  mutable std::mutex mutex_;  // guards everything below
  isolation::SpawnerClient client_;
  boost::asio::posix::stream_descriptor descriptor_;
  std::deque<Waiting> waiting_;
  std::map<isolation::SliceId, caf::actor> watchers_;
  std::map<isolation::SliceId, isolation::ExitReport> exits_;
  std::vector<std::function<void(const isolation::Guarantees&)>> doctors_;
  Instant leased_until_;
  std::uint64_t incarnation_ = 0;
  bool rootless_ = false;
  bool ending_ = false;  ///< we asked it to end: its silence is no fault
  bool stopped_ = false;
};

}  // namespace runink::actors
