// The leader's end of the node streams of other nodes: what their workers ask of the state.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <caf/all.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/coroutines/asio_gate.hpp"
#include "actors/links/exchange.hpp"
#include "actors/messages.hpp"

namespace runink::actors {

/// A set as the parts of a node stream, each at most `limits::peer_work_part`: u8 1 when more follow of the set,
/// else 0; the next of its bytes. `exhausted` when the set is larger than `limits::peer_work`.
Result<std::vector<std::string>> encode_assignments(const Assignments& all);
/// Puts the parts of one stream together.
class WorkParts {
 public:
  /// The bytes of a set when `part` was its last, nothing when more must come. `corrupt` for what is no part,
  /// and for a set that is too large.
  Result<std::optional<std::string>> take(std::string_view part);

 private:
  std::string bytes_;
};
/// A set out of its bytes; it may take a while.
Result<Assignments> decode_assignments(std::string_view bytes);
std::string encode_progress(const Progress& progress);

/// The answer to a command: what became of it.
std::string encode_submitted(const Submitted& submitted);
Result<Submitted> decode_submitted(std::string_view bytes);

/// The answer to a renewal. Reading refuses a lease that no cluster file may state.
std::string encode_lease(const LeaseGranted& granted);
Result<LeaseGranted> decode_lease(std::string_view bytes);

/// A node may speak for itself only: join, renew, and report on its own slices and sinks. Of a slice that is the
/// node on which the applied state has the attempt; whether one that is not live may still say something is
/// the state's to judge.
class FarNodes final : public PeerService {
 public:
  FarNodes(caf::actor_system& system, co::AsioGate& gate, caf::actor state)
      : system_(system), gate_(gate), state_(std::move(state)) {}
  boost::asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) override;

 private:
  boost::asio::awaitable<PeerAnswer> submit(PeerAsk ask);
  boost::asio::awaitable<PeerAnswer> renew(PeerAsk ask);
  boost::asio::awaitable<PeerAnswer> stream(PeerAsk ask, PeerParts& parts);
  boost::asio::awaitable<PeerAnswer> progress(PeerAsk ask);
  boost::asio::awaitable<Result<void>> may_speak_of(AttemptKey attempt, NodeName node, bool stale);

  caf::actor_system& system_;
  co::AsioGate& gate_;
  caf::actor state_;
};

}  // namespace runink::actors
