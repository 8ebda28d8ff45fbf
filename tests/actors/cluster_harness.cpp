#include "tests/actors/cluster_harness.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "actors/cluster/raft_actor.hpp"
#include "actors/cluster/state_actor.hpp"
#include "actors/node_stores.hpp"
#include "actors/workloads/prepared_folders.hpp"
#include "actors/workloads/scheduler_actor.hpp"
#include "isolation/spawner_client.hpp"
#include "state/rows.hpp"

namespace runink::actors::testing {
namespace {

namespace fs = std::filesystem;

template <class T>
T must(Result<T> result) {
  BOOST_REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().what));
  return std::move(*result);
}

/// A socket at which a daemon may connect and speak, and nobody listens to what it says.
OwnedFd listen_at(const std::string& path) {
  OwnedFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  BOOST_REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(fd.get(), 4) == 0);
  return fd;
}

void fatal(const Fault& fault) {
  std::fprintf(stderr, "the node would stop itself: %s\n", fault.what.c_str());
  std::abort();
}

}  // namespace

// ---- Ground

Ground::Ground(const fs::path& data, Wishes wishes) {
  config.cluster = "test";
  config.node.name = NodeName{"n1"};
  config.node.id = NodeId{1};
  config.node.data = data.string();
  config.nodes = {{config.node.name, {"127.0.0.1", 7201}, config.node.id}};
  config.lease = wishes.lease;
  config.volumes = std::move(wishes.volumes);
  if (wishes.history) config.history = *wishes.history;
  folder.emplace(must(storage::DataFolder::open(config.node.data)));
  open_stores();
  connect_spawner(wishes.real_spawner);
  disk = std::make_unique<co::DiskThreads>();
  state_writer = std::make_unique<storage::StateWriter>(*state_store, fatal);
  auto raft = std::make_shared<std::shared_future<caf::actor>>(raft_known.get_future().share());
  log_writer = std::make_unique<storage::LogWriter>(
      *log_store,
      [raft](raft::PersistSeq seq, Term term, LogIndex index) {
        caf::anon_send(raft->get(), WritePersisted(seq, term, index));
      },
      [](raft::PersistSeq, const Fault& fault) { fatal(fault); });
  services = std::make_unique<Services>(
      Services{config, *wishes.clock, *folder, *log_store, *log_writer, *state_store, *state_writer,
               *artifacts, *prepared, *disk, *spawner, metrics_, *wishes.log, fatal, RUNINK_BIN_DIR,
               wishes.respawn});
  keep_snapshots(wishes);
  system = std::make_unique<caf::actor_system>(system_config_);
}

void Ground::keep_snapshots(const Wishes& wishes) {
  if (!wishes.history) return;
  snapshots = std::make_unique<SnapshotKeeper>(
      KeeperGround{*snapshot_store,
                   *archive,
                   *log_store,
                   *state_store,
                   *state_writer,
                   {wishes.history->archive, wishes.history->archive_for},
                   *wishes.clock,
                   *wishes.log,
                   fatal});
  services->snapshots = snapshots.get();
}

void Ground::open_stores() {
  snapshot_store = must(storage::SnapshotStore::open(folder->path()));
  archive = must(storage::ArchiveStore::open(folder->path()));
  log_store = must(storage::LogStore::open(folder->raft()));
  state_store = must(storage::StateStore::open(folder->state()));
  artifacts = must(storage::ArtifactStore::open(folder->path()));
  prepared = std::make_unique<PreparedFolders>(*folder);
}

void Ground::connect_spawner(bool real) {
  isolation::SpawnerConfig spawner_config;
  spawner_config.data = folder->path();
  spawner_config.mount_prefixes = {RUNINK_BIN_DIR};
  spawner_config.berths = 1;
  if (real) {
    auto started =
        isolation::start_spawner(spawner_config, std::string(RUNINK_BIN_DIR) + "/runink-spawner");
    BOOST_REQUIRE_MESSAGE(started.has_value(), (started ? std::string() : started.error().what));
  } else {
    silent_spawner_ = listen_at(spawner_config.socket_path());
  }
  auto client = must(isolation::SpawnerClient::connect(spawner_config.socket_path()));
  if (real) {
    ucred peer{};
    socklen_t size = sizeof peer;
    ::getsockopt(client.fd(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
    real_spawner_ = OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, peer.pid, 0)));
  }
  spawner = std::make_unique<SpawnerLink>(io_, std::move(client), [](const Fault&) {});
  work_.emplace(io_.get_executor());
  io_thread_ = std::thread([this] { io_.run(); });
}

Ground::~Ground() { stop(); }

void Ground::stop() {
  if (!system) return;
  for (const caf::actor& actor : kept_) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  kept_.clear();
  disk->stop();
  spawner->shut_down();
  spawner->stop();
  if (!raft_set_) raft_known.set_value(caf::actor{});
  if (snapshots) snapshots->stop();
  log_writer->stop();
  state_writer->stop();
  work_.reset();
  io_.stop();
  io_thread_.join();
  system.reset();  // waits for the last actor
  services.reset();
  spawner.reset();
  snapshots.reset();
  log_writer.reset();
  state_writer.reset();
  prepared.reset();
  artifacts.reset();
  log_store.reset();
  state_store.reset();
  archive.reset();
  snapshot_store.reset();
  folder.reset();
  pollfd ended{real_spawner_.get(), POLLIN,
               0};  // its mounts lie in the folder that is removed next
  if (real_spawner_) ::poll(&ended, 1, 10'000);
}

caf::actor Ground::keep(caf::actor actor) {
  kept_.push_back(actor);
  return actor;
}

void Ground::kill(const caf::actor& actor) {
  caf::scoped_actor self{*system};
  self->send_exit(actor, caf::exit_reason::kill);
  self->wait_for(actor);
}

// ---- Cluster

state::ClusterState stored_state(storage::StateStore& store) {
  std::vector<state::Row> rows;
  for (const state::Table table : state::live_tables())
    for (storage::StoredRow& row : must(store.scan(static_cast<std::uint8_t>(table), "", 100'000)))
      rows.push_back({table, std::move(row.key), std::move(row.value)});
  return must(state::load(rows));
}

Cluster::Cluster(const fs::path& data, Wishes wishes) : ground(data, std::move(wishes)) {
  NodeStores stores{std::move(ground.snapshot_store), std::move(ground.archive),
                    std::move(ground.log_store), std::move(ground.state_store),
                    std::move(ground.artifacts)};
  Remembered remembered = must(remember(stores));
  ground.snapshot_store = std::move(stores.snapshots);
  ground.archive = std::move(stores.archive);
  ground.log_store = std::move(stores.log);
  ground.state_store = std::move(stores.state);
  ground.artifacts = std::move(stores.artifacts);
  restored = remembered.cluster;
  raft::Config config;
  config.self = NodeId{1};
  config.voters = {NodeId{1}};
  config.seed = 7;
  config.log_most = ground.config.history.log;
  config.log_longest = config.log_most + config.log_most;
  config.log_trailing = ground.config.history.log_kept;
  state = ground.keep(spawn_state(*ground.system, *ground.services, restored));
  scheduler = ground.keep(spawn_scheduler(*ground.system));
  const caf::actor raft =
      ground.keep(spawn_raft(*ground.system, *ground.services, config, std::move(remembered.log),
                             restored.applied, state));
  ground.raft_known.set_value(raft);
  ground.raft_set_ = true;
  connect_state(state, raft, scheduler);
}

Result<Submitted> Cluster::say(state::Body body) {
  return ground.ask<Submitted>(state, Submit({1000, "ada"}, std::move(body)));
}

Result<Submitted> Cluster::submit(const pipeline::Plan& plan, const std::string& request) {
  return ground.ask<Submitted>(state,
                               SubmitRun({1000, "ada"}, state::Body(world::submit(plan, request))));
}

state::ClusterState Cluster::look() {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    auto copy = std::make_shared<state::ClusterState>();
    bool looked = false;
    caf::scoped_actor self{*ground.system};
    self->request(state, patience,
                  Look([copy](const state::ClusterState& cluster) { *copy = cluster; }))
        .receive([&](Result<LogIndex>& answer) { looked = answer.has_value(); },
                 [](caf::error&) {});
    if (looked) return *copy;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // it does not lead yet
  }
  BOOST_FAIL("the node does not lead");
  return {};
}

bool Cluster::becomes(const std::function<bool(const state::ClusterState&)>& so) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    if (so(look())) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

void Cluster::furnish(const std::vector<std::string>& nodes) {
  for (const std::string& one : nodes) BOOST_REQUIRE(say(world::node(one)).has_value());
  BOOST_REQUIRE(say(world::herd("finance")).has_value());
  BOOST_REQUIRE(say(world::herd("risk")).has_value());
  std::vector<NodeName> holders;
  for (const std::string& one : nodes) holders.push_back(NodeName{one});
  state::BundleStored bundle{world::digest_of("bundle"), Bytes{100}, holders};
  BOOST_REQUIRE(say(std::move(bundle)).has_value());
}

caf::actor Cluster::run_actor(const RunId& run) {
  auto found = ground.ask<caf::actor>(state, FindRun(run));
  return found ? *found : caf::actor{};
}

state::PartitionCommitted Cluster::commit_of(const AttemptKey& attempt) {
  world::World copy;
  copy.state = look();
  return copy.commit_of(attempt);
}

Feed Cluster::next_items(const caf::actor& run, std::uint64_t after, Duration at_most) {
  caf::scoped_actor self{*ground.system};
  Feed got;
  self->request(run, patience, NextItems(after, at_most))
      .receive([&](Feed& feed) { got = std::move(feed); },
               [](caf::error& error) { BOOST_FAIL(co::to_fault(error, "the run").what); });
  return got;
}

// ---- ScriptedWorker

ScriptedWorker::ScriptedWorker(Ground& ground, caf::actor cluster, const std::string& node)
    : ground_(ground), cluster_(std::move(cluster)), node_{node} {
  actor_ =
      ground.keep(ground.system->spawn([inbox = inbox_](caf::event_based_actor*) -> caf::behavior {
        return {[inbox](Assignments& all) {
          const std::lock_guard lock(inbox->mutex);
          inbox->latest = std::move(all);
          inbox->changed.notify_all();
        }};
      }));
}

bool ScriptedWorker::renew() {
  caf::scoped_actor self{*ground_.system};
  bool taken = false;
  self->request(cluster_, patience, RenewLease(node_, seconds(20)))
      .receive([&](Result<LeaseGranted>& granted) { taken = granted.has_value(); },
               [](caf::error&) {});
  return taken;
}

void ScriptedWorker::open() { caf::anon_send(cluster_, OpenStream(node_, actor_)); }

bool ScriptedWorker::becomes(const std::function<bool(const Assignments&)>& so,
                             std::chrono::milliseconds within) {
  std::unique_lock lock(inbox_->mutex);
  return inbox_->changed.wait_for(lock, within,
                                  [&] { return inbox_->latest && so(*inbox_->latest); });
}

std::optional<AttemptKey> ScriptedWorker::attempt_of(const std::string& step,
                                                     std::chrono::milliseconds within) {
  std::optional<AttemptKey> found;
  becomes(
      [&](const Assignments& all) {
        for (const auto& one : all.attempts)
          if (one->attempt.partition.step.value == step) found = one->attempt;
        return found.has_value();
      },
      within);
  return found;
}

std::optional<AttemptKey> ScriptedWorker::other_attempt(const AttemptKey& before,
                                                        std::chrono::milliseconds within) {
  std::optional<AttemptKey> found;
  becomes(
      [&](const Assignments& all) {
        for (const auto& one : all.attempts)
          if (one->attempt.partition == before.partition && one->attempt != before)
            found = one->attempt;
        return found.has_value();
      },
      within);
  return found;
}

// ---- ScriptedRaft

ScriptedRaft::ScriptedRaft(Ground& ground) {
  actor =
      ground.keep(ground.system->spawn([inbox = inbox_](caf::event_based_actor*) -> caf::behavior {
        return {[inbox](const ProposeEntries& proposal) {
                  const std::lock_guard lock(inbox->mutex);
                  inbox->proposals.push_back(proposal);
                  inbox->changed.notify_all();
                },
                [](const AppliedUpTo&) {}, [](const AskRead&) {}};
      }));
}

std::optional<ProposeEntries> ScriptedRaft::next_proposal(std::chrono::milliseconds within) {
  std::unique_lock lock(inbox_->mutex);
  if (!inbox_->changed.wait_for(lock, within, [&] { return !inbox_->proposals.empty(); }))
    return std::nullopt;
  ProposeEntries proposal = std::move(inbox_->proposals.front());
  inbox_->proposals.pop_front();
  return proposal;
}

void ScriptedRaft::role(raft::Role role, std::uint64_t term, std::uint64_t last) {
  raft::RoleChange change{Term{term}, role, role == raft::Role::leader ? NodeId{1} : NodeId{}};
  caf::anon_send(state_, RoleChanged(change, LogIndex{last}));
}

void ScriptedRaft::answer(const ProposeEntries& proposal, raft::Answer answer,
                          std::uint64_t first) {
  raft::ProposalOutcome outcome;
  outcome.tag = proposal.tag;
  outcome.answer = answer;
  outcome.first = LogIndex{first};
  outcome.term = Term{1};
  caf::anon_send(state_, ProposalDone(outcome));
}

void ScriptedRaft::commit(const ProposeEntries& proposal, std::uint64_t first) {
  auto entries = std::make_shared<std::vector<raft::Entry>>();
  for (const std::string& payload : *proposal.payloads)
    entries->push_back({Term{1}, LogIndex{first++}, raft::EntryType::command, payload});
  caf::anon_send(state_, EntriesCommitted(std::move(entries)));
}

void ScriptedRaft::commit_own(std::uint64_t index) {
  auto entries = std::make_shared<std::vector<raft::Entry>>();
  entries->push_back({Term{1}, LogIndex{index}, raft::EntryType::configuration, {}});
  caf::anon_send(state_, EntriesCommitted(std::move(entries)));
}

}  // namespace runink::actors::testing
