// A spawner of the test's own, with a data folder in a temporary place.
#pragma once

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "isolation/isolation.hpp"
#include "tests/support/folder.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::isolation {

/// For `precondition`: root, and cgroups to write to.
boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id);

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text, int mode = 0644);

struct House {
  explicit House(SpawnerConfig wanted = {});
  ~House();

  void start();
  void connect();
  /// The process at the other end of the connection.
  pid_t spawner_pid() const;

  /// `script` for /bin/sh, with folders of its own; the daemon's user owns them.
  SandboxSpec shell(const std::string& id, const std::string& script);
  SandboxSpec program(const std::string& id, std::vector<std::string> argv);
  void launch(const SandboxSpec& spec);
  void say(const ToSpawner& message);

  /// The next message; the test fails if none comes for twenty seconds.
  Received next();
  /// The next of this kind about this slice; others are passed over.
  Launched launched(const SandboxSpec& spec);
  ExitReport exited(const SandboxSpec& spec);
  /// Launches, waits, acknowledges.
  ExitReport run(const SandboxSpec& spec);
  Refused refused();
  Slices list();
  std::string log(const SandboxSpec& spec) const;
  /// Waits until the program has written `words`; false when they do not come in twenty seconds.
  bool logs(const SandboxSpec& spec, const std::string& words) const;
  std::string report(const SandboxSpec& spec) const;
  std::filesystem::path folder(const SandboxSpec& spec) const;
  /// Everything it left on the machine, one line each; nothing is the only good answer.
  std::string leftovers() const;
  /// Groups of slices and berths that exist now.
  std::size_t groups() const;
  /// Forces an end and waits until the process is gone.
  void shut_down();

  test::Folder its_folder;
  const std::filesystem::path dir = its_folder.path;
  SpawnerConfig config;
  std::optional<SpawnerClient> client;
  OwnedFd spawner_pidfd;
};

/// True when the descriptor becomes readable in time.
bool readable(int fd, Duration within);

}  // namespace runink::isolation
