#include "actors/links/outbox.hpp"

#include <utility>

#include "actors/links/peer_frame.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/limits.hpp"

namespace runink::actors {

Outbox::Put Outbox::put(const raft::Envelope& envelope) {
  const std::lock_guard lock(mutex_);
  if (!open_) return Put::shut;
  const std::size_t begin = begin_frame(bytes_, FrameKind::raft);
  Encoder{bytes_}(envelope);
  end_frame(bytes_, begin);
  ++messages_;
  if (bytes_.size() > limits::peer_queue.value || messages_ > limits::peer_queue_messages) {
    bytes_.clear();
    messages_ = 0;
    return Put::full;
  }
  return std::exchange(reader_knows_, true) ? Put::waits : Put::first;
}

std::string Outbox::take() {
  const std::lock_guard lock(mutex_);
  reader_knows_ = !bytes_.empty();
  messages_ = 0;
  return std::exchange(bytes_, {});
}

void Outbox::open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
}

void Outbox::shut() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  bytes_.clear();
  messages_ = 0;
  reader_knows_ = false;
}

}  // namespace runink::actors
