// The leader's end of the node streams of other nodes: what their workers ask of the state.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <caf/all.hpp>
#include <string>

#include "actors/coroutines/asio_gate.hpp"
#include "actors/links/exchange.hpp"
#include "actors/messages.hpp"

namespace runink::actors {

/// Encoded as a part of a node stream; the other end makes an Assignments of it.
std::string encode_assignments(const Assignments& all);
Result<Assignments> decode_assignments(std::string_view bytes);
std::string encode_progress(const Progress& progress);

/// The answer to a command: what became of it.
std::string encode_submitted(const Submitted& submitted);
Result<Submitted> decode_submitted(std::string_view bytes);

/// A node may speak for itself only: join, renew, and report on its own slices and sinks.
class FarNodes final : public PeerService {
 public:
  FarNodes(caf::actor_system& system, co::AsioGate& gate, caf::actor state)
      : system_(system), gate_(gate), state_(std::move(state)) {}
  boost::asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) override;

 private:
  boost::asio::awaitable<PeerAnswer> submit(PeerAsk ask);
  boost::asio::awaitable<PeerAnswer> renew(PeerAsk ask);
  boost::asio::awaitable<PeerAnswer> stream(PeerAsk ask, PeerParts& parts);
  PeerAnswer progress(const PeerAsk& ask);

  caf::actor_system& system_;
  co::AsioGate& gate_;
  caf::actor state_;
};

}  // namespace runink::actors
