// The raft_actor's end of snapshots: what the core asks for is done elsewhere, and what became of it
// goes back to the core. On the raft_actor's thread.
#pragma once

#include <caf/all.hpp>
#include <optional>
#include <set>

#include "actors/messages.hpp"
#include "actors/services.hpp"
#include "raft/driver.hpp"
#include "raft/ports.hpp"

namespace runink::actors {

class SnapshotPort final : public raft::SnapshotPort {
 public:
  /// `applier` is the state_actor. `services.snapshots` is there.
  SnapshotPort(caf::event_based_actor* self, Services& services, caf::actor applier)
      : self_(self), services_(services), applier_(std::move(applier)) {}
  /// Whom to tell; before the first call.
  void serve(raft::Driver& driver) { driver_ = &driver; }

  void take() override;
  void fetch(const raft::SnapshotFetch& fetch) override;
  void install(const raft::SnapshotMeta& snapshot) override;
  void discard(raft::SnapshotId id) override;

  void drafted(const SnapshotDrafted& news);
  void taken(const SnapshotTaken& news);
  void arrived(const SnapshotArrived& news);
  void installed(const SnapshotInstalled& news);
  /// More was applied.
  void applied() { describe_when_applied(); }
  /// A transfer from whoever led before is of no use when the new leader does not go on with it.
  void leader_changed(NodeId leader);
  void let_time_pass(Instant now);

 private:
  void describe_when_applied();
  void tidy();
  caf::actor me() const { return caf::actor_cast<caf::actor>(self_); }

  struct Fetching {
    std::uint64_t number = 0;
    NodeId from;
    raft::SnapshotId id;
  };

  caf::event_based_actor* self_;
  Services& services_;
  caf::actor applier_;
  raft::Driver* driver_ = nullptr;
  Instant now_;
  Instant took_since_;
  std::optional<LogIndex> drafted_;  ///< waits until Raft knows that it is applied
  std::optional<Fetching> fetching_;
  std::uint64_t fetches_ = 0;
  Instant fetch_again_at_;
  std::optional<raft::SnapshotId> installing_;
  Instant tidy_at_;
};

}  // namespace runink::actors
