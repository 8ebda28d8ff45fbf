#include "tools/runi/admin_client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "tools/runi/members.hpp"
#include "tools/runi/texts.hpp"
#include "vocabulary/text.hpp"

namespace runink::runi {
namespace {

constexpr int tick_ms = 100;

/// A connection, or errno.
std::expected<OwnedFd, int> dial(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return std::unexpected(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return std::unexpected(errno);
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return fd;
}

std::vector<std::string> usual_places() {
  std::vector<std::string> places{"/run/runink", "/var/lib/runink"};
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime && *runtime)
    places.push_back(std::string(runtime) + "/runink");
  if (const char* home = std::getenv("HOME"); home && *home)
    places.push_back(std::string(home) + "/.local/share/runink");
  return places;
}

AdminError lost(std::string message) { return {"lost", std::move(message), exit_error, {}}; }

}  // namespace

AdminError error_of(const Fault& fault, int exit) {
  return {std::string(to_string(fault.kind)), fault.what, exit, {}};
}

Answer<std::string> find_socket(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* named = std::getenv("RUNINK_SOCKET"); named && *named) return std::string(named);
  std::vector<std::string> living;
  std::string looked;
  for (const std::string& place : usual_places()) {
    looked += (looked.empty() ? "" : ", ") + place;
    std::error_code ignored;
    for (const auto& one : std::filesystem::directory_iterator(place, ignored))
      if (one.path().extension() == ".sock" && dial(one.path().string()))
        living.push_back(one.path().string());
  }
  if (living.size() == 1) return living.front();
  if (living.empty())
    return std::unexpected(AdminError{
        "no_such_thing",
        "No node listens at the usual places (" + looked +
            "). Start one with `runinkd --config FILE`, or name its socket with --socket or in "
            "RUNINK_SOCKET.",
        exit_error,
        {}});
  std::ranges::sort(living);
  std::string all;
  for (const std::string& one : living) all += "\n  " + printable(one);
  return std::unexpected(
      AdminError{"bad_input",
                 "Several nodes listen here; choose one with --socket or RUNINK_SOCKET:" + all,
                 exit_usage,
                 {}});
}

Answer<AdminClient> AdminClient::connect(const std::string& socket) {
  auto fd = dial(socket);
  if (fd) return AdminClient(std::move(*fd));
  const int error = fd.error();
  std::string why = std::strerror(error);
  std::string advice = "Is the node running?";
  if (error == EACCES)
    advice = "Use the account that owns the socket, or join the socket's group.";
  else if (error == ECONNREFUSED || error == ENOENT)
    advice = "No node listens there. Start it with `runinkd --config FILE`.";
  return std::unexpected(
      AdminError{error == EACCES ? "not_allowed" : "lost",
                 "Cannot connect to " + printable(socket) + ": " + why + ". " + advice,
                 error == EACCES ? 3 : static_cast<int>(exit_error),
                 {}});
}

std::optional<AdminError> AdminClient::wait_for(short what, const Waiting& waiting) {
  for (std::int64_t waited = 0;; waited += tick_ms) {
    if (waiting.go_on && !waiting.go_on())
      return AdminError{"interrupted", "", exit_interrupted, {}};
    if (waiting.silence_ms > 0 && waited > waiting.silence_ms)
      return AdminError{"lost",
                        "The node has not answered for " + time_text(waited) +
                            ". It may be stopped or overloaded; see its log.",
                        exit_timeout,
                        {}};
    pollfd look{fd_.get(), what, 0};
    const int ready = ::poll(&look, 1, tick_ms);
    if (ready > 0) return std::nullopt;
    if (ready < 0 && errno != EINTR) return lost(std::string("poll: ") + std::strerror(errno));
  }
}

Answer<void> AdminClient::send(const std::string& line, const Waiting& waiting) {
  for (std::size_t sent = 0; sent < line.size();) {
    const auto size = ::send(fd_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (size > 0) {
      sent += static_cast<std::size_t>(size);
    } else if (errno == EAGAIN) {
      if (auto stop = wait_for(POLLOUT, waiting)) return std::unexpected(std::move(*stop));
    } else if (errno != EINTR) {
      return {};  // who is sent away is told why: the next read has it, or the end
    }
  }
  return {};
}

Answer<std::string> AdminClient::next_line(const Waiting& waiting) {
  std::size_t searched = 0;
  while (true) {
    if (const auto end = unread_.find('\n', searched); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    searched = unread_.size();
    if (auto stop = wait_for(POLLIN, waiting)) return std::unexpected(std::move(*stop));
    char chunk[65536];
    const auto size = ::recv(fd_.get(), chunk, sizeof(chunk), 0);
    if (size > 0)
      unread_.append(chunk, static_cast<std::size_t>(size));
    else if (size == 0 || (errno != EAGAIN && errno != EINTR))
      return std::unexpected(lost("The connection to the node was lost before it answered."));
  }
}

Answer<boost::json::value> AdminClient::ask(boost::json::object request, const Waiting& waiting) {
  const std::int64_t id = next_id_++;
  request["id"] = id;
  std::string line = boost::json::serialize(request);
  if (!is_utf8(line))
    return std::unexpected(
        AdminError{"bad_input",
                   "A word of this call, or a name of a file, is no UTF-8. Use a "
                   "terminal and names in UTF-8.",
                   exit_error,
                   {}});
  line += '\n';
  if (auto sent = send(line, waiting); !sent) return std::unexpected(sent.error());
  while (true) {
    auto heard = next_line(waiting);
    if (!heard) return std::unexpected(heard.error());
    boost::json::error_code wrong;
    auto parsed = boost::json::parse(*heard, wrong);
    const auto& answer = as_object(parsed);
    if (wrong || answer.empty())
      return std::unexpected(lost("The node answered with something that is not its protocol."));
    if (answer.contains("error")) {
      const auto& error = object_at(answer, "error");
      return std::unexpected(AdminError{text_at(error, "kind"), text_at(error, "message"),
                                        static_cast<int>(number_at(error, "exit", exit_error)),
                                        array_at(error, "diagnostics")});
    }
    if (number_at(answer, "id", -1) != id) continue;
    if (const auto* result = answer.if_contains("result")) return *result;
    if (waiting.on_event) waiting.on_event(object_at(answer, "event"));
  }
}

}  // namespace runink::runi
