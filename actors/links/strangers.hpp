// Who has called and not said who it is. Anybody who reaches the port may call, and say nothing.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/links/peer_stream.hpp"

namespace runink::actors {

/// Strangers, bounded: `limits::peer_strangers` of all, `limits::peer_strangers_of_one` of one address. Whoever
/// calls is let in, and for one too many the oldest goes: of the address that has most, and first who has shown
/// no certificate. So silent callers keep out nobody of another address, and one of theirs only while they
/// call faster than a handshake takes.
class Strangers {
 public:
  /// `stream` came from `address`. Who has to go for it is forgotten already, and the caller's to abort.
  std::shared_ptr<PeerStream> add(std::shared_ptr<PeerStream> stream,
                                  const boost::asio::ip::address& address);
  /// It has shown a certificate of the cluster, but not yet which node it is.
  void proven(const PeerStream& stream);
  /// It is known now, or gone. False for one that is not here any more.
  bool remove(const PeerStream& stream);
  std::vector<std::shared_ptr<PeerStream>> all() const;

 private:
  struct Stranger {
    std::shared_ptr<PeerStream> stream;
    std::string place;
    bool proven = false;
  };
  using Waiting = std::map<std::uint64_t, Stranger>;
  Waiting::iterator found(const PeerStream& stream);
  std::shared_ptr<PeerStream> oldest_of(const std::string& place);

  Waiting waiting_;  ///< as they came
  std::uint64_t came_ = 0;
  std::map<std::string, std::uint32_t> of_place_;  ///< how many; none with 0
};

}  // namespace runink::actors
