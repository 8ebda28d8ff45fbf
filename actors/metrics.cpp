#include "actors/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "actors/messages.hpp"

namespace runink::actors {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

const prometheus::Histogram::BucketBoundaries latency{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                      0.01,   0.025,   0.05,   0.1,   0.5,    2.5};
const prometheus::Histogram::BucketBoundaries length{0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 36000};

double in_seconds(Duration d) { return static_cast<double>(d.ns) / 1e9; }
double number(std::uint64_t n) { return static_cast<double>(n); }

}  // namespace

struct Metrics::Families {
  bool told_apart(const HerdName& herd, const PipelineName& pipeline) {
    const std::lock_guard lock(mutex);
    const std::pair key{herd, pipeline};
    return pipelines.contains(key) ||
           (pipelines.size() < pipelines_told_apart && pipelines.insert(key).second);
  }
  /// Who is called anew, at another address, is counted from 0 again.
  std::uint64_t connections_since(const std::string& peer, std::uint64_t connections) {
    const std::lock_guard lock(mutex);
    const std::uint64_t before = std::exchange(peers[peer], connections);
    return before <= connections ? connections - before : connections;
  }
  /// Forgets them.
  std::vector<std::string> peers_but(const std::set<NodeName>& nodes) {
    const std::lock_guard lock(mutex);
    std::vector<std::string> others;
    for (const auto& [peer, connections] : peers)
      if (!nodes.contains(NodeName{peer})) others.push_back(peer);
    for (const std::string& peer : others) peers.erase(peer);
    return others;
  }
  /// Found once for each verb: to find it among the labels takes longer than to count.
  prometheus::Counter& requests_of(const std::string& verb, bool good) {
    const std::lock_guard lock(mutex);
    prometheus::Counter*& one = by_verb[{verb, good}];
    if (one == nullptr) one = &requests.Add({{"verb", verb}, {"result", good ? "ok" : "error"}});
    return *one;
  }
  std::mutex mutex;
  std::set<std::pair<HerdName, PipelineName>> pipelines;
  std::map<std::string, std::uint64_t> peers;  ///< their connections, as they were told last
  std::map<std::pair<std::string, bool>, prometheus::Counter*> by_verb;
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();

  prometheus::Counter& proposals = BuildCounter()
                                       .Name("runink_raft_proposals_total")
                                       .Help("Commands handed to Raft.")
                                       .Register(*registry)
                                       .Add({});
  prometheus::Family<prometheus::Counter>& refused =
      BuildCounter()
          .Name("runink_raft_proposals_refused_total")
          .Help("Proposals that Raft did not take, by its answer.")
          .Register(*registry);
  prometheus::Gauge& term =
      BuildGauge().Name("runink_raft_term").Help("Current term.").Register(*registry).Add({});
  prometheus::Gauge& leads = BuildGauge()
                                 .Name("runink_raft_is_leader")
                                 .Help("1 while this node leads.")
                                 .Register(*registry)
                                 .Add({});
  prometheus::Gauge& applied = BuildGauge()
                                   .Name("runink_raft_applied_index")
                                   .Help("Last applied entry.")
                                   .Register(*registry)
                                   .Add({});
  prometheus::Gauge& gauge(const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(*registry).Add({});
  }
  prometheus::Gauge& committed =
      gauge("runink_raft_committed_index", "Last entry that is agreed on.");
  prometheus::Gauge& last = gauge("runink_raft_last_index", "Last entry of the log here.");
  prometheus::Gauge& first = gauge("runink_raft_first_index", "First entry of the log here.");
  prometheus::Gauge& durable = gauge("runink_raft_durable_index", "Last entry on the disk here.");
  prometheus::Gauge& behind = gauge("runink_raft_apply_lag_entries",
                                    "Entries that are agreed on and not yet applied here.");
  prometheus::Gauge& has_leader =
      gauge("runink_raft_has_leader", "1 while some node is known to lead.");
  prometheus::Gauge& persist_age =
      gauge("runink_raft_persist_age_seconds", "Age of the oldest write that is not durable yet.");
  prometheus::Family<prometheus::Gauge>& members =
      BuildGauge()
          .Name("runink_raft_members")
          .Help("Members of the group, by what they are.")
          .Register(*registry);
  prometheus::Counter& leader_changes = BuildCounter()
                                            .Name("runink_raft_leader_changes_total")
                                            .Help("How often another node led, as seen here.")
                                            .Register(*registry)
                                            .Add({});
  prometheus::Gauge& log_bytes = gauge("runink_log_bytes", "Size of raft.db on the disk.");
  prometheus::Gauge& disk_total = gauge("runink_disk_bytes", "Size of the data folder's disk.");
  prometheus::Gauge& disk_available =
      gauge("runink_disk_available_bytes", "Room on the data folder's disk.");
  prometheus::Family<prometheus::Gauge>& connected =
      BuildGauge()
          .Name("runink_peer_connected")
          .Help("1 while messages of this node reach the other one.")
          .Register(*registry);
  prometheus::Family<prometheus::Counter>& connections =
      BuildCounter()
          .Name("runink_peer_connections_total")
          .Help("Connections that were made to another node.")
          .Register(*registry);
  prometheus::Family<prometheus::Gauge>& lag =
      BuildGauge()
          .Name("runink_peer_lag_entries")
          .Help("Entries that a follower lacks, as the leader knows.")
          .Register(*registry);
  prometheus::Family<prometheus::Gauge>& silent =
      BuildGauge()
          .Name("runink_peer_silent_seconds")
          .Help("How long nothing has come of a follower, as the leader knows.")
          .Register(*registry);
  prometheus::Histogram& command = BuildHistogram()
                                       .Name("runink_command_seconds")
                                       .Help("From proposing a command until it was applied here.")
                                       .Register(*registry)
                                       .Add({}, latency);
  prometheus::Histogram& sync = BuildHistogram()
                                    .Name("runink_log_sync_seconds")
                                    .Help("Synced batches of the log.")
                                    .Register(*registry)
                                    .Add({}, latency);
  prometheus::Gauge& runs = BuildGauge()
                                .Name("runink_runs_live")
                                .Help("Runs that are not archived.")
                                .Register(*registry)
                                .Add({});
  prometheus::Gauge& live = BuildGauge()
                                .Name("runink_slices_live")
                                .Help("Attempts that hold a slot.")
                                .Register(*registry)
                                .Add({});
  prometheus::Gauge& waiting = BuildGauge()
                                   .Name("runink_partitions_waiting")
                                   .Help("Partitions that wait for a placement.")
                                   .Register(*registry)
                                   .Add({});
  prometheus::Histogram& launch = BuildHistogram()
                                      .Name("runink_slice_launch_seconds")
                                      .Help("From asking the spawner until the program runs.")
                                      .Register(*registry)
                                      .Add({}, latency);
  prometheus::Family<prometheus::Counter>& ended = BuildCounter()
                                                       .Name("runink_slices_ended_total")
                                                       .Help("Slices, by how they ended.")
                                                       .Register(*registry);
  prometheus::Histogram& slice_length = BuildHistogram()
                                            .Name("runink_slice_seconds")
                                            .Help("How long slices ran.")
                                            .Register(*registry)
                                            .Add({}, length);
  prometheus::Family<prometheus::Counter>& quality =
      BuildCounter()
          .Name("runink_quality_rows_total")
          .Help("Rows that validate steps took or set apart, in committed stages and failed ones.")
          .Register(*registry);
  prometheus::Family<prometheus::Counter>& requests =
      BuildCounter()
          .Name("runink_admin_requests_total")
          .Help("Requests at the admin door, by verb and result.")
          .Register(*registry);
  prometheus::Histogram& request_time = BuildHistogram()
                                            .Name("runink_admin_request_seconds")
                                            .Help("Requests at the admin door.")
                                            .Register(*registry)
                                            .Add({}, latency);
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

std::shared_ptr<prometheus::Registry> Metrics::registry() const { return families_->registry; }

void Metrics::proposed(std::size_t commands) { families_->proposals.Increment(number(commands)); }

void Metrics::refused(const std::string& answer) {
  families_->refused.Add({{"answer", answer}}).Increment();
}

void Metrics::role(const raft::RoleChange& change) {
  families_->term.Set(number(change.term.value));
  families_->leads.Set(change.role == raft::Role::leader ? 1 : 0);
}

namespace {
/// A counter that somebody else counts.
void bring(prometheus::Counter& counter, std::uint64_t to) {
  const double missing = number(to) - counter.Value();
  if (missing > 0) counter.Increment(missing);
}
}  // namespace

void Metrics::raft(const RaftStatus& status) {
  Families& all = *families_;
  all.committed.Set(number(status.committed.value));
  all.last.Set(number(status.last.value));
  all.first.Set(number(status.first.value));
  all.durable.Set(number(status.durable.value));
  all.behind.Set(number(status.committed.value - status.applied.value));
  all.has_leader.Set(status.role.leader == NodeId{} ? 0 : 1);
  all.persist_age.Set(in_seconds(status.persist_age));
  bring(all.leader_changes, status.leader_changes);
  all.members.Add({{"role", "voter"}}).Set(number(status.configuration.voters.incoming.size()));
  all.members.Add({{"role", "learner"}}).Set(number(status.configuration.learners.size()));
}

void Metrics::disk(Bytes total, Bytes available) {
  families_->disk_total.Set(number(total.value));
  families_->disk_available.Set(number(available.value));
}

void Metrics::log_size(Bytes size) { families_->log_bytes.Set(number(size.value)); }

void Metrics::peer(const NodeName& node, bool connected, std::uint64_t connections,
                   std::optional<std::uint64_t> lag, std::optional<Duration> silent) {
  const std::map<std::string, std::string> label{{"peer", node.value}};
  families_->connected.Add(label).Set(connected ? 1 : 0);
  families_->connections.Add(label).Increment(
      number(families_->connections_since(node.value, connections)));
  // What only a leader knows is gone when it leads no more.
  auto& lacks = families_->lag.Add(label);
  auto& quiet = families_->silent.Add(label);
  if (lag)
    lacks.Set(number(*lag));
  else
    families_->lag.Remove(&lacks);
  if (silent)
    quiet.Set(in_seconds(*silent));
  else
    families_->silent.Remove(&quiet);
}

void Metrics::only_peers(const std::set<NodeName>& nodes) {
  Families& all = *families_;
  for (const std::string& name : all.peers_but(nodes)) {
    const std::map<std::string, std::string> label{{"peer", name}};
    all.connected.Remove(&all.connected.Add(label));
    all.connections.Remove(&all.connections.Add(label));
    all.lag.Remove(&all.lag.Add(label));
    all.silent.Remove(&all.silent.Add(label));
  }
}

void Metrics::command_applied(Duration took) { families_->command.Observe(in_seconds(took)); }

void Metrics::applied(const state::ClusterState& cluster) {
  families_->applied.Set(number(cluster.applied.value));
  families_->runs.Set(number(cluster.runs.size()));
  families_->live.Set(number(cluster.live_attempts.size()));
  families_->waiting.Set(number(cluster.placeable.size()));
}

void Metrics::log_synced(Duration took) { families_->sync.Observe(in_seconds(took)); }
void Metrics::slice_launched(Duration took) { families_->launch.Observe(in_seconds(took)); }

void Metrics::slice_ended(const isolation::ExitReport& report) {
  families_->ended.Add({{"end", std::string(isolation::to_string(report.end))}}).Increment();
  families_->slice_length.Observe(in_seconds(report.ended - report.started));
}

void Metrics::quality_rows(const HerdName& herd, const PipelineName& pipeline, const char* verdict,
                           std::uint64_t rows) {
  const bool apart = families_->told_apart(herd, pipeline);
  families_->quality
      .Add({{"herd", apart ? herd.value : "other"},
            {"pipeline", apart ? pipeline.value : "other"},
            {"verdict", verdict}})
      .Increment(number(rows));
}

void Metrics::admin_request(const std::string& verb, bool good, Duration took) {
  families_->requests_of(verb, good).Increment();
  families_->request_time.Observe(in_seconds(took));
}

}  // namespace runink::actors
