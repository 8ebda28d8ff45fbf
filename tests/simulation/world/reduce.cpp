#include "reduce.hpp"

#include "fleet.hpp"

namespace runink::raft::simulation {
namespace {

struct Step {
  std::string_view what;
  void (*leave_out)(Weather& weather);
};

constexpr Step steps[] = {
    {"probes", [](Weather& w) { w.probes = false; }},
    {"clients", [](Weather& w) { w.clients = false; }},
    {"snapshots", [](Weather& w) { w.snapshots = false; }},
    {"upgrades", [](Weather& w) { w.upgrades = false; }},
    {"lost disks", [](Weather& w) { w.replacements = w.lying_disks = false; }},
    {"dying minorities", [](Weather& w) { w.minority_dies = false; }},
    {"changes of members", [](Weather& w) { w.change_percent = 0; }},
    {"spares", [](Weather& w) { w.spares = 0; }},
    {"learners", [](Weather& w) { w.learners = 0; }},
    {"lost messages", [](Weather& w) { w.lost_percent = 0; }},
    {"doubled messages", [](Weather& w) { w.doubled_percent = 0; }},
    {"late messages", [](Weather& w) { w.late_percent = 0; }},
    {"partitions", [](Weather& w) { w.partitions = false; }},
    {"clogs", [](Weather& w) { w.clogs = false; }},
    {"slow syncs", [](Weather& w) { w.slow_sync_permille = 0; }},
    {"failed syncs", [](Weather& w) { w.failed_write_permille = 0; }},
    {"hanging disks", [](Weather& w) { w.stalls = false; }},
    {"full disks", [](Weather& w) { w.full_disks = false; }},
    {"slow state machines", [](Weather& w) { w.apply_longest = {}; }},
    {"crashes", [](Weather& w) { w.crashes = false; }},
    {"crashes after votes", [](Weather& w) { w.crash_after_vote_percent = 0; }},
    {"crashes before syncs", [](Weather& w) { w.crash_before_sync_percent = 0; }},
    {"pauses", [](Weather& w) { w.pauses = false; }},
    {"clock jumps", [](Weather& w) { w.clock_jumps = false; }},
    {"skew", [](Weather& w) { w.clock_skew_percent = 0; }},
    {"damage", [](Weather& w) { w.damage = false; }},
    {"hand-overs", [](Weather& w) { w.transfer_percent = 0; }},
    {"small batches", [](Weather& w) { w.batch_entries_most = 0; }},
    {"small windows", [](Weather& w) { w.window_messages = 0; }},
    {"small limits", [](Weather& w) { w.uncommitted_bytes_most = w.unapplied_most = 0; }},
    {"half of the time", [](Weather& w) { w.rough.ns /= 2; }},
    {"half of what was left", [](Weather& w) { w.rough.ns /= 2; }},
    {"half of that", [](Weather& w) { w.rough.ns /= 2; }},
};

bool breaks(std::uint64_t seed, const Weather& weather, Property property) {
  Order order{.from = seed, .seeds = 1, .workers = 1, .twice = false};
  order.weather = [&](std::uint64_t) { return weather; };
  const Report report = run(order);
  return !report.failures.empty() && report.failures.front().property == property;
}

}  // namespace

Reduced reduce(std::uint64_t seed, const Weather& weather, Property property) {
  Reduced reduced{weather, {}};
  for (const Step& step : steps) {
    Weather less = reduced.weather;
    step.leave_out(less);
    if (less == reduced.weather) continue;
    if (!breaks(seed, less, property)) continue;
    reduced.weather = less;
    reduced.without.push_back(step.what);
  }
  return reduced;
}

}  // namespace runink::raft::simulation
