// What the node counts, for Prometheus: `runink_*`, base units, no ids in labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "isolation/exit_report.hpp"
#include "raft/effects.hpp"
#include "state/cluster_state.hpp"
#include "vocabulary/units.hpp"

namespace prometheus {
class Registry;
}

namespace runink::actors {

struct RaftStatus;

/// May be called from every thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  std::shared_ptr<prometheus::Registry> registry() const;

  /// Commands handed to Raft.
  void proposed(std::size_t commands);
  /// A proposal that Raft did not take, by its answer.
  void refused(const std::string& answer);
  void role(const raft::RoleChange& change);
  /// What Raft knows at the moment of a scrape.
  void raft(const RaftStatus& status);
  /// Of the data folder; the ballast is no room.
  void disk(Bytes total, Bytes available);
  /// Of raft.db, as files.
  void log_size(Bytes size);
  /// Another node. `connections`: made since it is called, which may begin again. Of a leader: how many
  /// entries it lacks, and how long nothing of it has come.
  void peer(const NodeName& node, bool connected, std::uint64_t connections,
            std::optional<std::uint64_t> lag, std::optional<Duration> silent);
  /// Those that were told of and are not among them are told of no more.
  void only_peers(const std::set<NodeName>& nodes);
  /// From proposing a command of ours until it was applied here.
  void command_applied(Duration took);
  /// What holds after an applied batch.
  void applied(const state::ClusterState& cluster);
  /// One synced batch of the log.
  void log_synced(Duration took);
  /// From asking the spawner until the program runs.
  void slice_launched(Duration took);
  void slice_ended(const isolation::ExitReport& report);
  /// Pipelines with rows of their own in `quality_rows`.
  static constexpr std::size_t pipelines_told_apart = 1'000;
  /// Rows that a validate step took or set apart: `verdict` is "accepted" or "rejected". Pipelines
  /// beyond the first `pipelines_told_apart` since the start are counted together, as pipeline
  /// "other" of herd "other": a scrape never grows with every name that ever was.
  void quality_rows(const HerdName& herd, const PipelineName& pipeline, const char* verdict,
                    std::uint64_t rows);
  void admin_request(const std::string& verb, bool good, Duration took);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace runink::actors
