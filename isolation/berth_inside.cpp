#include "isolation/berth_inside.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <span>

#include "isolation/mount_calls.hpp"
#include "isolation/packet_socket.hpp"
#include "isolation/protocol.hpp"
#include "isolation/uid_ranges.hpp"
#include "vocabulary/codec.hpp"
#include "vocabulary/ensure.hpp"

namespace runink::isolation {
namespace {

constexpr int report_fd = 3;
constexpr int first_free_fd = 4;
constexpr int beyond_others = 512;   // a number that none of the few descriptors here has
constexpr int last_capability = 63;  // the kernel refuses what it does not know

class Inside {
 public:
  explicit Inside(const BerthStart& start)
      : socket_(start.socket),
        root_(start.root),
        status_(start.status),
        log_(start.log),
        report_(start.report) {}

  void perform_all(std::span<const SandboxStep> steps) {
    for (const SandboxStep& step : steps) {
      errno = 0;
      if (!perform(step)) fail(step.code, errno);
    }
  }
  void join_cgroups(const std::vector<OwnedFd>& procs);
  void wait_to_go();
  void keep_only_what_is_needed();
  /// Does what leads from here to exec, so that it fails: code, stack and heap are then where they
  /// are needed, and not a page fault each while a slice waits.
  void rehearse();
  std::vector<SandboxStep> wait_for_slice();

 private:
  [[noreturn]] void fail(StepCode step, int error) {
    std::string text(1, static_cast<char>(BerthSays::failed));
    Encoder{text}(StepFailure{step, error});
    (void)!::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    ::_exit(127);
  }
  void say(BerthSays what) {
    const char byte = static_cast<char>(what);
    if (::send(socket_, &byte, 1, MSG_NOSIGNAL) != 1) ::_exit(0);
  }
  bool perform(const SandboxStep& step);
  bool perform_ahead(const SandboxStep& step);
  bool perform_now(const SandboxStep& step);

  bool capabilities(std::uint32_t low);
  bool mount_proc();
  bool mount_tmp();
  bool start_reaper();
  [[noreturn]] void reap(pid_t program);
  bool hold_mounts(const std::string& folder);
  bool attach(const std::string& path, std::size_t index);
  bool set_streams();
  bool execute(const SandboxStep& step);
  static bool limit(int resource, std::uint64_t value) {
    const rlimit both{value, value};
    return ::setrlimit(static_cast<__rlimit_resource>(resource), &both) == 0;
  }

  int socket_;
  int root_;
  int status_;
  int log_;
  int report_;
  std::vector<OwnedFd> mounts_;
};

void Inside::keep_only_what_is_needed() {
  // The descriptors of the spawner and of other slices are no business of this one.
  int* const mine[] = {&socket_, &root_, &status_, &log_, &report_};
  std::array<unsigned, std::size(mine)> kept{};
  for (std::size_t i = 0; i < kept.size(); ++i) {
    *mine[i] = ::fcntl(*mine[i], F_DUPFD_CLOEXEC, first_free_fd);
    if (*mine[i] < 0) fail(StepCode::new_session, errno);
    kept[i] = static_cast<unsigned>(*mine[i]);
  }
  std::sort(kept.begin(), kept.end());
  unsigned from = report_fd;
  for (const unsigned fd : kept) {
    if (from < fd) ::close_range(from, fd - 1, 0);
    from = fd + 1;
  }
  ::close_range(from, ~0u, 0);
  // Takes the place of the report pipe, so that no other descriptor lands there.
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null != report_fd) fail(StepCode::new_session, errno);
}

void Inside::join_cgroups(const std::vector<OwnedFd>& procs) {
  // By itself: on v1 the write may wait for milliseconds, and the spawner has others to serve.
  for (const OwnedFd& fd : procs)
    if (::write(fd.get(), "0", 1) != 1) fail(StepCode::join_cgroups, errno);
}

void Inside::wait_to_go() {
  // The spawner writes the id maps first.
  char byte = 0;
  if (::recv(socket_, &byte, 1, 0) != 1) ::_exit(0);
}

void Inside::rehearse() {
  constexpr int no_fd = -1;
  const std::string nowhere;
  const std::vector<SandboxStep> like_a_slice = {
      {StepCode::seal_mounts, {nowhere}, {}},
      {StepCode::attach_mount, {"/in"}, {0}},
      {StepCode::attach_mount, {"/runink/bin/runink-step"}, {1}},
      {StepCode::attach_mount, {"/out"}, {2}},
      {StepCode::enter_working_folder, {nowhere}, {}},
      // A folder, which cannot be executed.
      {StepCode::execute, {"/", "an argument", "A_NAME=and the value that it has"}, {2}},
  };
  (void)receive_packet(no_fd, packet_bytes_max.value, mounts_max);
  const auto steps = decode<std::vector<SandboxStep>>(encode(like_a_slice), "A rehearsal");
  struct stat info {};
  ENSURE(steps.has_value());
  for (const SandboxStep& step : *steps) {
    if (step.code != StepCode::attach_mount) {
      (void)perform(step);
      continue;
    }
    (void)::fstat(no_fd, &info);
    (void)::mkdir(nowhere.c_str(), 0755);
    (void)attach_mount(no_fd, AT_FDCWD, step.texts[0].c_str());
  }
  (void)limit(no_fd, 0);
  (void)::dup2(no_fd, no_fd);
  (void)::close_range(1, 0, 0);
  (void)::sigprocmask(SIG_SETMASK, nullptr, nullptr);
}

std::vector<SandboxStep> Inside::wait_for_slice() {
  say(BerthSays::ready);
  char peek = 0;
  if (::recv(socket_, &peek, 1, MSG_PEEK) != 1) ::_exit(0);  // the spawner is gone
  Incoming in = receive_packet(socket_, packet_bytes_max.value, mounts_max + 2);
  if (in.kind != Incoming::Kind::packet) ::_exit(0);
  auto steps = decode<std::vector<SandboxStep>>(in.packet.bytes, "The steps of a slice");
  if (!steps) fail(StepCode::hand_over, EBADMSG);
  mounts_ = std::move(in.packet.fds);
  return *std::move(steps);
}

bool Inside::perform(const SandboxStep& step) {
  return performer_of(step.code) == Performer::berth_ahead ? perform_ahead(step)
                                                           : perform_now(step);
}

bool Inside::perform_ahead(const SandboxStep& step) {
  switch (step.code) {
    case StepCode::new_session: return ::setsid() >= 0;
    case StepCode::become_inner_root: return ::setresgid(0, 0, 0) == 0 && ::setresuid(0, 0, 0) == 0;
    case StepCode::unshare_cgroup_namespace: return ::unshare(CLONE_NEWCGROUP) == 0;
    case StepCode::set_host_name:
      return ::sethostname(step.texts.at(0).data(), step.texts.at(0).size()) == 0;
    case StepCode::make_mounts_private:
      return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    case StepCode::attach_root:
      return attach_mount(root_, AT_FDCWD, step.texts.at(0).c_str()) &&
             ::chdir(step.texts.at(0).c_str()) == 0 && ::close(root_) == 0;
    case StepCode::mount_proc: return mount_proc();
    case StepCode::pivot_root: return ::syscall(SYS_pivot_root, ".", ".") == 0;
    case StepCode::detach_old_root: return ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0;
    case StepCode::mount_tmp: return mount_tmp();
    case StepCode::seal_root: {
      mount_attr sealed{};
      sealed.attr_set = MOUNT_ATTR_RDONLY;
      return ::mount_setattr(AT_FDCWD, "/", 0, &sealed, sizeof sealed) == 0;
    }
    case StepCode::drop_bounding_set:
      for (int c = 0; c <= last_capability; ++c)
        if (::prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0 && errno != EINVAL) return false;
      return true;
    case StepCode::drop_groups: return ::setgroups(0, nullptr) == 0;
    case StepCode::limit_core: return limit(RLIMIT_CORE, 0);
    case StepCode::forbid_new_privileges: return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    case StepCode::start_reaper: return start_reaper();
    case StepCode::become_slice_user:
      // It keeps one capability, to attach the slice's folders; drop_capabilities takes that too.
      return ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 &&
             ::setresgid(slice_user, slice_user, slice_user) == 0 &&
             ::setresuid(slice_user, slice_user, slice_user) == 0 &&
             capabilities(1u << CAP_SYS_ADMIN);
    case StepCode::die_with_spawner: return ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
    case StepCode::hold_tools: return hold_mounts(step.texts.at(0));
    case StepCode::default_handlers:
      for (int s = 1; s < NSIG; ++s) (void)::signal(s, SIG_DFL);
      return true;
    default: errno = ENOSYS; return false;
  }
}

bool Inside::perform_now(const SandboxStep& step) {
  switch (step.code) {
    case StepCode::hold_mounts: return hold_mounts(step.texts.at(0));
    case StepCode::attach_mount: return attach(step.texts.at(0), step.numbers.at(0));
    case StepCode::seal_mounts: {
      mount_attr sealed{};
      sealed.attr_set = MOUNT_ATTR_RDONLY;
      return ::mount_setattr(AT_FDCWD, step.texts.at(0).c_str(), 0, &sealed, sizeof sealed) == 0;
    }
    case StepCode::limit_open_files: return limit(RLIMIT_NOFILE, step.numbers.at(0));
    case StepCode::limit_file_size: return limit(RLIMIT_FSIZE, step.numbers.at(0));
    case StepCode::limit_processes: return limit(RLIMIT_NPROC, step.numbers.at(0));
    case StepCode::set_streams: return set_streams();
    case StepCode::drop_capabilities: return capabilities(0);
    case StepCode::enter_working_folder: return ::chdir(step.texts.at(0).c_str()) == 0;
    case StepCode::close_descriptors:
      // Not closed yet: the socket must be there to say what fails, and its end says "exec'd".
      return ::close_range(first_free_fd, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
    case StepCode::reset_signals: {
      sigset_t none;
      ::sigemptyset(&none);
      return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
    }
    case StepCode::execute: return execute(step);
    default: errno = ENOSYS; return false;
  }
}

bool Inside::capabilities(std::uint32_t low) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct data[2] = {{low, low, 0}, {0, 0, 0}};
  return ::syscall(SYS_capset, &header, data) == 0;
}

bool Inside::mount_proc() {
  const std::pair<const char*, const char*> options[] = {{"hidepid", "invisible"},
                                                         {"subset", "pid"}};
  OwnedFd proc =
      new_mount("proc", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  return proc && attach_mount(proc.get(), AT_FDCWD, "proc");
}

bool Inside::mount_tmp() {
  const std::pair<const char*, const char*> options[] = {
      {"size", "64m"}, {"mode", "1777"}, {"nr_inodes", "16k"}};
  OwnedFd tmp = new_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  return tmp && attach_mount(tmp.get(), AT_FDCWD, "/tmp");
}

bool Inside::start_reaper() {
  const pid_t program = ::_Fork();  // no handlers: their libraries may not be here (lean_fork.hpp)
  if (program > 0) reap(program);
  if (program == 0) ::close(status_);
  return program == 0;
}

void Inside::reap(pid_t program) {
  // Another user than the program, which can therefore neither kill, trace nor see it. Where there
  // is only one user it keeps its capabilities, which has the same effect.
  if (::getuid() == 0) {
    if (::setresgid(reaper_user, reaper_user, reaper_user) < 0 ||
        ::setresuid(reaper_user, reaper_user, reaper_user) < 0 || !capabilities(0))
      fail(StepCode::start_reaper, errno);
  }
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // A spawner that is gone already sends no signal, but its end of the socket is closed (a process
  // closes its files before it tells its children): what is said next then fails and ends us. Of
  // the program nobody need ask this: it goes with us, who are pid 1.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) fail(StepCode::start_reaper, errno);
  const int status_fd = ::fcntl(status_, F_DUPFD_CLOEXEC, beyond_others);
  say(BerthSays::reaper_ready);
  ::close_range(0, static_cast<unsigned>(status_fd) - 1, 0);
  ::close_range(static_cast<unsigned>(status_fd) + 1, ~0u, 0);
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, 0);
    if (pid == program) {
      (void)!::write(status_fd, &status, sizeof status);
      ::_exit(0);  // as pid 1 it takes every other process of the slice with it
    }
    if (pid < 0 && errno == ECHILD) ::_exit(126);
  }
}

bool Inside::hold_mounts(const std::string& folder) {
  const std::pair<const char*, const char*> options[] = {{"size", "64k"}, {"mode", "755"}};
  OwnedFd holder = new_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  return holder && attach_mount(holder.get(), AT_FDCWD, folder.c_str());
}

bool Inside::attach(const std::string& path, std::size_t index) {
  const int mount = mounts_.at(index).get();
  const auto second = path.find('/', 1);
  if (second == std::string::npos) return attach_mount(mount, AT_FDCWD, path.c_str());
  struct stat info {};
  if (::fstat(mount, &info) < 0) return false;
  for (auto slash = path.find('/', second + 1); slash != std::string::npos;
       slash = path.find('/', slash + 1))
    if (::mkdir(path.substr(0, slash).c_str(), 0755) < 0 && errno != EEXIST) return false;
  if (S_ISDIR(info.st_mode)) {
    if (::mkdir(path.c_str(), 0755) < 0) return false;
  } else if (!OwnedFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644))) {
    return false;
  }
  return attach_mount(mount, AT_FDCWD, path.c_str());
}

bool Inside::set_streams() {
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return null >= 0 && ::dup2(null, 0) == 0 && ::dup2(log_, 1) == 1 && ::dup2(log_, 2) == 2 &&
         ::dup2(report_, report_fd) == report_fd && ::umask(022) != static_cast<mode_t>(-1);
}

bool Inside::execute(const SandboxStep& step) {
  const std::size_t arguments = step.numbers.at(0);
  std::vector<char*> argv;
  std::vector<char*> env;
  std::string_view path;
  for (std::size_t i = 0; i < step.texts.size(); ++i) {
    const std::string& text = step.texts[i];
    (i < arguments ? argv : env).push_back(const_cast<char*>(text.c_str()));
    if (i >= arguments && text.starts_with("PATH=")) path = std::string_view(text).substr(5);
  }
  argv.push_back(nullptr);
  env.push_back(nullptr);
  const std::string& program = step.texts.at(0);
  if (program.find('/') != std::string::npos) {
    ::execve(program.c_str(), argv.data(), env.data());
    return false;
  }
  int worst = ENOENT;
  while (!path.empty()) {
    const auto colon = path.find(':');
    const std::string full = std::string(path.substr(0, colon)) + "/" + program;
    if (full[0] == '/') ::execve(full.c_str(), argv.data(), env.data());
    // As a shell does: a program that may not be run is worth more words than one that is absent.
    if (errno != ENOENT && errno != ENOTDIR) worst = errno;
    path = colon == std::string_view::npos ? std::string_view{} : path.substr(colon + 1);
  }
  errno = worst;
  return false;
}

}  // namespace

void live_as_berth(const BerthStart& start) {
  Inside inside(start);
  inside.join_cgroups(*start.cgroups);
  inside.keep_only_what_is_needed();
  inside.wait_to_go();
  inside.perform_all(*start.steps);
  inside.rehearse();
  inside.perform_all(inside.wait_for_slice());
  ::_exit(127);
}

}  // namespace runink::isolation
