#include "bench/support/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "bench/floor.hpp"
#include "bench/support/table.hpp"

namespace runink::bench {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t patience_ns = 30'000'000'000;
constexpr int poll_us = 2'000;  // between two looks whether a process is up or gone

/// What must not outlive this program.
struct Left {
  std::set<pid_t> children;
  std::vector<fs::path> folders;
};

void tidy_up();

Left& left() {
  static Left all;
  static const bool registered = std::atexit(tidy_up) == 0;
  (void)registered;
  return all;
}

void tidy_up() {
  for (const pid_t pid : left().children) ::kill(pid, SIGTERM);
  const std::int64_t deadline = now_ns() + patience_ns / 3;
  for (const pid_t pid : left().children) {
    while (::waitpid(pid, nullptr, WNOHANG) == 0 && now_ns() < deadline) ::usleep(poll_us);
    if (now_ns() >= deadline) ::kill(pid, SIGKILL);
  }
  std::error_code ignored;
  for (const fs::path& folder : left().folders) fs::remove_all(folder, ignored);
}

std::set<pid_t>& children() { return left().children; }

std::int64_t ticks_to_ns(std::int64_t ticks) {
  return ticks * (1'000'000'000 / ::sysconf(_SC_CLK_TCK));
}

/// utime and stime of a process with those of its ended threads.
std::int64_t whole_cpu_ns(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto behind_name = text.rfind(')');
  if (behind_name == std::string::npos) return 0;
  std::istringstream rest(text.substr(behind_name + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;  // proc(5): state is the third, utime the 14th
  std::int64_t user = 0, system = 0;
  rest >> user >> system;
  return ticks_to_ns(user + system);
}

/// All that any process and the kernel did, from the first line of /proc/stat.
std::int64_t machine_cpu_ns() {
  std::ifstream in("/proc/stat");
  std::string cpu;
  std::int64_t user = 0, nice = 0, system = 0, idle = 0, waits = 0, irq = 0, softirq = 0;
  in >> cpu >> user >> nice >> system >> idle >> waits >> irq >> softirq;
  return ticks_to_ns(user + nice + system + irq + softirq);
}

std::int64_t own_cpu_ns() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto ns = [](const timeval& time) {
    return time.tv_sec * 1'000'000'000 + time.tv_usec * 1'000;
  };
  return ns(use.ru_utime) + ns(use.ru_stime);
}

}  // namespace

fs::path scratch_folder(const std::string& in, const std::string& name) {
  std::string made = in + "/" + name + "-XXXXXX";
  if (::mkdtemp(made.data()) == nullptr) give_up("no folder can be made in " + in);
  left().folders.emplace_back(made);
  return made;
}

pid_t start_process(const std::vector<std::string>& words, const fs::path& log) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), ::environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) give_up(words.front() + " cannot be started: " + std::strerror(error));
  children().insert(pid);
  return pid;
}

void end_process(pid_t pid, int signal) {
  if (!children().contains(pid)) return;
  if (runs(pid)) {
    ::kill(pid, signal);
    ::waitpid(pid, nullptr, 0);
    children().erase(pid);
  }
}

bool runs(pid_t pid) {
  if (!children().contains(pid)) return false;
  if (::waitpid(pid, nullptr, WNOHANG) == 0) return true;
  children().erase(pid);  // it was reaped: the number may be another's
  return false;
}

void wait_until_gone(pid_t pid) {
  const std::int64_t deadline = now_ns() + patience_ns;
  while (pid > 0 && ::kill(pid, 0) == 0 && now_ns() < deadline) ::usleep(poll_us);
}

void wait_until(const std::string& what, const std::function<bool()>& condition) {
  const std::int64_t deadline = now_ns() + patience_ns;
  while (!condition()) {
    if (now_ns() > deadline) give_up("not within half a minute: " + what);
    ::usleep(poll_us);
  }
}

bool is_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((fs::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

std::int64_t cpu_ns(pid_t pid) {
  std::int64_t sum = 0;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : fs::directory_iterator(tasks)) {
    std::int64_t one = 0;
    std::ifstream(task.path() / "schedstat") >> one;
    sum += one;
  }
  return sum;
}

double status_mib(pid_t pid, std::string_view key) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(std::string(key) + ":"))
      return std::stod(line.substr(key.size() + 1)) / 1024;
  give_up("process " + std::to_string(pid) + " has no " + std::string(key));
}

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& one : fs::recursive_directory_iterator(folder)) {
    std::error_code gone;  // a file may be removed while we look
    if (const auto size = one.is_regular_file(gone) ? one.file_size(gone) : 0; !gone) bytes += size;
  }
  return bytes;
}

CpuWatch::CpuWatch(std::vector<pid_t> nodes)
    : nodes_(std::move(nodes)),
      began_ns_(now_ns()),
      machine_ns_(machine_cpu_ns()),
      nodes_ns_(0),
      client_ns_(own_cpu_ns()) {
  for (const pid_t pid : nodes_) nodes_ns_ += whole_cpu_ns(pid);
}

CpuUse CpuWatch::so_far() const {
  std::int64_t nodes = -nodes_ns_;
  for (const pid_t pid : nodes_) nodes += whole_cpu_ns(pid);
  const std::int64_t client = own_cpu_ns() - client_ns_;
  const std::int64_t machine = machine_cpu_ns() - machine_ns_;
  const double wall = static_cast<double>(now_ns() - began_ns_);
  return {static_cast<double>(nodes) / wall, static_cast<double>(client) / wall,
          static_cast<double>(std::max<std::int64_t>(machine - nodes - client, 0)) / wall};
}

}  // namespace runink::bench
