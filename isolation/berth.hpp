// A berth as the spawner sees it: a process that has its namespaces, cgroups, root and user, and
// waits for a slice; used once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isolation/berth_inside.hpp"
#include "isolation/cgroup_tree.hpp"
#include "isolation/plan.hpp"
#include "isolation/uid_ranges.hpp"
#include "vocabulary/owned_fd.hpp"
#include "vocabulary/units.hpp"

namespace runink::isolation {

/// What all berths of one spawner share.
struct BerthYard {
  Confinement confinement;
  std::vector<SandboxStep> steps;  ///< berth_steps(confinement)
  std::string root_path;           ///< where build_root made the root that every berth copies
  CgroupTree* cgroups = nullptr;   ///< null: none
  UidRanges* uids = nullptr;       ///< null: rootless
  std::uint32_t daemon_uid = 0;
  std::uint32_t daemon_gid = 0;
  bool idmap = false;
};

/// What the kernel says of a berth that ended.
struct BerthEnd {
  std::optional<int>
      program_status;  ///< as of wait(2); nothing if the program never ended by itself
  Duration cpu_user;
  Duration cpu_system;
  Bytes resident_peak;
};

class Berth {
 public:
  /// Makes the process and lets it go; `ready()` comes later. On failure the step and its errno.
  static std::expected<std::unique_ptr<Berth>, StepFailure> make(BerthYard& yard,
                                                                 const std::string& name);
  ~Berth();
  Berth(const Berth&) = delete;
  Berth& operator=(const Berth&) = delete;

  /// To be watched for reading: what it says; its end after the hand-over means "exec'd".
  int socket() const { return socket_.get(); }
  /// Readable when its last process is gone.
  int pidfd() const { return pidfd_.get(); }
  pid_t program() const { return program_; }
  bool ready() const { return reaper_ready_ && program_ > 0; }
  /// Reads what it says. False once it said its last word.
  bool listen();
  const std::optional<StepFailure>& failure() const { return failure_; }

  /// The id under which the program runs, on the host.
  std::uint32_t host_user() const { return first_id_ + slice_user; }
  /// A user namespace that maps the daemon's ids to the program's; -1 without.
  int idmap() const { return idmap_.get(); }
  CgroupGroup& cgroup() { return cgroup_; }
  /// The spawner's ends of the program's pipes, not blocking; each can be taken once.
  OwnedFd take_log() { return std::move(log_); }
  OwnedFd take_report() { return std::move(report_); }

  /// Sends the slice's steps; false if the berth is gone.
  bool hand_over(const std::vector<SandboxStep>& steps, const std::vector<int>& fds);
  void terminate_program();
  /// SIGKILL to pid 1 of its pid namespace: to everything in it.
  void kill();
  /// After `pidfd()` became readable.
  BerthEnd reap();

 private:
  explicit Berth(BerthYard& yard) : yard_(yard) {}
  std::optional<StepFailure> make_process(const std::string& name);
  /// What the process is born with and the spawner forgets.
  struct Inner {
    OwnedFd socket;
    OwnedFd status;
    OwnedFd log;
    OwnedFd report;
    OwnedFd root;
    std::vector<OwnedFd> cgroups;
  };
  std::optional<StepFailure> open_pipes(Inner& inner);
  std::optional<StepFailure> clone_process(const Inner& inner);
  std::optional<StepFailure> write_maps();

  BerthYard& yard_;
  CgroupGroup cgroup_;
  std::uint32_t first_id_ = 0;
  bool has_ids_ = false;
  OwnedFd idmap_;
  OwnedFd socket_;
  OwnedFd status_;
  OwnedFd log_;
  OwnedFd report_;
  OwnedFd pidfd_;
  OwnedFd program_pidfd_;
  pid_t pid_ = -1;
  pid_t program_ = 0;
  bool reaper_ready_ = false;
  std::optional<StepFailure> failure_;
};

/// A user namespace with these maps that lives in its descriptor only.
OwnedFd make_user_namespace(const std::string& uid_map, const std::string& gid_map);

}  // namespace runink::isolation
