// A slice's log or report: bytes go from its pipe to the daemon's file, up to a limit; the rest is
// drained, dropped and counted, so that nobody waits for us.
#pragma once

#include <cstdint>

#include "vocabulary/owned_fd.hpp"
#include "vocabulary/units.hpp"

namespace runink::isolation {

class PipeCopy {
 public:
  PipeCopy() = default;
  /// `pipe` must not block. Writes from the file's end on.
  PipeCopy(OwnedFd pipe, OwnedFd file, Bytes limit);

  /// The pipe; -1 once it ended.
  int fd() const { return pipe_.get(); }
  enum class Moved { some, nothing, ended };
  /// Moves what is there, at most a bounded amount.
  Moved move_some();
  /// Moves everything that is left, then closes the pipe.
  void drain();

  Bytes written() const { return written_; }
  Bytes dropped() const { return dropped_; }

 private:
  OwnedFd pipe_;
  OwnedFd file_;
  std::uint64_t offset_ = 0;
  Bytes limit_;
  Bytes written_;
  Bytes dropped_;
};

}  // namespace runink::isolation
