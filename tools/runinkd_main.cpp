// runinkd: the daemon of one node.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include "actors/doors/peer_account.hpp"
#include "actors/node.hpp"
#include "actors/recover.hpp"
#include "config/cluster_file.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/fault_point.hpp"
#include "vocabulary/version.hpp"

namespace {

constexpr const char* footer = R"(
Exit codes: 0 stopped as asked, 1 could not start, 2 usage,
70 stopped itself because its disk, log or state cannot be trusted,
77 the cluster has removed this node: do not start it again with this data folder.

SIGTERM and SIGINT stop it; SIGHUP reads the certificates of [tls] anew.

Examples:
  runinkd --config /etc/runink/cluster.toml
  runinkd --config cluster.toml --check-config)";

int recover(const std::string& path, bool perform) {
  auto file = runink::config::load_cluster_file(path);
  if (!file) {
    std::fprintf(stderr, "%s\n", file.error().what.c_str());
    return 1;
  }
  runink::actors::RecoverOptions options;
  options.config = std::move(*file);
  options.perform = perform;
  options.caller = {::getuid(), runink::actors::read_account(::getuid()).name};
  options.now = runink::real_clock().wall();
  auto told = runink::actors::recover_alone(std::move(options));
  if (!told) {
    std::fprintf(stderr, "runinkd: %s\n", told.error().what.c_str());
    return 1;
  }
  std::fputs(told->c_str(), stdout);
  return 0;
}

/// The folder that this program lies in: its siblings are the other tools.
std::string own_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

int check(const std::string& path) {
  auto file = runink::config::load_cluster_file(path);
  if (!file) {
    std::fprintf(stderr, "%s\n", file.error().what.c_str());
    return 1;
  }
  std::fputs(runink::config::describe(*file).c_str(), stdout);
  return 0;
}

int serve(const std::string& path, const sigset_t& signals) {
  auto file = runink::config::load_cluster_file(path);
  if (!file) {
    std::fprintf(stderr, "%s\n", file.error().what.c_str());
    return 1;
  }
  runink::actors::NodeOptions options;
  options.config = std::move(*file);
  options.tools = own_folder();
  const std::string data = options.config.node.data;
  auto node = runink::actors::Node::start(std::move(options));
  if (!node) {
    std::fprintf(stderr, "runinkd: %s\n", node.error().what.c_str());
    return runink::actors::exit_code_of_failed_start(data);
  }
  int signal = 0;
  do {
    ::sigwait(&signals, &signal);
    if (signal == SIGHUP) (void)(*node)->reload();  // it says in its log what came of it
  } while (signal == SIGHUP);
  (*node)->stop();
  return (*node)->exit_code();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs one node of a Runink cluster."};
  app.footer(footer);
  std::string path;
  bool check_only = false;
  app.add_option("--config", path, "The cluster file")->required()->type_name("FILE");
  app.add_flag("--check-config", check_only,
               "Read the cluster file, tell every mistake at once, print what holds, and end");
  bool recover_only = false, yes = false;
  auto* recovers =
      app.add_flag("--recover", recover_only,
                   "Say what would be lost if this node went on alone, as `runi recover` does");
  app.add_flag("--yes", yes, "With --recover: do it")->needs(recovers);
  app.set_version_flag("--version", std::string(runink::runink_version));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (check_only) return check(path);
  if (recover_only) return recover(path, yes);
  // For tests: kill this process at a named moment (vocabulary/fault_point.hpp).
  if (const char* point = ::getenv("RUNINK_FAULT_POINT")) {
    if (auto armed = runink::arm_fault_point(point); !armed) {
      std::fprintf(stderr, "runinkd: %s\n", armed.error().what.c_str());
      return 2;
    }
  }
  // Before the first thread, so that all of them leave these to sigwait.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return serve(path, signals);
}
