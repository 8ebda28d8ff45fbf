// Questions from node to node, many at once on one connection: what a caller asks, the parts of an
// answer, its last word. Layouts on the wire (docs/PROTOCOL.md).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>

#include "config/cluster_file.hpp"
#include "vocabulary/fault.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

/// What a question is about; says how its payload is read.
enum class Subject : std::uint8_t {
  admin = 1,            ///< a request of the admin socket (service/forwarding.hpp)
  submit = 2,           ///< a worker's command (cluster/far_nodes.hpp)
  renew = 3,            ///< its lease
  progress = 4,         ///< how far one of its slices is
  stream = 5,           ///< its work, as parts, for as long as it asks
  fetch = 6,            ///< an artifact, as parts (work/artifact_exchange.hpp)
  keep = 7,             ///< fetch these, and keep them
  snapshot = 8,         ///< the manifest of a snapshot, as parts (cluster/snapshot_exchange.hpp)
  snapshot_chunks = 9,  ///< what it consists of, as parts, from a place on
};
constexpr bool known(Subject subject) {
  return subject >= Subject::admin && subject <= Subject::snapshot_chunks;
}
constexpr bool is_of_snapshots(Subject subject) {
  return subject == Subject::snapshot || subject == Subject::snapshot_chunks;
}
/// Artifacts and snapshots must not delay leases and requests.
constexpr bool is_bulk(Subject subject) {
  return subject == Subject::fetch || subject == Subject::keep || is_of_snapshots(subject);
}

/// What a worker asks of whoever leads: an answer of another node is worth nothing.
constexpr bool is_for_the_leader(Subject subject) {
  return subject >= Subject::submit && subject <= Subject::stream;
}
/// How long nothing of an answer may come. 0: as long as the peer says that it lives, for a stream of work is
/// silent while there is none, who watches or waits for a run knows best how long, and snapshots are given up by
/// those who take them.
constexpr Duration patience_for(Subject subject) {
  switch (subject) {
    case Subject::admin:
    case Subject::stream:
    case Subject::snapshot:
    case Subject::snapshot_chunks: return {};
    case Subject::submit: return limits::peer_submit_silence;
    case Subject::renew:
    case Subject::progress:
    case Subject::fetch:
    case Subject::keep: return limits::peer_silence;
  }
  return limits::peer_silence;
}

struct AskFrame {
  std::uint64_t id = 0;  ///< of this connection, rising
  Subject subject = Subject::admin;
  std::string payload;
  static auto fields(auto& self) { return std::tie(self.id, self.subject, self.payload); }
};
struct PartFrame {
  std::uint64_t id = 0;
  std::string payload;
  static auto fields(auto& self) { return std::tie(self.id, self.payload); }
};
struct DoneFrame {
  std::uint64_t id = 0;
  std::uint8_t fault = 0;  ///< a FaultKind; 0: it went well
  std::string what;        ///< of the fault
  std::string payload;
  static auto fields(auto& self) { return std::tie(self.id, self.fault, self.what, self.payload); }
};
struct CancelFrame {
  std::uint64_t id = 0;
  static auto fields(auto& self) { return std::tie(self.id); }
};
struct TakenFrame {
  std::uint64_t id = 0;
  std::uint32_t bytes = 0;
  static auto fields(auto& self) { return std::tie(self.id, self.bytes); }
};

/// The last word to a question.
struct PeerAnswer {
  std::optional<Fault> fault;
  std::string payload;     ///< with a fault, too, if the subject has it so
  bool not_asked = false;  ///< of a fault: the question certainly never arrived
};

/// A question as it arrives.
struct PeerAsk {
  config::Peer from;  ///< proven
  Subject subject = Subject::admin;
  std::string payload;
};

/// The way back to the asker before the last word.
class PeerParts {
 public:
  virtual ~PeerParts() = default;
  /// Waits while the asker is slow. Throws boost::system::system_error when it does not want to know any
  /// more.
  virtual boost::asio::awaitable<void> part(std::string bytes) = 0;
};

/// Answers what other nodes ask. On the Asio thread: waits with co_await, never blocks. When the asker
/// cancels or is gone, the coroutine is cancelled.
class PeerService {
 public:
  virtual ~PeerService() = default;
  virtual boost::asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) = 0;
};

/// Takes one part of an answer.
using PartTaker = std::function<boost::asio::awaitable<void>(std::string)>;

}  // namespace runink::actors
