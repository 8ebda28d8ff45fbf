// A plain client of the admin socket.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/support/folder.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::actors {

using test::Folder;

inline OwnedFd connect_to(const std::filesystem::path& path) {
  OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return {};
  return fd;
}

class Client {
 public:
  explicit Client(const std::filesystem::path& path) : fd_(connect_to(path)) {
    BOOST_REQUIRE_MESSAGE(fd_, "no connection to " << path);
  }
  void say(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// The next line; nothing at the end of the connection or after ten seconds.
  std::optional<std::string> hear() {
    while (true) {
      if (auto end = unread_.find('\n'); end != std::string::npos) {
        std::string line = unread_.substr(0, end);
        unread_.erase(0, end + 1);
        return line;
      }
      pollfd look{fd_.get(), POLLIN, 0};
      if (::poll(&look, 1, 10'000) != 1) return std::nullopt;
      char chunk[65536];
      const auto size = ::recv(fd_.get(), chunk, sizeof(chunk), 0);
      if (size <= 0) return std::nullopt;
      unread_.append(chunk, static_cast<std::size_t>(size));
    }
  }
  boost::json::value hear_json() {
    auto line = hear();
    BOOST_REQUIRE_MESSAGE(line, "no answer");
    return boost::json::parse(*line);
  }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }

 private:
  OwnedFd fd_;
  std::string unread_;
};

inline std::string text(const boost::json::value& value) { return boost::json::serialize(value); }

}  // namespace runink::actors
