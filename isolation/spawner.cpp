#include "isolation/spawner.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <limits>

#include "isolation/lean_fork.hpp"
#include "isolation/mount_calls.hpp"
#include "isolation/refill.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::isolation {
namespace {

constexpr int events_at_once = 64;
/// How soon an unfinished clean-up is tried again.
constexpr Duration retry_soon = milliseconds(10);
constexpr rlim_t open_files_wanted = 65'536;

int put(const char* path, const std::string& text) {
  OwnedFd fd(::open(path, O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), text.data(), text.size()) < 0) return errno;
  return 0;
}

}  // namespace

// ---- start

Result<std::unique_ptr<Spawner>> Spawner::open(const SpawnerConfig& config) {
  std::unique_ptr<Spawner> spawner(new Spawner(config));
  if (auto ok = spawner->take_lock(); !ok) return std::unexpected(ok.error());
  if (auto ok = spawner->enter_namespaces(); !ok) return std::unexpected(ok.error());
  if (auto ok = spawner->prepare(); !ok) {
    spawner->stop();  // its groups would stay on the machine
    return std::unexpected(ok.error());
  }
  spawner->opened_ = true;
  return spawner;
}

Spawner::~Spawner() {
  if (opened_) stop();
}

Result<void> Spawner::take_lock() {
  const std::string path = config_.lock_path();
  lock_ = OwnedFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_)
    return std::unexpected(outside_fault("The lock file " + path + " cannot be opened", errno));
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) < 0)
    return fail(FaultKind::conflict, "Another spawner serves " + config_.data + ".");
  return {};
}

Result<void> Spawner::enter_namespaces() {
  rootless_ = ::geteuid() != 0;
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWNS | (rootless_ ? CLONE_NEWUSER : 0)) < 0)
    return std::unexpected(outside_fault(
        "The spawner cannot have a mount namespace of its own. An ordinary user needs user "
        "namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)",
        errno));
  if (rootless_) {
    // Its own ids, alone: enough to make slices that are strangers to everybody else.
    int error = put("/proc/self/setgroups", "deny");
    if (error == 0)
      error = put("/proc/self/uid_map", std::to_string(uid) + " " + std::to_string(uid) + " 1");
    if (error == 0)
      error = put("/proc/self/gid_map", std::to_string(gid) + " " + std::to_string(gid) + " 1");
    if (error != 0)
      return std::unexpected(outside_fault("The spawner's user namespace cannot be mapped", error));
  }
  // mount_namespaces(7): nothing of ours goes out, but what the machine mounts and unmounts reaches us. A
  // private copy would not see a volume that is mounted later, and would keep the file systems of
  // the whole machine in use for as long as we live.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0)
    return std::unexpected(
        outside_fault("The spawner's mounts cannot be kept from leaving it", errno));
  return {};
}

bool Spawner::idmap_works() {
  if (rootless_ || !config_.idmap) return false;
  const std::string map =
      std::to_string(config_.daemon_uid) + " " + std::to_string(config_.uid_base) + " 1\n";
  OwnedFd space = make_user_namespace(map, map);
  return space && clone_mount(config_.data.c_str(), 0, space.get());
}

Result<void> Spawner::prepare() {
  ENSURE(::getrandom(&incarnation_, sizeof incarnation_, 0) == sizeof incarnation_);
  if (rootless_) {
    cgroup_trouble_ = "an ordinary user may not make cgroups";
  } else {
    uids_.emplace(config_.uid_base, config_.uid_count);
    if (auto tree = CgroupTree::open(effective_cgroup_prefix(config_)))
      cgroups_ = *std::move(tree);
    else
      cgroup_trouble_ = tree.error().what;
  }
  // Before the root stands in the data folder: devices in it cannot be mapped.
  yard_.idmap = idmap_works();
  if (const std::string failed = build_root(config_.root_path()); !failed.empty())
    return std::unexpected(
        outside_fault("The root of slices cannot be built (" + failed + ")", errno));
  yard_.confinement.rootless = rootless_;
  if (cgroups_) yard_.confinement.cgroups = cgroups_->layout();
  yard_.root_path = config_.root_path();
  yard_.steps = berth_steps(yard_.confinement);
  yard_.cgroups = cgroups_ ? &*cgroups_ : nullptr;
  yard_.uids = uids_ ? &*uids_ : nullptr;
  yard_.daemon_uid = config_.daemon_uid;
  yard_.daemon_gid = config_.daemon_gid;

  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  signals_ = OwnedFd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  epoll_ = OwnedFd(::epoll_create1(EPOLL_CLOEXEC));
  timer_ = OwnedFd(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  auto listener = listen_at(config_.socket_path());
  if (!listener) return std::unexpected(listener.error());
  listener_ = *std::move(listener);
  // The daemon may be another user than we are.
  if (!rootless_ &&
      ::chown(config_.socket_path().c_str(), config_.daemon_uid, config_.daemon_gid) < 0)
    return std::unexpected(outside_fault("The socket cannot be given to the daemon", errno));
  if (!watch(signals_.get(), Watched::signal, 0, EPOLLIN) ||
      !watch(timer_.get(), Watched::timer, 0, EPOLLIN) ||
      !watch(listener_.get(), Watched::listener, 0, EPOLLIN))
    return std::unexpected(outside_fault("The spawner's event loop cannot be made", errno));
  keep_out_of_forks();
  return {};
}

// ---- the loop

bool Spawner::watch(int fd, Watched kind, std::uint32_t id, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = (static_cast<std::uint64_t>(kind) << 32) | id;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

int Spawner::refill_pause_ms() const {
  if (stopping_ || berths_fail_) return -1;
  std::size_t ready = 0;
  std::size_t launching = 0;
  for (const auto& [id, place] : places_) {
    if (!place.slice)
      ++ready;
    else if (!place.slice->execed && !place.end)
      ++launching;
  }
  return isolation::refill_pause_ms(ready, config_.berths, launching);
}

void Spawner::run() {
  std::array<epoll_event, events_at_once> events;
  while (!stopping_ || live_count() > 0) {
    arm_timer();
    const int pause_ms = refill_pause_ms();
    const int n = ::epoll_wait(epoll_.get(), events.data(), events_at_once, pause_ms);
    if (n == 0 && pause_ms >= 0 && !make_berth()) berths_fail_ = true;
    for (int i = 0; i < n; ++i) {
      const auto tag = events[static_cast<std::size_t>(i)].data.u64;
      dispatch(static_cast<Watched>(tag >> 32), static_cast<std::uint32_t>(tag),
               events[static_cast<std::size_t>(i)].events);
    }
  }
}

void Spawner::dispatch(Watched kind, std::uint32_t id, std::uint32_t events) {
  const auto place = places_.find(id);
  switch (kind) {
    case Watched::listener: return accept_connections();
    case Watched::connection: return on_connection(id, events);
    case Watched::timer: return on_timer();
    case Watched::signal: {
      signalfd_siginfo info{};
      (void)!::read(signals_.get(), &info, sizeof info);
      return on(0, Shutdown{true});
    }
    case Watched::berth:
      if (place != places_.end()) on_berth_says(id);
      return;
    case Watched::process:
      if (place != places_.end()) on_process_gone(id);
      return;
    case Watched::log:
      if (place != places_.end() && place->second.slice) place->second.slice->log.move_some();
      return;
    case Watched::report:
      if (place != places_.end() && place->second.slice)
        place->second.slice->report_pipe.move_some();
      return;
  }
}

void Spawner::arm_timer() {
  constexpr Instant never{std::numeric_limits<std::int64_t>::max()};
  Instant next = never;
  for (const auto& [id, place] : places_) {
    if (place.end) next = std::min(next, real_clock().now() + retry_soon);
    if (!place.slice) continue;
    next = std::min({next, place.slice->lease_deadline, place.slice->kill_at.value_or(never),
                     place.slice->kill ? never : place.slice->timeout_deadline});
  }
  for (const LiveSlice& slice : queued_)
    next = std::min({next, slice.lease_deadline, slice.timeout_deadline});
  if (!groups_to_remove_.empty()) next = std::min(next, real_clock().now() + retry_soon);
  itimerspec when{};
  if (next != never) {
    const std::int64_t ns = std::max<std::int64_t>(next.ns, 1);
    when.it_value = {ns / 1'000'000'000, ns % 1'000'000'000};
  }
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void Spawner::on_timer() {
  std::uint64_t times = 0;
  (void)!::read(timer_.get(), &times, sizeof times);
  const Instant now = real_clock().now();
  std::vector<std::uint32_t> gone;
  for (auto& [id, place] : places_) {
    if (place.end)
      gone.push_back(id);
    else if (place.slice)
      check_deadlines(*place.slice, *place.berth, now);
  }
  for (const std::uint32_t id : gone) finish(id);
  for (std::size_t i = queued_.size(); i-- > 0;) {
    if (now >= queued_[i].lease_deadline)
      end_queued(i, {{}, BegunKill{SliceEnd::lease_expired, {}}, {}, 0});
    else if (now >= queued_[i].timeout_deadline)
      end_queued(i, {{}, BegunKill{SliceEnd::timed_out, {}}, {}, 0});
  }
  std::vector<CgroupGroup> groups = std::move(groups_to_remove_);
  groups_to_remove_.clear();
  for (CgroupGroup& group : groups) remove_group(std::move(group));
}

// ---- the end

void Spawner::stop() {
  opened_ = false;
  listener_.reset();
  ::unlink(config_.socket_path().c_str());
  for (auto& [id, connection] : connections_) flush(id);
  connections_.clear();
  places_.clear();  // kills and reaps the waiting berths
  groups_to_remove_.clear();
  if (cgroups_) cgroups_->remove_all();
  ::umount2(config_.root_path().c_str(), MNT_DETACH);
  ::rmdir(config_.root_path().c_str());
}

int run_spawner(const std::string& start_up_file, int ready_fd) {
  const auto say = [&](std::string text) {
    text += '\n';
    if (ready_fd >= 0) (void)!::write(ready_fd, text.data(), text.size());
    if (ready_fd >= 0) ::close(ready_fd);
  };
  ::umask(022);
  (void)!::chdir("/");
  // What it makes must not become a core file that holds a stranger's data, and slices are many.
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_max = ::geteuid() == 0 ? std::max(files.rlim_max, open_files_wanted) : files.rlim_max;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  auto config = load_spawner_config(start_up_file);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().what.c_str());
    say(config.error().what);
    return 1;
  }
  auto spawner = Spawner::open(*config);
  if (!spawner) {
    const bool busy = spawner.error().kind == FaultKind::conflict;
    if (!busy) std::fprintf(stderr, "%s\n", spawner.error().what.c_str());
    say(busy ? std::string(spawner_busy) : spawner.error().what);
    return busy ? 0 : 1;
  }
  say(std::string(spawner_ready));
  (*spawner)->run();
  return 0;
}

}  // namespace runink::isolation
