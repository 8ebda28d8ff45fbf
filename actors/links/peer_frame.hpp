// What nodes say to each other is cut into frames: u32 little-endian size of what follows, u8 kind,
// the rest is the kind's (docs/PROTOCOL.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vocabulary/fault.hpp"

namespace runink::actors {

/// Numbers on the wire: appended to, never used again.
enum class FrameKind : std::uint8_t {
  hello = 1,     ///< a Hello, the first frame of both sides
  refusal = 2,   ///< instead of a hello: why not, as a sentence; then the connection ends
  raft = 3,      ///< a raft::Envelope
  ask = 4,       ///< caller: an AskFrame
  part = 5,      ///< answerer: a PartFrame, before the last word
  done = 6,      ///< answerer: a DoneFrame, the last word to one question
  cancel = 7,    ///< caller: a CancelFrame, it does not want to know any more
  taken = 8,     ///< caller: a TakenFrame, there is room for more parts
  alive = 9,     ///< answerer: empty, questions are still worked on
  removed = 10,  ///< instead of a hello: you are no member any more, as a sentence; then the end
};
constexpr bool known(FrameKind kind) {
  return kind >= FrameKind::hello && kind <= FrameKind::removed;
}

/// Begins a frame at the end of `out`; `end_frame` with its answer writes the size.
std::size_t begin_frame(std::string& out, FrameKind kind);
void end_frame(std::string& out, std::size_t begin);
std::string frame_of(FrameKind kind, std::string_view payload);

struct Frame {
  FrameKind kind = FrameKind::hello;
  std::string_view payload;  ///< of the reader; until its next call
};

/// Frames out of bytes that come in any pieces.
class FrameReader {
 public:
  /// A frame has at most `most` bytes behind its size.
  explicit FrameReader(std::size_t most) : most_(most) {}
  void allow(std::size_t most) { most_ = most; }

  /// Where bytes that came are appended.
  std::string& unread() { return bytes_; }
  /// The next whole frame; nothing when more must come first; `corrupt` when it is too large or of a
  /// kind that this version does not know: then the connection is of no use.
  Result<std::optional<Frame>> next();

 private:
  std::string bytes_;
  std::size_t read_ = 0;  ///< of `bytes_`
  std::size_t most_;
};

}  // namespace runink::actors
