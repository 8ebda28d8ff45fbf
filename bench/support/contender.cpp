#include "bench/support/contender.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/floor.hpp"
#include "bench/support/table.hpp"

namespace runink::bench {

// Bound and never listening, with SO_REUSEADDR: who listens there may have it, who asks for any port never gets it.
Ports::Ports(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      give_up("there is no free port on loopback");
    sockets_.push_back(fd);
    numbers_.push_back(::ntohs(address.sin_port));
  }
}

Ports::~Ports() {
  for (const int fd : sockets_) ::close(fd);
}

Pace::Pace(const Load& load) : load_(&load), began_(now_ns()) {}

std::optional<std::int64_t> Pace::next_due() const {
  if (over_ || taken_ >= load_->requests_most) return std::nullopt;
  const std::int64_t due = load_->offered_per_second > 0
                               ? began_ + static_cast<std::int64_t>(static_cast<double>(taken_) *
                                                                    1e9 / load_->offered_per_second)
                               : now_ns();
  if (load_->time_ns > 0 && due - began_ >= load_->time_ns) return std::nullopt;
  return due;
}

std::int64_t Pace::take() {
  const std::int64_t due = next_due().value_or(now_ns());
  ++taken_;
  return due;
}

void Pace::answered(std::int64_t due_ns, Answered& answered) {
  const std::int64_t now = now_ns();
  answered.ns.push_back(now - due_ns);
  answered.took_ns = now - began_;
  if (!done_ || due_ns < answered.deed_ns || over_) return;
  answered.first_success_ns = now;
  over_ = true;
}

void Pace::look_at_deed(Answered& answered) {
  if (done_ || !load_->during.deed || now_ns() - began_ < load_->during.after_ns) return;
  done_ = true;
  answered.deed_ns = now_ns();
  load_->during.deed();
}

void Pace::failed(const std::string& why, Answered& answered) {
  if (answered.failed++ == 0) answered.failure = why;
}

std::string key_of(const Load& load, std::uint64_t request) {
  return "key-" + std::to_string(100'000 + request % load.keys);
}

}  // namespace runink::bench
