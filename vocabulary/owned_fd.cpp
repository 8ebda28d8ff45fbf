#include "vocabulary/owned_fd.hpp"

#include <unistd.h>

namespace runink {

void OwnedFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace runink
