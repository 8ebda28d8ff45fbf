#include "actors/links/frame_writer.hpp"

#include <utility>

namespace runink::actors {

namespace {

/// Given to TLS at once: between two of them the Asio thread does other things.
constexpr std::size_t piece_bytes = 256 * 1024;

}  // namespace

void FrameWriter::say(FrameKind kind) {
  if (ended()) return;
  waiting_ += frame_of(kind, {});
  more_.wake();
}

boost::asio::awaitable<void> FrameWriter::run() {
  std::string sending;
  while (!ended()) {
    if (waiting_.empty()) {
      co_await more_.wait();
      continue;
    }
    sending.swap(waiting_);
    for (std::size_t at = 0; at < sending.size() && !ended(); at += piece_bytes) {
      sending_ = sending.size() - at;
      auto sent = co_await stream_->write(sending.substr(at, piece_bytes));
      if (!sent) stream_->abort();  // then the reader ends, too
    }
    sending.clear();
    sending_ = 0;
  }
  waiting_.clear();
}

void FrameWriter::end() {
  stream_->abort();
  more_.wake();
}

}  // namespace runink::actors
