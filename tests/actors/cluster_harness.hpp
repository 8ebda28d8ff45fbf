// Parts of a node for tests, on real stores in a temporary folder: `Ground` is everything that
// Services names, `Cluster` adds the actors of a leader, `ScriptedWorker` and `ScriptedRaft` stand
// where a worker or Raft would, and say only what the test says.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "actors/cluster/snapshot_keeper.hpp"
#include "actors/coroutines/coroutines.hpp"
#include "actors/doors/log.hpp"
#include "actors/links/spawner_link.hpp"
#include "actors/messages.hpp"
#include "actors/metrics.hpp"
#include "actors/services.hpp"
#include "storage/storage.hpp"
#include "tests/state/world.hpp"
#include "tests/support/folder.hpp"
#include "vocabulary/clock.hpp"
#include "vocabulary/owned_fd.hpp"

namespace runink::actors::testing {

namespace world = state::testing;

/// How long a test waits for what must come. What must not come is awaited for `a_while`.
inline constexpr std::chrono::seconds patience{20};
inline constexpr std::chrono::milliseconds a_while{400};

using TempFolder = test::Folder;

/// The real clock until it is held; then time goes on only when a test says so.
class HandClock : public Clock {
 public:
  Instant now() const override {
    const std::int64_t held = held_at_ns_;
    return held == 0 ? real_clock().now() : Instant{held};
  }
  WallTime wall() const override { return real_clock().wall(); }
  void hold() { held_at_ns_ = real_clock().now().ns; }
  void advance(Duration by) { held_at_ns_ += by.ns; }

 private:
  std::atomic<std::int64_t> held_at_ns_ = 0;  ///< 0: it is not held
};

struct Wishes {
  bool respawn = true;
  Duration lease = seconds(60);
  std::map<VolumeName, config::Volume> volumes = {};
  /// A spawner that serves `data`; without it a socket that nobody reads.
  bool real_spawner = false;
  /// Snapshots are taken, and the log is cut.
  std::optional<config::History> history = {};
  const Clock* clock = &real_clock();
  Log* log = &Log::silent();
};

/// Everything of Services, and an actor system that uses it.
class Ground {
 public:
  explicit Ground(const std::filesystem::path& data, Wishes wishes = {});
  ~Ground();
  /// Ends `actors`, then everything else, in the order of a node. Idempotent.
  void stop();

  /// The actor ends with the ground at the latest.
  caf::actor keep(caf::actor actor);
  /// Kills it and returns when it is gone.
  void kill(const caf::actor& actor);

  /// The answer to a request that is answered with a Result.
  template <class T, class Message>
  Result<T> ask(const caf::actor& to, Message message) {
    caf::scoped_actor self{*system};
    Result<T> got = fail(FaultKind::out_of_time, "No answer.");
    self->request(to, patience, std::move(message))
        .receive([&](Result<T>& value) { got = std::move(value); },
                 [&](caf::error& error) {
                   got = std::unexpected(co::to_fault(error, "the one that was asked"));
                 });
    return got;
  }
  /// A request that is in the mailbox of the one asked; `get` waits for its answer.
  template <class T>
  struct Asked {
    std::shared_ptr<std::promise<Result<T>>> promise = std::make_shared<std::promise<Result<T>>>();
    std::future<Result<T>> future = promise->get_future();
    bool answered() const {
      return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }
    Result<T> get() {
      if (future.wait_for(patience) != std::future_status::ready)
        return fail(FaultKind::out_of_time, "No answer.");
      return future.get();
    }
  };
  template <class T, class Message>
  Asked<T> start_asking(const caf::actor& to, Message message) {
    Asked<T> asked;
    std::promise<void> sent;
    system->spawn([&sent, to, message, promise = asked.promise](caf::event_based_actor* self) {
      self->request(to, caf::infinite, message)
          .then([promise](Result<T>& value) { promise->set_value(std::move(value)); },
                [promise](caf::error& error) {
                  promise->set_value(std::unexpected(co::to_fault(error, "the one asked")));
                });
      sent.set_value();
    });
    sent.get_future().wait();
    return asked;
  }

  /// Where the daemon's words to a spawner that does not exist can be heard.
  int spawner_socket() const { return silent_spawner_.get(); }

  config::ClusterFile config;
  std::optional<storage::DataFolder> folder;
  std::unique_ptr<storage::SnapshotStore> snapshot_store;
  std::unique_ptr<storage::ArchiveStore> archive;
  std::unique_ptr<storage::LogStore> log_store;
  std::unique_ptr<storage::StateStore> state_store;
  std::unique_ptr<storage::ArtifactStore> artifacts;
  std::unique_ptr<PreparedFolders> prepared;
  std::unique_ptr<storage::StateWriter> state_writer;
  std::unique_ptr<storage::LogWriter> log_writer;
  std::unique_ptr<SnapshotKeeper> snapshots;
  std::unique_ptr<co::DiskThreads> disk;
  std::unique_ptr<SpawnerLink> spawner;
  std::unique_ptr<Services> services;
  std::unique_ptr<caf::actor_system> system;
  /// Who hears of durable writes; set it before the first one.
  std::promise<caf::actor> raft_known;

 private:
  void open_stores();
  void keep_snapshots(const Wishes& wishes);
  void connect_spawner(bool real);

  OwnedFd silent_spawner_;
  OwnedFd real_spawner_;  ///< its process
  Metrics metrics_;
  boost::asio::io_context io_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::thread io_thread_;
  co::ActorSystemConfig system_config_;
  std::vector<caf::actor> kept_;
  bool raft_set_ = false;
  friend class Cluster;
};

/// A leader: raft_actor, state_actor and scheduler_actor as a node has them.
class Cluster {
 public:
  explicit Cluster(const std::filesystem::path& data, Wishes wishes = {});
  void stop() { ground.stop(); }

  /// As the caller "ada"; the answer comes after it was applied.
  Result<Submitted> say(state::Body body);
  /// Through the herd's actor, as the door does it.
  Result<Submitted> submit(const pipeline::Plan& plan, const std::string& request);
  /// A copy of the applied state.
  state::ClusterState look();
  /// Waits until the applied state is so.
  bool becomes(const std::function<bool(const state::ClusterState&)>& so);
  /// Nodes, the herds "finance" and "risk", and the bundle of world.hpp.
  void furnish(const std::vector<std::string>& nodes = {"n1"});
  caf::actor run_actor(const RunId& run);
  /// What a worker that did the attempt would commit.
  state::PartitionCommitted commit_of(const AttemptKey& attempt);
  Feed next_items(const caf::actor& run, std::uint64_t after, Duration at_most = seconds(10));

  Ground ground;
  /// What state.db held before the actors were made.
  state::ClusterState restored;
  caf::actor state;
  caf::actor scheduler;
};

/// Takes assignments and keeps the newest set.
class ScriptedWorker {
 public:
  ScriptedWorker(Ground& ground, caf::actor cluster, const std::string& node);
  void open();
  /// Renews its lease, which it never does by itself; true when the leader took it.
  bool renew();

  /// The attempt of this step, when it is assigned; waits for it.
  std::optional<AttemptKey> attempt_of(const std::string& step,
                                       std::chrono::milliseconds within = patience);
  /// Waits until the newest set is so.
  bool becomes(const std::function<bool(const Assignments&)>& so,
               std::chrono::milliseconds within = patience);
  /// Whether another one than `before` of this step is assigned.
  std::optional<AttemptKey> other_attempt(const AttemptKey& before,
                                          std::chrono::milliseconds within = patience);

 private:
  struct Inbox {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Assignments> latest;
  };
  Ground& ground_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  caf::actor cluster_;
  NodeName node_;
  caf::actor actor_;
};

/// Stands where the raft_actor would: keeps what is proposed, says what the test tells it to.
class ScriptedRaft {
 public:
  explicit ScriptedRaft(Ground& ground);
  /// The state_actor that hears of us.
  void serve(caf::actor state) { state_ = std::move(state); }

  std::optional<ProposeEntries> next_proposal(std::chrono::milliseconds within = patience);
  void role(raft::Role role, std::uint64_t term, std::uint64_t last);
  void answer(const ProposeEntries& proposal, raft::Answer answer, std::uint64_t first = 0);
  void commit(const ProposeEntries& proposal, std::uint64_t first);
  /// An entry of Raft's own: a configuration.
  void commit_own(std::uint64_t index);

  caf::actor actor;

 private:
  struct Inbox {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<ProposeEntries> proposals;
  };
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  caf::actor state_;
};

/// The tables of state.db, as a node reads them at its start.
state::ClusterState stored_state(storage::StateStore& store);

}  // namespace runink::actors::testing
