#include "isolation/pipe_copy.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace runink::isolation {
namespace {
constexpr std::size_t piece_bytes = 64 * 1024;  // what a pipe holds by default
}

PipeCopy::PipeCopy(OwnedFd pipe, OwnedFd file, Bytes limit)
    : pipe_(std::move(pipe)), file_(std::move(file)), limit_(limit) {
  struct stat info {};
  if (::fstat(file_.get(), &info) == 0) offset_ = static_cast<std::uint64_t>(info.st_size);
}

PipeCopy::Moved PipeCopy::move_some() {
  if (!pipe_) return Moved::ended;
  std::array<char, piece_bytes> piece;
  ssize_t got = 0;
  do {
    got = ::read(pipe_.get(), piece.data(), piece.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return Moved::nothing;
  if (got <= 0) {
    pipe_.reset();
    return Moved::ended;
  }
  const std::uint64_t all = static_cast<std::uint64_t>(got);
  std::uint64_t kept = std::min(all, limit_.value - written_.value);
  for (std::uint64_t done = 0; done < kept;) {
    const ssize_t n =
        ::pwrite(file_.get(), piece.data() + done, kept - done, static_cast<off_t>(offset_ + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      kept = done;  // the disk is full: the slice goes on, the loss is counted
    else
      done += static_cast<std::uint64_t>(n);
  }
  offset_ += kept;
  written_.value += kept;
  dropped_.value += all - kept;
  return Moved::some;
}

void PipeCopy::drain() {
  while (move_some() == Moved::some) {
  }
  pipe_.reset();
}

}  // namespace runink::isolation
