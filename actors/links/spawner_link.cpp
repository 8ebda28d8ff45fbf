#include "actors/links/spawner_link.hpp"

#include <boost/asio/post.hpp>
#include <future>
#include <utility>

namespace runink::actors {

namespace asio = boost::asio;

SpawnerLink::SpawnerLink(asio::io_context& io, isolation::SpawnerClient client, Gone gone)
    : io_(io), gone_(std::move(gone)), client_(std::move(client)), descriptor_(io) {}

SpawnerLink::~SpawnerLink() {
  if (descriptor_.is_open()) descriptor_.release();  // the client closes it
}

void SpawnerLink::start(caf::actor worker) {
  worker_ = std::move(worker);
  descriptor_.assign(client_.fd());
  (void)send(isolation::List{}, {});
  asio::post(io_, [this] { wait_readable(); });
}

void SpawnerLink::stop() {
  std::promise<void> done;
  asio::post(io_, [this, &done] {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    if (descriptor_.is_open()) descriptor_.release();
    client_.close();
    watchers_.clear();
    done.set_value();
  });
  done.get_future().wait();
}

std::uint64_t SpawnerLink::incarnation() const {
  std::lock_guard lock(mutex_);
  return incarnation_;
}

bool SpawnerLink::rootless() const {
  std::lock_guard lock(mutex_);
  return rootless_;
}

std::optional<isolation::ExitReport> SpawnerLink::watch(const isolation::SliceId& slice,
                                                        caf::actor watcher) {
  std::lock_guard lock(mutex_);
  watchers_[slice] = std::move(watcher);
  const auto found = exits_.find(slice);
  if (found == exits_.end()) return std::nullopt;
  return found->second;
}

void SpawnerLink::unwatch(const isolation::SliceId& slice) {
  std::lock_guard lock(mutex_);
  watchers_.erase(slice);
}

caf::actor SpawnerLink::watcher_of(const isolation::SliceId& slice) const {
  const auto found = watchers_.find(slice);
  return found == watchers_.end() ? caf::actor{} : found->second;
}

Result<void> SpawnerLink::send(isolation::ToSpawner message, std::vector<OwnedFd> fds) {
  std::lock_guard lock(mutex_);
  return send_locked(std::move(message), std::move(fds));
}

/// Under the mutex.
Result<void> SpawnerLink::send_locked(isolation::ToSpawner message, std::vector<OwnedFd> fds) {
  if (stopped_) return fail(FaultKind::outside_failed, "The node is stopping.");
  if (waiting_.empty()) {
    std::vector<int> numbers;
    for (const OwnedFd& fd : fds) numbers.push_back(fd.get());
    auto sent = client_.send(message, numbers);
    if (sent || sent.error().kind != FaultKind::exhausted) return sent;
  }
  if (isolation::to_packet(message).size() > isolation::packet_bytes_max.value)
    return fail(FaultKind::bad_input, "The slice's arguments are too large for one message.");
  if (waiting_.size() >= 4 * limits::live_slices)
    return fail(FaultKind::exhausted, "The spawner does not read its messages.");
  waiting_.push_back({std::move(message), std::move(fds)});
  if (waiting_.size() == 1) asio::post(io_, [this] { send_waiting(); });
  return {};
}

/// A launch that could not be sent after all must not leave its watcher waiting. Under the mutex.
void SpawnerLink::tell_refused(const isolation::ToSpawner& message, const Fault& fault) {
  const auto* launch = std::get_if<isolation::Launch>(&message);
  if (launch == nullptr) return;
  if (caf::actor watcher = watcher_of(launch->spec.slice))
    caf::anon_send(watcher, SliceRefused(launch->spec.slice, fault));
}

void SpawnerLink::send_waiting() {
  std::lock_guard lock(mutex_);
  while (!stopped_ && !waiting_.empty()) {
    std::vector<int> numbers;
    for (const OwnedFd& fd : waiting_.front().fds) numbers.push_back(fd.get());
    auto sent = client_.send(waiting_.front().message, numbers);
    if (!sent && sent.error().kind == FaultKind::exhausted) {
      descriptor_.async_wait(asio::posix::stream_descriptor::wait_write,
                             [this](boost::system::error_code error) {
                               if (!error) send_waiting();
                             });
      return;
    }
    if (!sent) tell_refused(waiting_.front().message, sent.error());
    waiting_.pop_front();
  }
}

namespace {

std::vector<OwnedFd> both(OwnedFd log, OwnedFd report) {
  std::vector<OwnedFd> fds;
  fds.push_back(std::move(log));
  fds.push_back(std::move(report));
  return fds;
}

}  // namespace

Result<void> SpawnerLink::launch(isolation::SandboxSpec spec, OwnedFd log, OwnedFd report) {
  isolation::Launch message;
  message.spec = std::move(spec);
  return send(std::move(message), both(std::move(log), std::move(report)));
}

Result<void> SpawnerLink::launch_leased(isolation::SandboxSpec spec, OwnedFd log, OwnedFd report,
                                        Instant now) {
  // With the look at the lease under one mutex: a renewal is before both on the socket, or behind both.
  std::lock_guard lock(mutex_);
  const Duration left = leased_until_ - now;
  if (left.ns <= 0)
    return fail(FaultKind::out_of_time, "Slice " + spec.slice.value +
                                            " was not launched: the lease of this node has ended. "
                                            "It is placed again, here when a leader can be "
                                            "reached.");
  isolation::Launch message;
  message.spec = std::move(spec);
  message.spec.lease = left;
  return send_locked(std::move(message), both(std::move(log), std::move(report)));
}

void SpawnerLink::kill(const isolation::SliceId& slice, isolation::KillReason reason,
                       bool immediately) {
  isolation::Kill message;
  message.slice = slice;
  message.reason = reason;
  message.immediately = immediately;
  (void)send(std::move(message), {});
}

void SpawnerLink::acknowledge(const isolation::SliceId& slice) {
  {
    std::lock_guard lock(mutex_);
    exits_.erase(slice);
    watchers_.erase(slice);
  }
  isolation::Ack message;
  message.slice = slice;
  (void)send(std::move(message), {});
}

void SpawnerLink::renew(Instant until, Instant now) {
  std::lock_guard lock(mutex_);
  if (until <= now) return;
  leased_until_ = until;
  isolation::RenewLeases message;
  message.lease = until - now;
  (void)send_locked(std::move(message), {});
}

bool SpawnerLink::leased(Instant now) const {
  std::lock_guard lock(mutex_);
  return now < leased_until_;
}

void SpawnerLink::doctor(std::function<void(const isolation::Guarantees&)> then) {
  {
    std::lock_guard lock(mutex_);
    doctors_.push_back(std::move(then));
  }
  (void)send(isolation::Doctor{}, {});
}

void SpawnerLink::shut_down() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  (void)send(isolation::Shutdown{}, {});
}

void SpawnerLink::wait_readable() {
  if (stopped_) return;
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this](boost::system::error_code error) {
                           if (!error && !stopped_) read_all();
                         });
}

void SpawnerLink::read_all() {
  for (;;) {
    Result<std::optional<isolation::Received>> received = [this] {
      std::lock_guard lock(mutex_);
      return client_.receive();
    }();
    if (!received) {
      {
        std::lock_guard lock(mutex_);
        if (ending_) return;
      }
      gone_(received.error());
      return;
    }
    if (!received->has_value()) break;
    take(std::move(**received));
    if (stopped_) return;
  }
  wait_readable();
}

void SpawnerLink::take(isolation::Received received) {
  std::visit([this](auto& one) { take_one(one); }, received.message);
}

void SpawnerLink::take_one(isolation::Welcome& welcome) {
  std::lock_guard lock(mutex_);
  incarnation_ = welcome.incarnation;
  rootless_ = welcome.rootless;
}

void SpawnerLink::take_one(isolation::Launched& launched) {
  std::lock_guard lock(mutex_);
  if (caf::actor watcher = watcher_of(launched.slice))
    caf::anon_send(watcher, SliceLaunched(launched.slice, launched.exec_boot_ns));
}

void SpawnerLink::take_one(isolation::Exited& exited) {
  std::lock_guard lock(mutex_);
  const isolation::SliceId slice = exited.report.slice;
  exits_[slice] = exited.report;
  if (caf::actor watcher = watcher_of(slice))
    caf::anon_send(watcher, SliceExited(std::move(exited.report)));
}

void SpawnerLink::take_one(isolation::Slices& slices) {
  std::vector<SpawnerHas::Entry> entries;
  for (const isolation::SliceEntry& one : slices.slices)
    entries.push_back({one.slice, one.state == isolation::SliceState::exited});
  caf::anon_send(worker_, SpawnerHas(incarnation(), std::move(entries)));
}

void SpawnerLink::take_one(isolation::Guarantees& guarantees) {
  std::vector<std::function<void(const isolation::Guarantees&)>> asked;
  {
    std::lock_guard lock(mutex_);
    asked.swap(doctors_);
  }
  for (const auto& then : asked) then(guarantees);
}

void SpawnerLink::take_one(isolation::Refused& refused) {
  if (!refused.slice) return;
  std::lock_guard lock(mutex_);
  if (caf::actor watcher = watcher_of(*refused.slice))
    caf::anon_send(watcher, SliceRefused(*refused.slice, refused.fault()));
}

}  // namespace runink::actors
