#include "actors/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <mutex>
#include <set>
#include <utility>

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
  std::mutex mutex;
  std::set<std::pair<HerdName, PipelineName>> pipelines;
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
  families_->requests.Add({{"verb", verb}, {"result", good ? "ok" : "error"}}).Increment();
  families_->request_time.Observe(in_seconds(took));
}

}  // namespace runink::actors
