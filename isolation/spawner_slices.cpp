// A slice's life in the spawner, from Launch to its exit report.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "isolation/host_paths.hpp"
#include "isolation/mount_calls.hpp"
#include "isolation/owner_change.hpp"
#include "isolation/spawner.hpp"

namespace runink::isolation {
namespace {

/// Exit reports that nobody has acknowledged; beyond it nothing new is started.
constexpr std::size_t unacknowledged_most = 4'096;

/// The file must be regular: anything else could make the spawner wait.
bool writable_file(int fd) {
  struct stat info {};
  const int flags = ::fcntl(fd, F_GETFL);
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && flags >= 0 &&
         (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0;
}

}  // namespace

Spawner::Place* Spawner::place_of(const SliceId& slice) {
  const auto found = running_.find(slice);
  if (found == running_.end()) return nullptr;
  const auto place = places_.find(found->second);
  return place == places_.end() ? nullptr : &place->second;
}

std::size_t Spawner::live_count() const { return running_.size() + queued_.size(); }

// ---- Launch

Result<Spawner::LiveSlice> Spawner::accept(Launch launch, std::vector<OwnedFd> fds) {
  if (auto ok = check(launch.spec); !ok) return std::unexpected(ok.error());
  const SliceId& id = launch.spec.slice;
  if (stopping_) return fail(FaultKind::conflict, "The spawner is shutting down.");
  if (fds.size() != 2 || !writable_file(fds[0].get()) || !writable_file(fds[1].get()))
    return fail(FaultKind::bad_input, "Slice " + id.value +
                                          " cannot be launched: it needs two descriptors, its log "
                                          "file and its report file, open for writing.");
  const bool queued = std::any_of(queued_.begin(), queued_.end(),
                                  [&](const LiveSlice& one) { return one.spec.slice == id; });
  if (queued || running_.contains(id) || ended_.contains(id))
    return fail(FaultKind::conflict,
                "Slice " + id.value + " was launched already. Ask for the list.");
  if (live_count() >= limits::live_slices || ended_.size() >= unacknowledged_most)
    return fail(FaultKind::exhausted, "This node runs as many slices as it may (" +
                                          std::to_string(limits::live_slices) +
                                          "). Try again when one has ended.");
  LiveSlice slice;
  slice.spec = std::move(launch.spec);
  slice.log_file = std::move(fds[0]);
  slice.report_file = std::move(fds[1]);
  if (auto ok = resolve(slice); !ok) return std::unexpected(ok.error());
  const Instant now = real_clock().now();
  slice.lease_deadline = now + slice.spec.lease;
  slice.timeout_deadline = now + slice.spec.timeout;
  slice.report.slice = slice.spec.slice;
  slice.report.started_boot_ns = now.ns;
  slice.report.started = real_clock().wall();
  return slice;
}

Result<void> Spawner::resolve(LiveSlice& slice) {
  std::vector<std::string> prefixes = config_.mount_prefixes;
  prefixes.push_back(config_.data);
  AllowedFolders allowed(std::move(prefixes));
  for (const PlannedMount& mount : planned_mounts(slice.spec)) {
    auto source = allowed.resolve(mount.host_path);
    if (!source) return std::unexpected(source.error());
    struct stat info {};
    if (::fstat(source->get(), &info) < 0)
      return std::unexpected(
          outside_fault("The mount source " + mount.host_path + " cannot be looked at", errno));
    if (!S_ISDIR(info.st_mode) && (mount.writable || !S_ISREG(info.st_mode)))
      return fail(FaultKind::not_allowed,
                  "The mount source " + mount.host_path + " is neither a folder nor a file.");
    // Nobody gets to write where the daemon itself could not.
    if (mount.writable && info.st_uid != config_.daemon_uid)
      return fail(FaultKind::not_allowed, "The folder " + mount.host_path +
                                              " cannot be written by a slice: it does not belong "
                                              "to the daemon.");
    slice.sources.push_back(*std::move(source));
  }
  return {};
}

bool Spawner::make_berth() {
  const std::uint32_t id = next_id_++;
  auto berth = Berth::make(yard_, "b" + std::to_string(id));
  if (!berth) {
    if (!queued_.empty()) end_queued(0, {berth.error(), {}, {}, 0});
    return false;
  }
  const int socket = (*berth)->socket();
  const int process = (*berth)->pidfd();
  places_[id].berth = *std::move(berth);
  return watch(socket, Watched::berth, id, EPOLLIN) &&
         watch(process, Watched::process, id, EPOLLIN);
}

void Spawner::give_out_work() {
  for (auto& [id, place] : places_) {
    if (queued_.empty()) return;
    if (place.slice || place.end || place.said_all || !place.berth->ready()) continue;
    LiveSlice slice = std::move(queued_.front());
    queued_.pop_front();
    begin(id, std::move(slice));
  }
  auto coming =
      static_cast<std::size_t>(std::count_if(places_.begin(), places_.end(), [](const auto& one) {
        return !one.second.slice && !one.second.end && !one.second.said_all;
      }));
  while (coming < queued_.size())
    if (make_berth()) ++coming;  // if not, the first in the queue was told and is gone
}

void Spawner::begin(std::uint32_t id, LiveSlice slice) {
  Place& place = places_.at(id);
  running_[slice.spec.slice] = id;
  place.slice = std::move(slice);
  std::vector<OwnedFd> mounts;
  if (auto failure = set_up(place, mounts)) {
    place.slice->setup_failure = failure;
    place.berth->kill();
    return;
  }
  std::vector<int> raw;
  for (const OwnedFd& fd : mounts) raw.push_back(fd.get());
  if (!place.berth->hand_over(slice_steps(place.slice->spec, yard_.confinement), raw)) {
    place.slice->setup_failure = StepFailure{StepCode::hand_over, errno};
    place.berth->kill();
    return;
  }
  if (place.slice->lent.empty()) place.slice->sources.clear();
  // While the berth is at work. Nothing is missed: what they held before is told too.
  watch(place.slice->log.fd(), Watched::log, id, EPOLLIN);
  watch(place.slice->report_pipe.fd(), Watched::report, id, EPOLLIN);
}

std::optional<StepFailure> Spawner::set_up(Place& place, std::vector<OwnedFd>& mounts) {
  LiveSlice& slice = *place.slice;
  slice.log = PipeCopy(place.berth->take_log(), std::move(slice.log_file), limits::slice_log);
  slice.report_pipe =
      PipeCopy(place.berth->take_report(), std::move(slice.report_file), limits::slice_report);
  const auto planned = planned_mounts(slice.spec);
  for (std::size_t i = 0; i < planned.size(); ++i) {
    OwnedFd mount = open_mount(place, planned[i], i);
    if (!mount) return StepFailure{StepCode::open_mount, errno};
    mounts.push_back(std::move(mount));
  }
  // Before the program runs: what it allocated above a limit could not be taken back.
  std::string file;
  const auto values = cgroup_values(slice.spec.limits, yard_.confinement.cgroups);
  if (const int error = place.berth->cgroup().write(values, file); error != 0)
    return StepFailure{StepCode::set_cgroup_limits, error};
  return std::nullopt;
}

OwnedFd Spawner::open_mount(Place& place, const PlannedMount& mount, std::size_t index) {
  LiveSlice& slice = *place.slice;
  const int source = slice.sources[index].get();
  const std::uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                   (mount.writable ? 0 : MOUNT_ATTR_RDONLY) |
                                   (mount.executable ? 0 : MOUNT_ATTR_NOEXEC);
  if (rootless_ || !mount.mapped) return clone_mount(source, attributes);
  if (place.berth->idmap() >= 0) {
    OwnedFd mapped = clone_mount(source, attributes, place.berth->idmap());
    // EINVAL: this file system cannot be mapped. Another may.
    if (mapped || errno != EINVAL) return mapped;
  }
  if (mount.writable) {
    const std::uint32_t user = place.berth->host_user();
    if (::fchownat(source, "", user, user, AT_EMPTY_PATH) < 0) return {};
    slice.lent.push_back(index);
  }
  return clone_mount(source, attributes);
}

// ---- what the berth says, and its end

void Spawner::on_berth_says(std::uint32_t id) {
  Place& place = places_.at(id);
  const bool more = place.berth->listen();
  if (!more && !place.said_all) {
    place.said_all = true;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, place.berth->socket(), nullptr);
    LiveSlice* slice = place.slice ? &*place.slice : nullptr;
    if (slice && !place.berth->failure() && !slice->setup_failure && !slice->execed &&
        !(slice->kill && slice->kill_at)) {
      slice->execed = true;
      slice->report.exec_boot_ns = real_clock().now().ns;
      tell_everybody(
          Launched{slice->spec.slice, place.berth->program(), slice->report.exec_boot_ns},
          place.berth->pidfd());
    }
  }
  if (place.berth->ready() && !place.was_ready) {
    place.was_ready = true;
    berths_fail_ = false;
    give_out_work();
  }
}

void Spawner::on_process_gone(std::uint32_t id) {
  if (!places_.at(id).said_all) on_berth_says(id);
  Place& place = places_.at(id);
  if (place.end) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, place.berth->pidfd(), nullptr);
  if (!place.said_all) {
    place.said_all = true;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, place.berth->socket(), nullptr);
  }
  place.end = place.berth->reap();
  finish(id);
}

void Spawner::finish(std::uint32_t id) {
  Place& place = places_.at(id);
  // Its pid namespace is empty, so its cgroup is too, or will be at once.
  if (!place.berth->cgroup().empty()) return;
  const auto failure = place.berth->failure();
  if (place.slice) {
    LiveSlice slice = *std::move(place.slice);
    slice.log.drain();
    slice.report_pipe.drain();
    EndFacts facts;
    facts.setup_failure = slice.setup_failure ? slice.setup_failure : failure;
    facts.kill = slice.kill;
    facts.program_status = place.end->program_status;
    facts.oom_kills = place.berth->cgroup().oom_kills();
    slice.report.cpu_user = place.end->cpu_user;
    slice.report.cpu_system = place.end->cpu_system;
    slice.report.memory_peak =
        place.berth->cgroup().memory_peak().value_or(place.end->resident_peak);
    give_folders_back(slice);
    running_.erase(slice.spec.slice);
    publish(slice, facts);
  } else if (!place.was_ready && !stopping_) {
    // It died while it was made. A slice that waits for it learns why; nobody tries for ever.
    berths_fail_ = true;
    if (!queued_.empty())
      end_queued(0, {failure.value_or(StepFailure{StepCode::clone_namespaces, ECHILD}), {}, {}, 0});
  }
  remove_group(std::move(place.berth->cgroup()));
  places_.erase(id);
  give_out_work();
}

void Spawner::end_queued(std::size_t index, const EndFacts& facts) {
  LiveSlice slice = std::move(queued_[index]);
  queued_.erase(queued_.begin() + static_cast<std::ptrdiff_t>(index));
  publish(slice, facts);
}

void Spawner::publish(LiveSlice& slice, const EndFacts& facts) {
  judge_end(facts, slice.report);
  slice.report.ended_boot_ns = real_clock().now().ns;
  slice.report.ended = real_clock().wall();
  slice.report.log = slice.log.written();
  slice.report.log_dropped = slice.log.dropped();
  slice.report.report = slice.report_pipe.written();
  slice.report.report_dropped = slice.report_pipe.dropped();
  if (!(slice.kill && slice.kill->reason == KillReason::shutdown && stopping_))
    ended_[slice.report.slice] = slice.report;
  tell_everybody(Exited{slice.report});
}

void Spawner::give_folders_back(LiveSlice& slice) {
  for (const std::size_t index : slice.lent)
    change_owner_of_tree(slice.sources[index].get(), config_.daemon_uid, config_.daemon_gid);
  slice.lent.clear();
}

// ---- deadlines and kills

void Spawner::begin_kill(LiveSlice& slice, Berth* berth, BegunKill kill, bool immediately) {
  if (!slice.kill) slice.kill = kill;
  const Instant now = real_clock().now();
  if (immediately) {
    slice.kill_at = now;
  } else if (!slice.kill_at) {
    slice.kill_at = now + limits::kill_grace;
    if (berth != nullptr) berth->terminate_program();
  }
  if (immediately && berth != nullptr) berth->kill();
}

void Spawner::check_deadlines(LiveSlice& slice, Berth& berth, Instant now) {
  if (now >= slice.lease_deadline) {
    begin_kill(slice, &berth, {SliceEnd::lease_expired, KillReason::none}, true);
    slice.lease_deadline = now + seconds(1);  // should the kernel not have listened
  } else if (!slice.kill && now >= slice.timeout_deadline) {
    begin_kill(slice, &berth, {SliceEnd::timed_out, KillReason::none}, false);
  } else if (slice.kill_at && now >= *slice.kill_at) {
    berth.kill();
    slice.kill_at = now + seconds(1);
  }
}

void Spawner::remove_group(CgroupGroup group) {
  if (cgroups_ && !cgroups_->remove(group)) groups_to_remove_.push_back(std::move(group));
}

}  // namespace runink::isolation
