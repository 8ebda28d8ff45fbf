#include "actors/links/peer_frame.hpp"

#include "vocabulary/codec.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::actors {
namespace {

constexpr std::size_t size_bytes = 4;

}  // namespace

std::size_t begin_frame(std::string& out, FrameKind kind) {
  const std::size_t begin = out.size();
  Encoder encoder(out);
  encoder(std::uint32_t{0});
  encoder(kind);
  return begin;
}

void end_frame(std::string& out, std::size_t begin) {
  ENSURE(out.size() >= begin + size_bytes);
  std::string size;
  Encoder{size}(static_cast<std::uint32_t>(out.size() - begin - size_bytes));
  out.replace(begin, size_bytes, size);
}

std::string frame_of(FrameKind kind, std::string_view payload) {
  std::string frame;
  const std::size_t begin = begin_frame(frame, kind);
  frame += payload;
  end_frame(frame, begin);
  return frame;
}

Result<std::optional<Frame>> FrameReader::next() {
  std::string_view rest = std::string_view(bytes_).substr(read_);
  std::uint32_t size = 0;
  if (rest.size() >= size_bytes) {
    Decoder{rest.substr(0, size_bytes)}(size);
    if (size == 0 || size > most_)
      return fail(FaultKind::corrupt, "A frame of " + std::to_string(size) +
                                          " bytes came; from 1 to " + std::to_string(most_) +
                                          " are allowed here.");
  }
  if (rest.size() < size_bytes + size || size == 0) {
    bytes_.erase(0, read_);  // what follows will be appended behind it
    read_ = 0;
    return std::nullopt;
  }
  rest = rest.substr(size_bytes, size);
  read_ += size_bytes + size;
  Frame frame;
  frame.kind = static_cast<FrameKind>(static_cast<std::uint8_t>(rest.front()));
  if (!known(frame.kind))
    return fail(FaultKind::corrupt, "A frame of kind " +
                                        std::to_string(static_cast<unsigned>(frame.kind)) +
                                        " came, which this version does not know.");
  frame.payload = rest.substr(1);
  return frame;
}

}  // namespace runink::actors
