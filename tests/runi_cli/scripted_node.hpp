// A listening socket that answers as a test says, and the real `runi` run against it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/folder.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::runi {

/// What `runi` left behind.
struct Ended {
  std::string out;
  std::string err;
  int code = -1;
};

class ScriptedNode {
 public:
  /// Writes answers with `say`; false closes the connection without another word.
  using Say = std::function<void(const std::string& member, boost::json::value)>;
  using Script = std::function<bool(const boost::json::object& request, const Say& say)>;

  explicit ScriptedNode(Script script) : script_(std::move(script)) {
    listener_ = OwnedFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof(address.sun_path) - 1);
    BOOST_REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) ==
                  0);
    BOOST_REQUIRE(::listen(listener_.get(), 16) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedNode() {
    stop_ = true;
    thread_.join();
  }

  /// Starts `runi arguments...`.
  pid_t start(std::vector<std::string> arguments, int out, int err) {
    arguments.insert(arguments.begin(), std::string(RUNINK_BIN_DIR) + "/runi");
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(out, STDOUT_FILENO);
      ::dup2(err, STDERR_FILENO);
      std::vector<char*> words;
      for (std::string& one : arguments) words.push_back(one.data());
      words.push_back(nullptr);
      ::execv(words[0], words.data());
      ::_exit(127);
    }
    return child;
  }
  /// Runs `runi --socket SOCKET arguments...` to its end; `while_it_runs` gets its pid.
  Ended runi(std::vector<std::string> arguments,
             const std::function<void(pid_t)>& while_it_runs = {}) {
    arguments.insert(arguments.begin(), {"--socket", socket.string()});
    return to_its_end(std::move(arguments), while_it_runs);
  }
  /// What the shells' scripts are told for these words.
  Ended complete(std::vector<std::string> words) {
    words.insert(words.begin(), "__complete");
    return to_its_end(std::move(words), {});
  }
  /// Every request so far, in the order in which they came.
  std::vector<boost::json::object> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }

  const test::Folder its_folder;
  const std::filesystem::path folder = its_folder.path;
  const std::filesystem::path socket = folder / "n.sock";

 private:
  Ended to_its_end(std::vector<std::string> arguments,
                   const std::function<void(pid_t)>& while_it_runs) {
    const auto out = folder / "out", err = folder / "err";
    const OwnedFd out_fd(::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    const OwnedFd err_fd(::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    const pid_t child = start(std::move(arguments), out_fd.get(), err_fd.get());
    if (while_it_runs) while_it_runs(child);
    int status = 0;
    ::waitpid(child, &status, 0);
    return {text_of(out), text_of(err), WIFEXITED(status) ? WEXITSTATUS(status) : -1};
  }
  static std::string text_of(const std::filesystem::path& file) {
    std::string all(std::filesystem::file_size(file), '\0');
    const OwnedFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    all.resize(static_cast<std::size_t>(::read(fd.get(), all.data(), all.size())));
    return all;
  }
  void serve() {
    while (!stop_) {
      pollfd look{listener_.get(), POLLIN, 0};
      if (::poll(&look, 1, 20) != 1) continue;
      const OwnedFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      converse(peer.get());
    }
  }
  void converse(int peer) {
    std::string unread;
    while (!stop_) {
      pollfd look{peer, POLLIN, 0};
      if (::poll(&look, 1, 20) != 1) continue;
      char chunk[65536];
      const auto size = ::recv(peer, chunk, sizeof(chunk), 0);
      if (size <= 0) return;
      unread.append(chunk, static_cast<std::size_t>(size));
      for (auto end = unread.find('\n'); end != std::string::npos; end = unread.find('\n')) {
        const auto request = boost::json::parse(unread.substr(0, end)).get_object();
        unread.erase(0, end + 1);
        {
          std::lock_guard lock(mutex_);
          requests_.push_back(request);
        }
        auto say = [&](const std::string& member, boost::json::value value) {
          boost::json::object line;
          line["id"] = request.at("id");
          line[member] = std::move(value);
          const std::string text = boost::json::serialize(line) + "\n";
          [[maybe_unused]] auto sent = ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
        };
        if (!script_(request, say)) return;
      }
    }
  }

  Script script_;
  OwnedFd listener_;
  std::thread thread_;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::vector<boost::json::object> requests_;
};

}  // namespace runink::runi
