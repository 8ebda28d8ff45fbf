// The way out of one connection of questions: frames wait here, one coroutine sends them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "actors/coroutines/waker.hpp"
#include "actors/links/peer_frame.hpp"
#include "actors/links/peer_stream.hpp"
#include "vocabulary/codec.hpp"

namespace runink::actors {

/// On the Asio thread.
class FrameWriter {
 public:
  FrameWriter(const boost::asio::any_io_executor& executor, std::shared_ptr<PeerStream> stream)
      : stream_(std::move(stream)), more_(executor) {}

  /// Puts a frame behind those that wait; it is dropped when the connection has ended.
  template <class T>
  void say(FrameKind kind, const T& frame) {
    if (ended()) return;
    const std::size_t begin = begin_frame(waiting_, kind);
    Encoder{waiting_}(frame);
    end_frame(waiting_, begin);
    more_.wake();
  }
  void say(FrameKind kind);
  /// Bytes that were said and that the kernel does not have.
  std::size_t unsent() const { return waiting_.size() + sending_; }
  bool ended() const { return stream_->aborted(); }

  /// Until the connection has ended; what cannot be written ends it. Once.
  boost::asio::awaitable<void> run();
  /// Ends the connection, and with it `run`.
  void end();

 private:
  std::shared_ptr<PeerStream> stream_;
  std::string waiting_;
  std::size_t sending_ = 0;
  co::Waker more_;
};

}  // namespace runink::actors
