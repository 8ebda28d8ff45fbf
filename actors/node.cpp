#include "actors/node.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <caf/all.hpp>
#include <cerrno>
#include <cstdio>
#include <future>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "actors/cluster/disk_gauge.hpp"
#include "actors/cluster/far_nodes.hpp"
#include "actors/cluster/leader_line.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/cluster/raft_actor.hpp"
#include "actors/cluster/snapshot_exchange.hpp"
#include "actors/cluster/snapshot_keeper.hpp"
#include "actors/cluster/state_actor.hpp"
#include "actors/coroutines/coroutines.hpp"
#include "actors/doors/admin_door.hpp"
#include "actors/doors/log.hpp"
#include "actors/doors/metrics_door.hpp"
#include "actors/health.hpp"
#include "actors/links/peer_links.hpp"
#include "actors/links/spawner_link.hpp"
#include "actors/messages.hpp"
#include "actors/metrics.hpp"
#include "actors/node_stores.hpp"
#include "actors/service/admin_service.hpp"
#include "actors/service/forwarding.hpp"
#include "actors/services.hpp"
#include "actors/workloads/analyst_actor.hpp"
#include "actors/workloads/artifact_exchange.hpp"
#include "actors/workloads/prepared_folders.hpp"
#include "actors/workloads/scheduler_actor.hpp"
#include "actors/workloads/worker_actor.hpp"
#include "isolation/privileges.hpp"
#include "security/tls_context.hpp"
#include "storage/storage.hpp"

namespace runink::actors {
namespace {

namespace asio = boost::asio;

/// What start() gathers before the process has threads.
struct Foundation {
  NodeOptions options;
  std::unique_ptr<Log> log;
  std::optional<storage::DataFolder> folder;
  std::optional<isolation::SpawnerClient> spawner;
  std::optional<unsigned> admin_group;
};

LogLevel log_level(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::trace:
    case config::LogLevel::debug: return LogLevel::debug;
    case config::LogLevel::info: return LogLevel::info;
    case config::LogLevel::warn: return LogLevel::warning;
    case config::LogLevel::error: return LogLevel::error;
  }
  return LogLevel::info;
}

isolation::SpawnerConfig spawner_config(const config::ClusterFile& file, const std::string& data,
                                        const std::string& tools,
                                        const std::optional<isolation::SystemAccount>& account) {
  isolation::SpawnerConfig config;
  config.data = data;
  config.daemon_uid = account ? account->uid : ::geteuid();
  config.daemon_gid = account ? account->gid : ::getegid();
  config.uid_base = file.slices.uid_base;
  config.uid_count = file.slices.uid_count;
  config.berths = file.slices.berths;
  // Two nodes on one machine must not share a group; the default is derived from the data folder.
  if (file.slices.cgroup != config::Slices{}.cgroup) config.cgroup_prefix = file.slices.cgroup;
  config.mount_prefixes.push_back(tools);
  config.mount_prefixes.push_back(tools.substr(0, tools.rfind('/')) + "/lib");
  for (const auto& [name, volume] : file.volumes) config.mount_prefixes.push_back(volume.path);
  return config;
}

/// With an account of its own the data folder belongs to it, whoever made the parent.
Result<void> hand_over_folder(const std::string& path, const isolation::SystemAccount& account) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return std::unexpected(outside_fault("The data folder '" + path + "' cannot be made", errno));
  if (::chown(path.c_str(), account.uid, account.gid) != 0)
    return std::unexpected(
        outside_fault("The data folder '" + path + "' cannot be given to its account", errno));
  return {};
}

Result<Foundation> lay_foundation(NodeOptions options) {
  Foundation base;
  const config::ClusterFile& file = options.config;
  std::optional<isolation::SystemAccount> account;
  if (file.node.user && ::geteuid() == 0) {
    auto found = isolation::find_account(*file.node.user);
    if (!found) return std::unexpected(found.error());
    account = *found;
    if (auto given = hand_over_folder(file.node.data, *account); !given)
      return std::unexpected(given.error());
  }
  if (file.admin.group) {
    auto group = isolation::find_group(*file.admin.group);
    if (!group) return std::unexpected(group.error());
    base.admin_group = *group;
  }
  {
    const isolation::ActAs acting(account);
    auto folder = storage::DataFolder::open(file.node.data);
    if (!folder) return std::unexpected(folder.error());
    if (auto member = storage::check_not_removed(*folder); !member)
      return std::unexpected(member.error());
    base.folder.emplace(std::move(*folder));
  }
  LogOptions log;
  log.level = log_level(file.log_level);
  auto opened = Log::open(file.node.name, log);
  if (!opened) return std::unexpected(opened.error());
  base.log = std::move(*opened);

  const auto config = spawner_config(file, base.folder->path(), options.tools, account);
  if (auto started = isolation::start_spawner(config, options.tools + "/runink-spawner"); !started)
    return std::unexpected(started.error());
  std::vector<unsigned> groups;
  if (base.admin_group) groups.push_back(*base.admin_group);
  if (auto dropped = isolation::drop_privileges(account, groups); !dropped)
    return std::unexpected(dropped.error());
  auto client = isolation::SpawnerClient::connect(config.socket_path());
  if (!client) return std::unexpected(client.error());
  base.spawner.emplace(std::move(*client));
  base.options = std::move(options);
  return base;
}

/// For a start that failed: a spawner without slices ends, one with slices refuses and keeps them.
void end_idle_spawner(isolation::SpawnerClient& spawner) {
  constexpr int patience_ms = 2'000;
  if (!spawner.send(isolation::Shutdown{})) return;
  pollfd watched{spawner.fd(), POLLIN, 0};
  while (::poll(&watched, 1, patience_ms) > 0) {
    const auto answer = spawner.receive();
    if (!answer) return;
    if (*answer && (std::holds_alternative<isolation::ShuttingDown>((*answer)->message) ||
                    std::holds_alternative<isolation::Refused>((*answer)->message)))
      return;
  }
}

/// Gives each question of another node to who can answer it.
class PeerDesk final : public PeerService {
 public:
  PeerDesk(PeerService& admin, PeerService& workers, PeerService& artifacts, PeerService& snapshots)
      : admin_(admin), workers_(workers), artifacts_(artifacts), snapshots_(snapshots) {}
  asio::awaitable<PeerAnswer> answer(PeerAsk ask, PeerParts& parts) override {
    PeerService& one = ask.subject == Subject::admin  ? admin_
                       : is_of_snapshots(ask.subject) ? snapshots_
                       : is_bulk(ask.subject)         ? artifacts_
                                                      : workers_;
    return one.answer(std::move(ask), parts);
  }

 private:
  PeerService& admin_;
  PeerService& workers_;
  PeerService& artifacts_;
  PeerService& snapshots_;
};

class RealNode final : public Node {
 public:
  static Result<std::unique_ptr<Node>> build(Foundation base);
  ~RealNode() override { stop(); }
  unsigned metrics_port() const override { return metrics_door_ ? metrics_door_->port() : 0; }
  int exit_code() const override { return exit_code_; }
  Result<void> reload() override;
  void stop() override;

 private:
  explicit RealNode(Foundation base) : base_(std::move(base)), io_(1) {}
  Result<void> open_links();
  void start_writers();
  raft::Config raft_config() const;
  Result<void> start_actors(Remembered remembered);
  Result<void> open_doors();
  void fatal(const Fault& fault);
  void removed(const Fault& fault);
  void hand_over();

  Foundation base_;
  Metrics metrics_;
  NodeStores stores_;
  std::unique_ptr<PreparedFolders> prepared_;
  std::shared_ptr<std::promise<caf::actor>> raft_known_ =
      std::make_shared<std::promise<caf::actor>>();
  std::unique_ptr<co::DiskThreads> disk_;
  std::unique_ptr<storage::StateWriter> state_writer_;
  std::unique_ptr<storage::LogWriter> log_writer_;
  std::unique_ptr<SnapshotKeeper> snapshots_;
  std::unique_ptr<DiskGauge> disk_gauge_;
  asio::io_context io_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::thread io_thread_;
  std::unique_ptr<SpawnerLink> spawner_;
  std::unique_ptr<security::TlsContext> tls_;  ///< of several nodes, unless they speak in the clear
  std::unique_ptr<PeerLinks> links_;           ///< of several nodes
  std::unique_ptr<Services> services_;
  co::ActorSystemConfig system_config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<co::AsioGate> gate_;
  std::vector<caf::actor> actors_;  ///< in the order in which they are ended
  AdminService::Actors serving_;
  std::unique_ptr<AdminService> service_;
  // Of several nodes:
  std::unique_ptr<Forwarding> forwarding_;
  std::unique_ptr<FarNodes> far_nodes_;
  std::unique_ptr<ArtifactExchange> exchange_;
  std::unique_ptr<SnapshotExchange> snapshot_exchange_;
  std::unique_ptr<PeerDesk> desk_;
  std::unique_ptr<AdminDoor> admin_door_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<MetricsDoor> metrics_door_;
  bool stopped_ = false;
  std::atomic<int> exit_code_{0};
};

/// Never returns to a healthy node: what it says is written, and the process ends with a code of
/// its own. Slices go on in the spawner.
void RealNode::fatal(const Fault& fault) {
  base_.log->error("the node stops itself", {fault});
  base_.log->flush();
  std::fprintf(stderr, "runinkd: %s\n", fault.what.c_str());
  ::_exit(exit_broken);
}

/// From any thread. The end is an orderly one: a leader hands over, what waits is written.
void RealNode::removed(const Fault& fault) {
  if (exit_code_.exchange(exit_removed) == exit_removed) return;
  base_.log->error("the cluster has removed this node; it stops", {fault});
  auto write = [this, fault] {
    if (auto kept = storage::keep_removal(*base_.folder, fault.what); !kept)
      base_.log->warn(
          "it is not written down that this node was removed: its next start is told again",
          {kept.error()});
  };
  // Before the signal: a stop waits for what the disk threads have. Behind one, the next start is told again.
  (void)disk_->submit(std::move(write));
  std::fprintf(stderr, "runinkd: %s\n", fault.what.c_str());
  ::kill(::getpid(), SIGTERM);
}

/// A node alone speaks to nobody: no certificate, no socket.
Result<void> RealNode::open_links() {
  const config::ClusterFile& file = base_.options.config;
  if (file.alone) return {};
  if (!file.insecure_peers) {
    const security::TlsFiles files{file.tls->authority, file.tls->certificate, file.tls->key};
    auto tls =
        security::TlsContext::load(files, {file.cluster, file.node.name}, real_clock().wall());
    if (!tls) return std::unexpected(tls.error());
    tls_ = std::move(*tls);
  }
  PeerLinksOptions options;
  options.self.cluster = storage::cluster_id(founders_of(file));
  options.self.cluster_name = file.cluster;
  options.self.id = file.node.id;
  options.self.name = file.node.name;
  options.folder = &*base_.folder;
  options.disk = disk_.get();
  options.nodes = file.nodes;
  options.joins = file.joins();
  if (file.joins()) options.address = *file.node.address;
  options.tls = tls_.get();
  auto links = PeerLinks::open(io_, std::move(options), *base_.log);
  if (!links) return std::unexpected(links.error());
  links_ = std::move(*links);
  if (file.insecure_peers) base_.log->warn("nodes speak in the clear: this is for tests only");
  return {};
}

Result<void> RealNode::reload() {
  if (!tls_) return {};
  auto read = tls_->reload(real_clock().wall());
  if (read)
    base_.log->info("the certificates were read anew");
  else
    base_.log->error("the certificates stay as they were", {read.error()});
  return read;
}

void RealNode::start_writers() {
  state_writer_ = std::make_unique<storage::StateWriter>(
      *stores_.state, [this](const Fault& fault) { fatal(fault); });
  auto raft = std::make_shared<std::shared_future<caf::actor>>(raft_known_->get_future().share());
  log_writer_ = std::make_unique<storage::LogWriter>(
      *stores_.log,
      [raft](raft::PersistSeq seq, Term term, LogIndex index) {
        caf::anon_send(raft->get(), WritePersisted(seq, term, index));
      },
      [this](raft::PersistSeq, const Fault& fault) { fatal(fault); });
  disk_gauge_ = std::make_unique<DiskGauge>(base_.folder->fd(), *base_.log);
  const config::History& history = base_.options.config.history;
  snapshots_ =
      std::make_unique<SnapshotKeeper>(KeeperGround{*stores_.snapshots,
                                                    *stores_.archive,
                                                    *stores_.log,
                                                    *stores_.state,
                                                    *state_writer_,
                                                    {history.archive, history.archive_for},
                                                    real_clock(),
                                                    *base_.log,
                                                    [this](const Fault& fault) { fatal(fault); }});
}

raft::Config RealNode::raft_config() const {
  const config::ClusterFile& file = base_.options.config;
  raft::Config config;
  config.self = file.node.id;
  if (!file.joins())
    for (const config::Peer& peer : file.nodes) config.voters.insert(peer.id);
  config.seed = base_.folder->identity().incarnation * 1000 + file.node.id.value;
  config.log_most = file.history.log;
  config.log_longest = file.history.log + file.history.log;
  config.log_trailing = file.history.log_kept;
  return config;
}

Result<void> RealNode::start_actors(Remembered remembered) {
  start_writers();
  spawner_ = std::make_unique<SpawnerLink>(io_, std::move(*base_.spawner),
                                           [this](const Fault& fault) { fatal(fault); });
  services_ = std::make_unique<Services>(Services{
      base_.options.config, real_clock(), *base_.folder, *stores_.log, *log_writer_, *stores_.state,
      *state_writer_, *stores_.artifacts, *prepared_, *disk_, *spawner_, metrics_, *base_.log,
      [this](const Fault& fault) { fatal(fault); }, base_.options.tools});
  services_->snapshots = snapshots_.get();
  services_->disk_gauge = disk_gauge_.get();
  services_->links = links_.get();
  services_->removed = [this](const Fault& fault) { removed(fault); };
  if (links_) {
    snapshot_exchange_ =
        std::make_unique<SnapshotExchange>(*services_, *links_, io_.get_executor());
    services_->snapshot_exchange = snapshot_exchange_.get();
  }
  work_.emplace(io_.get_executor());
  io_thread_ = std::thread([this] { io_.run(); });

  system_ = std::make_unique<caf::actor_system>(system_config_);
  gate_ = std::make_unique<co::AsioGate>(*system_);
  const LogIndex applied = remembered.cluster.applied;
  const caf::actor state = spawn_state(*system_, *services_, std::move(remembered.cluster));
  const caf::actor scheduler = spawn_scheduler(*system_);
  const caf::actor raft_actor = spawn_raft(*system_, *services_, raft_config(),
                                           std::move(remembered.log), applied, state, links_.get());
  raft_known_->set_value(raft_actor);
  disk_gauge_->start(
      [raft_actor](DiskLevel level) { caf::anon_send(raft_actor, DiskLevelChanged(level)); });
  connect_state(state, raft_actor, scheduler);
  caf::actor line = state;  // what the worker speaks to
  if (links_) {
    exchange_ = std::make_unique<ArtifactExchange>(*services_, *links_, io_.get_executor());
    services_->exchange = exchange_.get();
    line = spawn_leader_line(*system_, *services_, state, *links_, io_.get_executor());
    actors_.push_back(line);
  }
  const caf::actor worker = spawn_worker(*system_, *services_, line);
  serving_ = {state, spawn_analyst(*system_, *services_), spawn_trials(*system_, *services_),
              raft_actor};
  actors_.insert(actors_.begin(), worker);
  for (const caf::actor& one : {serving_.analyst, serving_.trials, state, scheduler, raft_actor})
    actors_.push_back(one);
  service_ = std::make_unique<AdminService>(*services_, *gate_, serving_, links_.get(), *base_.log);
  if (links_) {
    forwarding_ = std::make_unique<Forwarding>(*services_, *service_, *links_);
    far_nodes_ = std::make_unique<FarNodes>(*system_, *gate_, state);
    desk_ = std::make_unique<PeerDesk>(*forwarding_, *far_nodes_, *exchange_, *snapshot_exchange_);
    links_->start(raft_actor, *desk_, [this](const Fault& fault) { removed(fault); });
  }
  spawner_->start(worker);
  return {};
}

Result<void> RealNode::open_doors() {
  const config::ClusterFile& file = base_.options.config;
  AdminDoorOptions admin;
  admin.socket = file.admin.socket;
  if (base_.admin_group) admin.group = *base_.admin_group;
  AdminHandler& handler = forwarding_ ? static_cast<AdminHandler&>(*forwarding_) : *service_;
  auto door = AdminDoor::open(io_.get_executor(), admin, handler, *disk_, *base_.log);
  if (!door) return std::unexpected(door.error());
  admin_door_ = std::move(*door);
  if (file.metrics) {
    health_ = std::make_unique<Health>(*system_, serving_.raft, io_, *services_, links_.get());
    MetricsSources sources;
    sources.registry = metrics_.registry();
    sources.refresh = [this] { health_->refresh(); };
    sources.health = [this] { return health_->lives(); };
    sources.ready = [this] { return health_->serves(); };
    auto metrics = MetricsDoor::open(config::to_string(*file.metrics), std::move(sources));
    if (!metrics) return std::unexpected(metrics.error());
    metrics_door_ = std::move(*metrics);
    const config::Endpoint at{file.metrics->host, metrics_door_->port()};
    base_.log->info("metrics are served", {{"address", config::to_string(at)}});
  }
  return {};
}

Result<std::unique_ptr<Node>> RealNode::build(Foundation base) {
  std::unique_ptr<RealNode> node(new RealNode(std::move(base)));
  auto stores = open_stores(*node->base_.folder);
  if (!stores) return std::unexpected(stores.error());
  node->stores_ = std::move(*stores);
  node->prepared_ = std::make_unique<PreparedFolders>(*node->base_.folder);
  node->disk_ = std::make_unique<co::DiskThreads>();
  auto remembered = remember(node->stores_);
  if (!remembered) return std::unexpected(remembered.error());
  config::ClusterFile& file = node->base_.options.config;
  const storage::DataFolder& folder = *node->base_.folder;
  if (file.joins()) file.node.id = storage::id_of_joined_node(folder.identity());
  if (auto same = storage::keep_way_in(folder, file.joins(), is_new(remembered->log)); !same)
    return std::unexpected(same.error());
  if (auto same =
          storage::keep_founders(folder, founders_of(file), file.node.id, is_new(remembered->log));
      !same)
    return std::unexpected(same.error());
  if (auto opened = node->open_links(); !opened) return std::unexpected(opened.error());
  if (auto started = node->start_actors(std::move(*remembered)); !started)
    return std::unexpected(started.error());
  if (auto opened = node->open_doors(); !opened) return std::unexpected(opened.error());
  node->base_.log->info("the node is up", {{"pid", static_cast<std::int64_t>(::getpid())}});
  return std::unique_ptr<Node>(std::move(node));
}

/// Nobody need wait for an election when a leader stops because it is asked to.
void RealNode::hand_over() {
  if (!system_ || !serving_.raft) return;
  constexpr std::chrono::seconds patience{2};  // Raft itself gives it up before
  caf::scoped_actor self{*system_};
  self->request(serving_.raft, patience, HandOver{}).receive([] {}, [](const caf::error&) {});
}

void RealNode::stop() {
  if (std::exchange(stopped_, true)) return;
  if (admin_door_) admin_door_->stop();
  if (metrics_door_) metrics_door_->stop();
  if (links_) {
    hand_over();
    if (snapshot_exchange_) snapshot_exchange_->stop();
    links_->stop();
  }
  for (const caf::actor& actor : actors_)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  actors_.clear();
  health_.reset();
  serving_ = {};
  desk_.reset();
  far_nodes_.reset();
  forwarding_.reset();
  service_.reset();
  if (disk_) disk_->stop();
  if (spawner_) {
    spawner_->shut_down();
    spawner_->stop();
  } else if (base_.spawner) {
    end_idle_spawner(*base_.spawner);
  }
  if (disk_gauge_) disk_gauge_->stop();
  if (snapshots_) snapshots_->stop();  // it may wait for the writers
  if (log_writer_) log_writer_->stop();
  if (state_writer_) state_writer_->stop();
  work_.reset();
  io_.stop();
  if (io_thread_.joinable()) io_thread_.join();
  gate_.reset();
  system_.reset();  // waits for the last actor
  base_.log->info("the node is down");
  base_.log->flush();
}

}  // namespace

int exit_code_of_failed_start(const std::string& data) {
  return storage::is_of_a_removed_node(data) ? exit_removed : 1;
}

Result<std::unique_ptr<Node>> Node::start(NodeOptions options) {
  auto base = lay_foundation(std::move(options));
  if (!base) return std::unexpected(base.error());
  return RealNode::build(std::move(*base));
}

}  // namespace runink::actors
