// What waits to be sent to one peer: messages come from Raft's thread, bytes go to the Asio thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "raft/types.hpp"

namespace runink::actors {

/// Bounded: Raft tolerates any loss, and sends again what is missing once it knows that something is.
class Outbox {
 public:
  enum class Put : std::uint8_t {
    waits,  ///< the reader knows already that there is something
    first,  ///< wake the reader
    full,   ///< there was too much: everything is dropped, this message as well
    shut,   ///< nobody can be reached: dropped
  };
  Put put(const raft::Envelope& envelope);
  /// Everything, as frames. Nothing when it is empty: then the next one is `first`.
  std::string take();
  void open();
  /// Drops everything, now and from now on.
  void shut();

 private:
  std::mutex mutex_;
  std::string bytes_;
  std::size_t messages_ = 0;
  bool open_ = false;
  bool reader_knows_ = false;
};

}  // namespace runink::actors
