#include "tests/isolation/spawner_house.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace runink::isolation {
namespace fs = std::filesystem;
namespace {
const fs::path program_path = fs::path(RUNINK_BIN_DIR) / "runink-spawner";
constexpr Duration patience = seconds(20);
}  // namespace

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result(::geteuid() == 0);
  result.message() << "this needs root: cgroups, id ranges and idmapped mounts";
  return result;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const fs::path& path, const std::string& text, int mode) {
  std::ofstream(path, std::ios::binary) << text;
  fs::permissions(path, static_cast<fs::perms>(mode));
}

bool readable(int fd, Duration within) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(within.ns / 1'000'000)) == 1;
}

House::House(SpawnerConfig wanted) : config(std::move(wanted)) {
  config.data = (dir / "data").string();
  if (config.mount_prefixes.empty()) config.mount_prefixes = {(dir / "lake").string()};
  fs::create_directories(dir / "data" / "slices");
  fs::create_directories(dir / "lake");
  start();
  connect();
}

House::~House() { shut_down(); }

void House::start() {
  const auto ok = start_spawner(config, program_path.string(), patience);
  BOOST_REQUIRE_MESSAGE(ok.has_value(), (ok ? "" : ok.error().what));
}

void House::connect() {
  auto made = SpawnerClient::connect(config.socket_path());
  BOOST_REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().what));
  client = *std::move(made);
  spawner_pidfd = OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, spawner_pid(), 0)));
  BOOST_REQUIRE(std::holds_alternative<Welcome>(next().message));
}

pid_t House::spawner_pid() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  ::getsockopt(client->fd(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer.pid;
}

fs::path House::folder(const SandboxSpec& spec) const {
  return fs::path(config.data) / "slices" / spec.slice.value;
}

SandboxSpec House::program(const std::string& id, std::vector<std::string> argv) {
  SandboxSpec spec;
  spec.slice = SliceId{id};
  spec.argv = std::move(argv);
  spec.env = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/tmp"}};
  const fs::path at = folder(spec);
  for (const char* name : {"in", "out", "scratch"}) {
    fs::create_directories(at / name);
    (void)!::chown((at / name).c_str(), config.daemon_uid, config.daemon_gid);
    fs::permissions(at / name, fs::perms::owner_all);
  }
  spec.mounts = {{(at / "in").string(), "/in", true, MountKind::input}};
  spec.output = (at / "out").string();
  spec.scratch = (at / "scratch").string();
  spec.limits.memory = MiB(128);
  spec.limits.pids = 32;
  spec.timeout = seconds(30);
  return spec;
}

SandboxSpec House::shell(const std::string& id, const std::string& script) {
  return program(id, {"/bin/sh", "-c", script});
}

void House::launch(const SandboxSpec& spec) {
  const OwnedFd log(::open((folder(spec) / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const OwnedFd report(
      ::open((folder(spec) / "report").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const int fds[] = {log.get(), report.get()};
  const auto ok = client->send(Launch{spec}, fds);
  BOOST_REQUIRE_MESSAGE(ok.has_value(), (ok ? "" : ok.error().what));
}

void House::say(const ToSpawner& message) { BOOST_REQUIRE(client->send(message).has_value()); }

Received House::next() {
  for (;;) {
    auto got = client->receive();
    BOOST_REQUIRE_MESSAGE(got.has_value(), (got ? "" : got.error().what));
    if (*got) return *std::move(*got);
    BOOST_REQUIRE_MESSAGE(readable(client->fd(), patience), "the spawner says nothing");
  }
}

Launched House::launched(const SandboxSpec& spec) {
  for (;;) {
    const Received got = next();
    if (const auto* one = std::get_if<Launched>(&got.message); one && one->slice == spec.slice)
      return *one;
    if (const auto* one = std::get_if<Exited>(&got.message); one && one->report.slice == spec.slice)
      BOOST_FAIL("it ended before it was launched: " + to_sentence(one->report));
    if (const auto* no = std::get_if<Refused>(&got.message)) BOOST_FAIL("refused: " + no->what);
  }
}

ExitReport House::exited(const SandboxSpec& spec) {
  for (;;) {
    const Received got = next();
    if (const auto* one = std::get_if<Exited>(&got.message); one && one->report.slice == spec.slice)
      return one->report;
    if (const auto* no = std::get_if<Refused>(&got.message)) BOOST_FAIL("refused: " + no->what);
  }
}

ExitReport House::run(const SandboxSpec& spec) {
  launch(spec);
  ExitReport report = exited(spec);
  say(Ack{spec.slice});
  return report;
}

Refused House::refused() {
  for (;;) {
    const Received got = next();
    if (const auto* no = std::get_if<Refused>(&got.message)) return *no;
    if (const auto* one = std::get_if<Launched>(&got.message))
      BOOST_FAIL("launched instead of refused: " + one->slice.value);
  }
}

Slices House::list() {
  say(List{});
  for (;;) {
    const Received got = next();
    if (const auto* one = std::get_if<Slices>(&got.message)) return *one;
  }
}

std::string House::log(const SandboxSpec& spec) const { return read_file(folder(spec) / "log"); }
bool House::logs(const SandboxSpec& spec, const std::string& words) const {
  const Instant deadline = real_clock().now() + patience;
  while (log(spec).find(words) == std::string::npos) {
    if (real_clock().now() >= deadline) return false;
    ::usleep(10'000);
  }
  return true;
}
std::string House::report(const SandboxSpec& spec) const {
  return read_file(folder(spec) / "report");
}

std::size_t House::groups() const {
  std::size_t count = 0;
  for (const char* controller : {"cpu", "memory", "pids", "unified"}) {
    const fs::path at = fs::path("/sys/fs/cgroup") / controller / effective_cgroup_prefix(config);
    if (!fs::exists(at)) continue;
    for (const auto& entry : fs::directory_iterator(at)) count += entry.is_directory() ? 1 : 0;
  }
  return count;
}

std::string House::leftovers() const {
  std::string found;
  for (const char* controller : {"cpu", "memory", "pids", "unified", "."}) {
    const fs::path at = fs::path("/sys/fs/cgroup") / controller / effective_cgroup_prefix(config);
    if (fs::exists(at)) found += "cgroup " + at.string() + "\n";
  }
  for (const fs::path& path : {fs::path(config.socket_path()), fs::path(config.root_path())})
    if (fs::exists(path)) found += "file " + path.string() + "\n";
  std::istringstream mounts(read_file("/proc/self/mountinfo"));
  for (std::string line; std::getline(mounts, line);)
    if (line.find(dir.string()) != std::string::npos) found += "mount " + line + "\n";
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code gone;
    const std::string command = read_file(entry.path() / "cmdline");
    if (command.find(config.data) != std::string::npos &&
        command.find("spawner.toml") != std::string::npos)
      found += "process " + entry.path().string() + "\n";
    const fs::path root = fs::read_symlink(entry.path() / "root", gone);
    if (!gone && root.string().find(config.data) != std::string::npos)
      found += "process in " + root.string() + "\n";
  }
  return found;
}

void House::shut_down() {
  if (!spawner_pidfd) return;
  // A test that failed may have lost its connection; the spawner must end all the same.
  if (!client || !client->send(Shutdown{true}))
    ::syscall(SYS_pidfd_send_signal, spawner_pidfd.get(), SIGTERM, nullptr, 0);
  if (spawner_pidfd)
    BOOST_TEST(readable(spawner_pidfd.get(), patience), "the spawner does not end");
  client.reset();
  spawner_pidfd.reset();
}

}  // namespace runink::isolation
