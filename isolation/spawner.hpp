// The spawner: one thread, one epoll loop, the only process that keeps privileges. It makes
// berths, turns them into slices, moves their pipes, watches their deadlines, and keeps their exit
// reports until the daemon has them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isolation/berth.hpp"
#include "isolation/cgroup_tree.hpp"
#include "isolation/packet_socket.hpp"
#include "isolation/pipe_copy.hpp"
#include "isolation/protocol.hpp"
#include "isolation/slice_end.hpp"
#include "isolation/spawner_config.hpp"
#include "vocabulary/clock.hpp"

namespace runink::isolation {

/// What the program tells whoever waits for it on `--ready-fd`, one line.
inline constexpr std::string_view spawner_ready = "ready";
inline constexpr std::string_view spawner_busy = "busy";  ///< another one serves this data folder

class Spawner {
 public:
  /// Everything up to the listening socket. `conflict` when another one serves the data folder.
  static Result<std::unique_ptr<Spawner>> open(const SpawnerConfig& config);
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  /// Serves until Shutdown or SIGTERM; then nothing of it is left but its log and its lock file.
  void run();

 private:
  /// A slice that was accepted and has not ended.
  struct LiveSlice {
    SandboxSpec spec;
    std::vector<OwnedFd> sources;  ///< of planned_mounts(spec), O_PATH
    OwnedFd log_file;
    OwnedFd report_file;
    PipeCopy log;
    PipeCopy report_pipe;
    ExitReport report;
    Instant lease_deadline;
    Instant timeout_deadline;
    std::optional<Instant> kill_at;
    std::optional<BegunKill> kill;
    std::optional<StepFailure> setup_failure;
    bool execed = false;
    std::vector<std::size_t> lent;  ///< mounts whose folder was given to the slice's user by chown
  };
  /// A berth, from its making to its last process.
  struct Place {
    std::unique_ptr<Berth> berth;
    std::optional<LiveSlice> slice;
    std::optional<BerthEnd> end;  ///< its processes are gone, its cgroup is not empty yet
    bool said_all = false;
    bool was_ready = false;
  };
  struct Outgoing {
    std::string packet;
    std::vector<OwnedFd> fds;
  };
  struct Connection {
    OwnedFd socket;
    bool greeted = false;
    std::deque<Outgoing> waiting;
  };
  enum class Watched : std::uint32_t {
    listener,
    connection,
    signal,
    timer,
    berth,
    process,
    log,
    report
  };

  Spawner(const SpawnerConfig& config) : config_(config) {}

  // spawner.cpp: start, loop, end
  Result<void> take_lock();
  Result<void> enter_namespaces();
  Result<void> prepare();
  bool idmap_works();
  bool watch(int fd, Watched kind, std::uint32_t id, std::uint32_t events);
  void dispatch(Watched kind, std::uint32_t id, std::uint32_t events);
  void arm_timer();
  void on_timer();
  void stop();
  /// How long to wait for events before a berth is made; -1 when none is wanted.
  int refill_pause_ms() const;

  // spawner_messages.cpp: what the daemon says
  void accept_connections();
  void on_connection(std::uint32_t id, std::uint32_t events);
  void handle(std::uint32_t id, Packet packet);
  void on(std::uint32_t id, const Hello& hello);
  void on(std::uint32_t id, Launch launch, std::vector<OwnedFd> fds);
  void on(std::uint32_t id, const Kill& kill);
  void on(std::uint32_t id, const Ack& ack);
  void on(std::uint32_t id, const List&);
  void on(std::uint32_t id, const RenewLeases& renew);
  void on(std::uint32_t id, const Doctor&);
  void on(std::uint32_t id, const Shutdown& shutdown);
  void send(std::uint32_t id, const FromSpawner& message, int fd = -1);
  void refuse(std::uint32_t id, std::optional<SliceId> slice, const Fault& fault);
  void tell_everybody(const FromSpawner& message, int fd = -1);
  void flush(std::uint32_t id);
  void drop(std::uint32_t id);
  void reload_prefixes();
  std::vector<Guarantee> guarantees() const;

  // spawner_slices.cpp: a slice's life
  Result<LiveSlice> accept(Launch launch, std::vector<OwnedFd> fds);
  Result<void> resolve(LiveSlice& slice);
  bool make_berth();
  void give_out_work();
  void begin(std::uint32_t id, LiveSlice slice);
  std::optional<StepFailure> set_up(Place& place, std::vector<OwnedFd>& mounts);
  OwnedFd open_mount(Place& place, const PlannedMount& mount, std::size_t index);
  void on_berth_says(std::uint32_t id);
  void on_process_gone(std::uint32_t id);
  void finish(std::uint32_t id);
  void end_queued(std::size_t index, const EndFacts& facts);
  void publish(LiveSlice& slice, const EndFacts& facts);
  void give_folders_back(LiveSlice& slice);
  void begin_kill(LiveSlice& slice, Berth* berth, BegunKill kill, bool immediately);
  void check_deadlines(LiveSlice& slice, Berth& berth, Instant now);
  void remove_group(CgroupGroup group);
  Place* place_of(const SliceId& slice);
  std::size_t live_count() const;

  SpawnerConfig config_;
  bool rootless_ = false;
  std::uint64_t incarnation_ = 0;
  std::string cgroup_trouble_;
  std::optional<CgroupTree> cgroups_;
  std::optional<UidRanges> uids_;
  BerthYard yard_;
  OwnedFd lock_;
  OwnedFd listener_;
  OwnedFd epoll_;
  OwnedFd timer_;
  OwnedFd signals_;
  std::uint32_t next_id_ = 1;
  std::map<std::uint32_t, Connection> connections_;
  std::map<std::uint32_t, Place> places_;
  std::map<SliceId, std::uint32_t> running_;
  std::deque<LiveSlice> queued_;  ///< accepted, no berth is ready
  std::map<SliceId, ExitReport> ended_;
  std::vector<CgroupGroup> groups_to_remove_;
  /// A berth died while it was made: no more in advance, only when a slice waits.
  bool berths_fail_ = false;
  bool opened_ = false;
  bool stopping_ = false;
};

/// runink-spawner: reads the start-up file, becomes a service, serves. Returns the exit code.
int run_spawner(const std::string& start_up_file, int ready_fd);

}  // namespace runink::isolation
