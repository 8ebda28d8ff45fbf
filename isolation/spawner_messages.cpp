// What the daemon says to the spawner, and what it hears.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "isolation/spawner.hpp"

namespace runink::isolation {
namespace {
constexpr std::size_t connections_most = 16;
/// A client that does not read this much is not worth the memory.
constexpr std::size_t waiting_most = 8'192;
}  // namespace

void Spawner::accept_connections() {
  for (;;) {
    OwnedFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    const auto uid = peer_uid(socket.get());
    if (!uid || (*uid != config_.daemon_uid && *uid != 0)) continue;  // closed without a word
    if (connections_.size() >= connections_most) continue;
    const int buffer = 1 << 20;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    const std::uint32_t id = next_id_++;
    if (watch(socket.get(), Watched::connection, id, EPOLLIN))
      connections_[id].socket = std::move(socket);
  }
}

void Spawner::on_connection(std::uint32_t id, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) flush(id);
  for (;;) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Incoming in =
        receive_packet(found->second.socket.get(), packet_bytes_max.value, packet_fds_max);
    if (in.kind == Incoming::Kind::nothing) return;
    if (in.kind == Incoming::Kind::closed) return drop(id);
    handle(id, std::move(in.packet));
  }
}

void Spawner::handle(std::uint32_t id, Packet packet) {
  auto message = read_to_spawner(packet.bytes);
  if (!message) {
    refuse(id, std::nullopt, message.error());
    return drop(id);
  }
  if (!connections_.at(id).greeted && !std::holds_alternative<Hello>(*message)) {
    refuse(id, std::nullopt, {FaultKind::bad_input, "Say Hello first."});
    return drop(id);
  }
  if (auto* launch = std::get_if<Launch>(&*message))
    return on(id, std::move(*launch), std::move(packet.fds));
  std::visit(
      [&](const auto& one) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, Launch>) on(id, one);
      },
      *message);
}

void Spawner::on(std::uint32_t id, const Hello& hello) {
  if (hello.version != protocol_version) {
    refuse(id, std::nullopt,
           {FaultKind::bad_input,
            "This spawner speaks version " + std::to_string(protocol_version) +
                " of the protocol, the daemon version " + std::to_string(hello.version) +
                ". Stop the spawner when its slices have ended."});
    return drop(id);
  }
  connections_.at(id).greeted = true;
  reload_prefixes();
  send(id, Welcome{protocol_version, incarnation_, rootless_});
}

/// The node may have been granted another volume since we started; nothing else is taken over.
void Spawner::reload_prefixes() {
  if (auto config = load_spawner_config(config_.file_path()))
    config_.mount_prefixes = std::move(config->mount_prefixes);
}

void Spawner::on(std::uint32_t id, Launch launch, std::vector<OwnedFd> fds) {
  const SliceId slice = launch.spec.slice;
  auto live = accept(std::move(launch), std::move(fds));
  if (!live) return refuse(id, slice, live.error());
  queued_.push_back(*std::move(live));
  give_out_work();
}

void Spawner::on(std::uint32_t id, const Kill& kill) {
  const BegunKill begun{SliceEnd::killed, kill.reason};
  if (Place* place = place_of(kill.slice); place != nullptr && place->slice) {
    begin_kill(*place->slice, place->berth.get(), begun, kill.immediately);
    return;
  }
  for (std::size_t i = 0; i < queued_.size(); ++i)
    if (queued_[i].spec.slice == kill.slice) return end_queued(i, {{}, begun, {}, 0});
  if (!ended_.contains(kill.slice))  // one that has ended is dead enough
    refuse(id, kill.slice,
           {FaultKind::no_such_thing, "There is no slice " + kill.slice.value + "."});
}

void Spawner::on(std::uint32_t, const Ack& ack) { ended_.erase(ack.slice); }

void Spawner::on(std::uint32_t id, const List&) {
  Slices answer;
  for (const auto& [slice, place_id] : running_) {
    const Place* place = place_of(slice);
    if (place == nullptr || !place->slice) continue;
    const bool execed = place->slice->execed;
    answer.slices.push_back({slice, execed ? SliceState::running : SliceState::starting,
                             execed ? place->berth->program() : 0,
                             place->slice->report.exec_boot_ns});
  }
  for (const LiveSlice& slice : queued_)
    answer.slices.push_back({slice.spec.slice, SliceState::starting, 0, 0});
  for (const auto& [slice, report] : ended_)
    answer.slices.push_back({slice, SliceState::exited, 0, report.exec_boot_ns});
  std::sort(answer.slices.begin(), answer.slices.end(),
            [](const auto& a, const auto& b) { return a.slice < b.slice; });
  send(id, answer);
  for (const auto& [slice, report] : ended_) send(id, Exited{report});
}

void Spawner::on(std::uint32_t, const RenewLeases& renew) {
  const Duration lease = std::clamp(renew.lease, Duration{0}, limits::timeout_longest);
  const Instant until = real_clock().now() + lease;
  for (auto& [id, place] : places_)
    if (place.slice) place.slice->lease_deadline = until;
  for (LiveSlice& slice : queued_) slice.lease_deadline = until;
}

void Spawner::on(std::uint32_t id, const Doctor&) { send(id, Guarantees{guarantees()}); }

void Spawner::on(std::uint32_t id, const Shutdown& shutdown) {
  if (!shutdown.force && (live_count() > 0 || !ended_.empty()))
    return refuse(id, std::nullopt,
                  {FaultKind::conflict, std::to_string(live_count()) + " slices run and " +
                                            std::to_string(ended_.size()) +
                                            " exit reports are not acknowledged. Wait, or force."});
  stopping_ = true;
  const BegunKill begun{SliceEnd::killed, KillReason::shutdown};
  while (!queued_.empty()) end_queued(0, {{}, begun, {}, 0});
  for (auto& [place_id, place] : places_)
    if (place.slice && !place.end) begin_kill(*place.slice, place.berth.get(), begun, true);
  send(id, ShuttingDown{});
}

// ---- sending

void Spawner::send(std::uint32_t id, const FromSpawner& message, int fd) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Outgoing out{to_packet(message), {}};
  if (fd >= 0) out.fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  found->second.waiting.push_back(std::move(out));
  flush(id);
}

void Spawner::flush(std::uint32_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  auto& waiting = found->second.waiting;
  const int socket = found->second.socket.get();
  bool full = false;
  while (!waiting.empty() && !full) {
    std::vector<int> fds;
    for (const OwnedFd& fd : waiting.front().fds) fds.push_back(fd.get());
    switch (send_packet(socket, waiting.front().packet, fds)) {
      case Sent::yes: waiting.pop_front(); break;
      case Sent::full: full = true; break;
      // Not dropped here, where a caller may hold it: reading will find it closed.
      case Sent::closed: waiting.clear(); break;
    }
  }
  if (waiting.size() > waiting_most) {
    waiting.clear();
    ::shutdown(socket, SHUT_RDWR);
  }
  epoll_event event{};
  event.events = waiting.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
  event.data.u64 = (static_cast<std::uint64_t>(Watched::connection) << 32) | id;
  if (epoll_) ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket, &event);
}

void Spawner::tell_everybody(const FromSpawner& message, int fd) {
  for (auto& [id, connection] : connections_)
    if (connection.greeted) send(id, message, fd);
}

void Spawner::refuse(std::uint32_t id, std::optional<SliceId> slice, const Fault& fault) {
  send(id, Refused{std::move(slice), fault.kind, fault.what});
}

void Spawner::drop(std::uint32_t id) { connections_.erase(id); }

// ---- Doctor

std::vector<Guarantee> Spawner::guarantees() const {
  std::vector<Guarantee> all;
  const auto say = [&](const char* name, bool enforced, std::string why) {
    all.push_back({name, enforced, std::move(why)});
  };
  const CgroupLayout& layout = yard_.confinement.cgroups;
  say("namespaces", true, "user, pid, mount, network, ipc, uts and cgroup namespaces of its own");
  say("private_root", true,
      "system folders read-only, private /tmp, restricted /proc, few devices");
  say("no_network", true, "a network namespace without interfaces");
  say("no_capabilities", true, "no capabilities, no_new_privs");
  say("own_user", !rootless_,
      rootless_
          ? "All slices run as this user: they cannot see each other, but a fault in the "
            "kernel's namespaces would expose this user's files. Run the spawner as root."
          : "each slice has ids of its own, from " + std::to_string(config_.uid_base) + " on");
  say("protected_reaper", true,
      rootless_ ? "it keeps capabilities that the program does not have" : "another user");
  for (const Controller controller : controllers) {
    const auto* place = layout.find(controller);
    const std::string name = std::string(to_string(controller)) + "_limit";
    if (place != nullptr)
      say(name.c_str(), true,
          "cgroup v" + std::to_string(place->version) + " at " + place->mount_point);
    else if (controller == Controller::pids)
      say(name.c_str(), true,
          "RLIMIT_NPROC of the slice's user namespace; no cgroup: " +
              (cgroup_trouble_.empty() ? "not mounted" : cgroup_trouble_));
    else
      say(name.c_str(), false,
          "Nothing limits it: " +
              (cgroup_trouble_.empty() ? "the controller is not mounted" : cgroup_trouble_) +
              ". Run the spawner as root, with cgroups.");
  }
  say("swap_limit", layout.find(Controller::memory) != nullptr && layout.swap_accounting,
      layout.swap_accounting && layout.find(Controller::memory) != nullptr
          ? "no swap for slices"
          : "The kernel counts no swap for groups; turn swap off or boot with swapaccount=1.");
  say("mapped_outputs", rootless_ || yard_.idmap,
      rootless_     ? "slices write as this user"
      : yard_.idmap ? "files of a slice are the daemon's own on disk"
                    : "The data folder's file system cannot be mapped: folders are lent by chown, "
                      "and inputs must be readable by everybody.");
  say("system_call_filter", false, "No system calls are filtered yet.");
  return all;
}

}  // namespace runink::isolation
