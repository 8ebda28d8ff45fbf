#include "steps/broken_rows.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace runink::steps {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10;
constexpr std::size_t kHead = sizeof(std::uint64_t) + sizeof(std::uint16_t);

}  // namespace

Outcome<BrokenRows> BrokenRows::make(const std::string& folder) {
  BrokenRows rows;
  rows.fd_ = OwnedFd{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (!rows.fd_) {
    std::string name = folder + "/broken-XXXXXX";
    rows.fd_ = OwnedFd{::mkostemp(name.data(), O_CLOEXEC)};
    if (rows.fd_) ::unlink(name.c_str());
  }
  if (!rows.fd_)
    return give_up(SliceReason::internal, "no file for rejected rows can be made in " + folder +
                                              ": " + std::strerror(errno));
  rows.buffer_.reserve(kBuffer + 256);
  return rows;
}

void BrokenRows::append(std::uint64_t row, std::span<const std::uint16_t> rules) {
  const auto count = static_cast<std::uint16_t>(rules.size());
  buffer_.append(reinterpret_cast<const char*>(&row), sizeof row);
  buffer_.append(reinterpret_cast<const char*>(&count), sizeof count);
  buffer_.append(reinterpret_cast<const char*>(rules.data()), rules.size_bytes());
  ++size_;
  if (buffer_.size() >= kBuffer) (void)flush();
}

Outcome<void> BrokenRows::flush() {
  std::size_t done = 0;
  while (done < buffer_.size() && error_ == 0) {
    const ssize_t n = ::pwrite(fd_.get(), buffer_.data() + done, buffer_.size() - done,
                               static_cast<off_t>(written_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) error_ = errno;
    if (n < 0) break;
    done += static_cast<std::size_t>(n);
    written_ += static_cast<std::uint64_t>(n);
  }
  buffer_.clear();
  if (error_ == 0) return {};
  const bool full = error_ == ENOSPC || error_ == EDQUOT || error_ == EFBIG;
  return give_up(
      full ? SliceReason::disk_full : SliceReason::internal,
      std::string("the list of rejected rows cannot be written: ") + std::strerror(error_));
}

/// Makes sure that one whole entry, or all that is left, lies in the buffer.
bool BrokenRows::Cursor::fill() {
  const auto whole = [&] {
    if (buffer_.size() - at_ < kHead) return false;
    std::uint16_t count = 0;
    std::memcpy(&count, buffer_.data() + at_ + sizeof(std::uint64_t), sizeof count);
    return buffer_.size() - at_ >= kHead + count * sizeof(std::uint16_t);
  };
  while (!whole()) {
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t before = buffer_.size();
    buffer_.resize(before + kBuffer);
    ssize_t n = 0;
    do {
      n = ::pread(rows_->fd_.get(), buffer_.data() + before, kBuffer, static_cast<off_t>(offset_));
    } while (n < 0 && errno == EINTR);
    buffer_.resize(before + static_cast<std::size_t>(n > 0 ? n : 0));
    offset_ += static_cast<std::uint64_t>(n > 0 ? n : 0);
    if (n <= 0) {
      good_ = good_ && n == 0 && before == 0 && offset_ == rows_->written_;
      return false;
    }
  }
  return true;
}

void BrokenRows::Cursor::next() {
  there_ = fill();
  if (!there_) return;
  std::uint16_t count = 0;
  std::memcpy(&row_.row, buffer_.data() + at_, sizeof row_.row);
  std::memcpy(&count, buffer_.data() + at_ + sizeof row_.row, sizeof count);
  row_.rules.resize(count);
  at_ += kHead;
  if (count > 0)
    std::memcpy(row_.rules.data(), buffer_.data() + at_, count * sizeof(std::uint16_t));
  at_ += count * sizeof(std::uint16_t);
}

}  // namespace runink::steps
