#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "isolation/spawner.hpp"
#include "isolation/spawner_client.hpp"
#include "vocabulary/clock.hpp"

namespace runink::isolation {
namespace {

constexpr int ready_fd = 3;
/// Between two looks at a spawner that somebody else is starting or stopping.
constexpr int busy_pause_ms = 20;

/// Forks twice, so that the spawner is nobody's child. Only plain system calls between fork and
/// exec: other threads may hold any lock.
bool fork_spawner(const std::string& program, const std::string& file, int ready, int log) {
  const std::string number = std::to_string(ready_fd);
  char* const argv[] = {const_cast<char*>(program.c_str()), const_cast<char*>(file.c_str()),
                        const_cast<char*>("--ready-fd"), const_cast<char*>(number.c_str()),
                        nullptr};
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    const int null = ::open("/dev/null", O_RDWR);
    const int high = ::fcntl(ready, F_DUPFD, 16);
    if (null < 0 || high < 0 || ::dup2(null, 0) < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0 ||
        ::dup2(high, ready_fd) < 0)
      ::_exit(127);
    ::close_range(ready_fd + 1, ~0u, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execv(argv[0], argv);
    ::_exit(127);
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return true;
}

/// The line that the spawner writes when it is ready or gives up; empty when the time is over or
/// it died without a word.
std::string wait_for_word(int fd, Instant deadline) {
  std::string text;
  for (;;) {
    const Duration left = deadline - real_clock().now();
    if (left.ns <= 0) return {};
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(left.ns / 1'000'000) + 1) <= 0) {
      if (errno == EINTR) continue;
      return {};
    }
    char piece[512];
    const ssize_t n = ::read(fd, piece, sizeof piece);
    if (n <= 0) return text;
    text.append(piece, static_cast<std::size_t>(n));
    if (text.ends_with('\n')) {
      text.pop_back();
      return text;
    }
  }
}

/// Who is at a spawner's socket.
enum class Listener {
  none,
  /// Takes no connection of ours, or ends it without a word: what a killed spawner leaves behind may hold its
  /// socket for a moment; a live one does so when it serves another account or has as many as it takes.
  mute,
  spawner
};

Result<Listener> who_listens(const std::string& socket_path, Instant deadline) {
  auto client = SpawnerClient::connect(socket_path);
  if (!client) {
    const FaultKind kind = client.error().kind;
    if (kind == FaultKind::no_such_thing) return Listener::none;
    if (kind == FaultKind::outside_failed) return Listener::mute;
    return std::unexpected(client.error());
  }
  for (;;) {
    const auto word = client->receive();
    if (!word) return Listener::mute;
    if (*word) return Listener::spawner;
    const Duration left = deadline - real_clock().now();
    if (left.ns <= 0)
      return fail(FaultKind::out_of_time,
                  "The spawner at " + socket_path + " says nothing. Look for runink-spawner.");
    pollfd wait{client->fd(), POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>(left.ns / 1'000'000) + 1);
  }
}

/// Why there is no spawner to speak with, although another one holds the lock.
std::unexpected<Fault> another_one(const SpawnerConfig& config, Listener listener) {
  const std::string lock = "Another spawner holds " + config.lock_path() + " and ";
  if (listener == Listener::mute)
    return fail(
        FaultKind::out_of_time,
        lock +
            "listens and ends our connections; it may serve another account, or have as many "
            "connections as it takes. Look whose daemon uses " +
            config.data + ".");
  return fail(FaultKind::out_of_time, lock + "does not listen. Look for runink-spawner.");
}

}  // namespace

Result<void> start_spawner(const SpawnerConfig& config, const std::string& program,
                           Duration patience) {
  const Instant deadline = real_clock().now() + patience;
  // A spawner that runs already reads the mount prefixes again at every Hello.
  if (auto ok = write_spawner_config(config); !ok) return ok;
  if (::access(program.c_str(), X_OK) < 0)
    return std::unexpected(outside_fault("The spawner " + program + " cannot be run", errno));
  OwnedFd log(::open(config.log_path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log)
    return std::unexpected(
        outside_fault("The spawner's log " + config.log_path() + " cannot be opened", errno));
  for (bool busy = false;;) {
    const auto there = who_listens(config.socket_path(), deadline);
    if (!there) return std::unexpected(there.error());
    if (*there == Listener::spawner) return {};
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) < 0)
      return std::unexpected(outside_fault("A pipe cannot be made", errno));
    OwnedFd in(pipe[0]);
    OwnedFd out(pipe[1]);
    if (!fork_spawner(program, config.file_path(), out.get(), log.get()))
      return std::unexpected(outside_fault("The spawner cannot be started", errno));
    out.reset();
    const std::string word = wait_for_word(in.get(), deadline);
    if (word == spawner_ready) return {};
    const bool late = real_clock().now() >= deadline;
    busy = word == spawner_busy || (busy && word.empty() && late);
    if (!busy)
      return fail(
          FaultKind::outside_failed,
          "The spawner did not start: " +
              (word.empty() ? "it said nothing. Its log is " + config.log_path() + "." : word));
    // Somebody else's spawner holds the lock: about to listen, or about to end.
    if (late) return another_one(config, *there);
    ::poll(nullptr, 0, busy_pause_ms);
  }
}

}  // namespace runink::isolation
