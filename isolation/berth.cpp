#include "isolation/berth.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "isolation/mount_calls.hpp"
#include "isolation/packet_socket.hpp"
#include "vocabulary/codec.hpp"

namespace runink::isolation {
namespace {

constexpr std::size_t berth_packet_bytes_max = 256;
constexpr int berth_socket_buffer_bytes = 1 << 20;

int put(const std::string& path, const std::string& text) {
  OwnedFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return errno;
  return 0;
}

Duration to_duration(const timeval& t) {
  return {std::int64_t{t.tv_sec} * 1'000'000'000 + std::int64_t{t.tv_usec} * 1'000};
}

std::string map_line(std::uint32_t inside, std::uint32_t outside, std::uint32_t count) {
  return std::to_string(inside) + " " + std::to_string(outside) + " " + std::to_string(count) +
         "\n";
}

}  // namespace

OwnedFd make_user_namespace(const std::string& uid_map, const std::string& gid_map) {
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) < 0) return {};
  OwnedFd in(gate[0]);
  OwnedFd out(gate[1]);
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER;
  arguments.exit_signal = SIGCHLD;
  const pid_t pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid < 0) return {};
  if (pid == 0) {  // lives until the descriptor of its namespace is open
    char byte = 0;
    ::close(gate[1]);
    (void)!::read(gate[0], &byte, 1);
    ::_exit(0);
  }
  const std::string proc = "/proc/" + std::to_string(pid);
  OwnedFd fd;
  int error = put(proc + "/uid_map", uid_map);
  if (error == 0) error = put(proc + "/gid_map", gid_map);
  if (error == 0) {
    fd = OwnedFd(::open((proc + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    error = errno;
  }
  out.reset();
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  errno = error;
  return fd;
}

std::expected<std::unique_ptr<Berth>, StepFailure> Berth::make(BerthYard& yard,
                                                               const std::string& name) {
  std::unique_ptr<Berth> berth(new Berth(yard));
  if (auto failure = berth->make_process(name)) return std::unexpected(*failure);
  return berth;
}

Berth::~Berth() {
  if (pid_ > 0) {
    kill();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (has_ids_) yard_.uids->give_back(first_id_);
}

std::optional<StepFailure> Berth::make_process(const std::string& name) {
  if (yard_.uids != nullptr) {
    const auto first = yard_.uids->take();
    if (!first) return StepFailure{StepCode::write_id_maps, EUSERS};
    first_id_ = *first;
    has_ids_ = true;
    if (yard_.idmap) {
      idmap_ = make_user_namespace(map_line(yard_.daemon_uid, host_user(), 1),
                                   map_line(yard_.daemon_gid, host_user(), 1));
      if (!idmap_) return StepFailure{StepCode::write_id_maps, errno};
    }
  }
  if (yard_.cgroups != nullptr) {
    auto group = yard_.cgroups->make(name);
    if (!group) return StepFailure{StepCode::make_cgroups, EIO};
    cgroup_ = *std::move(group);
  }
  Inner inner;
  if (auto failure = open_pipes(inner)) return failure;
  inner.root = clone_mount(yard_.root_path.c_str(), 0);
  if (!inner.root) return StepFailure{StepCode::attach_root, errno};
  auto procs = cgroup_.open_v1_procs();
  if (!procs) return StepFailure{StepCode::join_cgroups, errno};
  inner.cgroups = *std::move(procs);
  if (auto failure = clone_process(inner)) return failure;
  if (auto failure = write_maps()) return failure;
  if (::send(socket_.get(), "g", 1, MSG_NOSIGNAL) != 1)
    return StepFailure{StepCode::clone_namespaces, errno};
  return std::nullopt;
}

std::optional<StepFailure> Berth::open_pipes(Inner& inner) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return StepFailure{StepCode::clone_namespaces, errno};
  socket_ = OwnedFd(pair[0]);
  inner.socket = OwnedFd(pair[1]);
  const int on = 1;
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &berth_socket_buffer_bytes, sizeof(int));
  const std::pair<OwnedFd*, OwnedFd*> pipes[] = {
      {&status_, &inner.status}, {&log_, &inner.log}, {&report_, &inner.report}};
  for (const auto& [ours, theirs] : pipes) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return StepFailure{StepCode::set_streams, errno};
    *ours = OwnedFd(ends[0]);
    *theirs = OwnedFd(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  // So that /dev/fd/3 and /dev/stdout can be opened from inside.
  if (has_ids_)
    for (const OwnedFd* fd : {&inner.log, &inner.report})
      if (::fchown(fd->get(), host_user(), host_user()) < 0)
        return StepFailure{StepCode::set_streams, errno};
  return std::nullopt;
}

std::optional<StepFailure> Berth::clone_process(const Inner& inner) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET |
                    CLONE_NEWIPC | CLONE_NEWUTS;
  if (const int folder = cgroup_.v2_folder(); folder >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    // With v1 beside it the namespace is made after the attach.
    if (!yard_.confinement.cgroups.any_v1()) arguments.flags |= CLONE_NEWCGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(folder);
  }
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  pid_ = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid_ < 0) return StepFailure{StepCode::clone_namespaces, errno};
  if (pid_ == 0)
    live_as_berth({inner.socket.get(), inner.root.get(), inner.status.get(), inner.log.get(),
                   inner.report.get(), &inner.cgroups, &yard_.steps});
  pidfd_ = OwnedFd(pidfd);
  return std::nullopt;
}

std::optional<StepFailure> Berth::write_maps() {
  const std::string proc = "/proc/" + std::to_string(pid_);
  std::string uids;
  std::string gids;
  if (yard_.uids != nullptr) {
    uids = gids = map_line(0, first_id_, ids_per_slice);
  } else {
    if (const int error = put(proc + "/setgroups", "deny"); error != 0)
      return StepFailure{StepCode::write_id_maps, error};
    uids = map_line(slice_user, ::getuid(), 1);
    gids = map_line(slice_user, ::getgid(), 1);
  }
  int error = put(proc + "/uid_map", uids);
  if (error == 0) error = put(proc + "/gid_map", gids);
  if (error != 0) return StepFailure{StepCode::write_id_maps, error};
  return std::nullopt;
}

bool Berth::listen() {
  while (socket_) {
    Incoming in = receive_packet(socket_.get(), berth_packet_bytes_max, 0);
    if (in.kind == Incoming::Kind::nothing) return true;
    if (in.kind == Incoming::Kind::closed) return false;
    switch (static_cast<BerthSays>(in.packet.bytes[0])) {
      case BerthSays::reaper_ready: reaper_ready_ = true; break;
      case BerthSays::ready:
        program_ = in.packet.sender;
        // It waits for us, so the number is still its own.
        program_pidfd_ = OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, program_, 0)));
        break;
      case BerthSays::failed: {
        auto failure =
            decode<StepFailure>(std::string_view(in.packet.bytes).substr(1), "A failure");
        failure_ = failure ? *failure : StepFailure{StepCode::hand_over, EBADMSG};
        break;
      }
    }
  }
  return false;
}

bool Berth::hand_over(const std::vector<SandboxStep>& steps, const std::vector<int>& fds) {
  return send_packet(socket_.get(), encode(steps), fds) == Sent::yes;
}

void Berth::terminate_program() {
  if (program_pidfd_) ::syscall(SYS_pidfd_send_signal, program_pidfd_.get(), SIGTERM, nullptr, 0);
}

void Berth::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);  // unreaped, so the number is its own
}

BerthEnd Berth::reap() {
  BerthEnd end;
  rusage usage{};
  int status = 0;
  pid_t pid = 0;
  do {
    pid = ::wait4(pid_, &status, 0, &usage);
  } while (pid < 0 && errno == EINTR);
  pid_ = -1;
  int program_status = 0;
  if (::read(status_.get(), &program_status, sizeof program_status) == sizeof program_status)
    end.program_status = program_status;
  end.cpu_user = to_duration(usage.ru_utime);
  end.cpu_system = to_duration(usage.ru_stime);
  end.resident_peak = KiB(static_cast<std::uint64_t>(usage.ru_maxrss));
  return end;
}

}  // namespace runink::isolation
