// How long nobody can write when the leader is killed, ours and etcd's in turns.
#include <algorithm>
#include <memory>

#include "bench/floor.hpp"
#include "bench/support/contender.hpp"
#include "bench/support/process.hpp"
#include "bench/support/table.hpp"

namespace runink::bench {
namespace {

/// Writes that are due on the survivors from before the kill on, each a chance to see that there is a leader again:
/// the finest step of what is measured is the distance of two.
constexpr double writes_per_second = 200;
constexpr int clients = 128;
constexpr std::int64_t before_kill_ns = 50'000'000;
constexpr std::int64_t patience_ns = 20'000'000'000;

struct Competitor {
  std::unique_ptr<Contender> nodes;
  std::vector<std::int64_t> ns;
};

void have_caught_up(Contender& nodes, std::size_t node, std::size_t leader) {
  wait_until("the node that was killed has caught up", [&] {
    const auto there = nodes.applied(node), wanted = nodes.applied(leader);
    return there && wanted && *there >= *wanted;
  });
}

/// From the kill to the first acknowledgement of a write that was due after it.
std::int64_t one_trial(Contender& nodes) {
  const std::size_t leader = nodes.leader();
  std::vector<std::size_t> survivors;
  for (std::size_t i = 0; i < nodes.pids().size(); ++i)
    if (i != leader) survivors.push_back(i);
  Load load;
  load.clients = clients;
  load.offered_per_second = writes_per_second;
  load.time_ns = patience_ns;
  load.during = {before_kill_ns, [&] { nodes.kill(leader); }};
  const Answered answered = nodes.run(load, survivors);
  if (answered.first_success_ns == 0)
    give_up(nodes.name() + " took no write for " + std::to_string(patience_ns / 1'000'000'000) +
            " s after its leader was killed: " + answered.failure);
  const std::size_t next = nodes.leader();
  nodes.start(leader);
  have_caught_up(nodes, leader, next);
  return answered.first_success_ns - answered.deed_ns;
}

}  // namespace
}  // namespace runink::bench

int main(int argc, char** argv) {
  using namespace runink::bench;
  const Options options = read_options(argc, argv, 20);
  std::vector<std::string> notes{
      "Three nodes over TLS; the leader is killed with SIGKILL. From just before the kill to the "
      "first acknowledgement "
      "of a put that was due after it, with 200 puts a second due at the two survivors, from 128 "
      "connections.",
      "The one that was killed is started again and has caught up before the next trial. Defaults "
      "of both: etcd 3.4 "
      "elects after 1 to 2 s without a heartbeat, runink after 300 to 600 ms, and at once when the "
      "connection of a "
      "leader's process is closed by its kernel, as here: a leader whose machine dies takes the "
      "former."};
  std::vector<Competitor> all;
  all.push_back({three_runinks(options.folder, {true, false}), {}});
  std::string why;
  if (auto etcd = three_etcds(options.folder, {true, true}, why))
    all.push_back({std::move(etcd), {}});
  if (!why.empty()) notes.push_back(why);
  for (int trial = 0; trial < options.rounds; ++trial)
    for (Competitor& one : all) one.ns.push_back(one_trial(*one.nodes));
  std::vector<Row> rows;
  for (const Competitor& one : all) {
    rows.push_back({"killed: " + one.nodes->name(), one.ns, {}, {}});
    rows.back().more.emplace_back("most_us", static_cast<double>(std::ranges::max(one.ns)) / 1e3);
  }
  if (all.size() > 1)
    rows.front().more.emplace_back("ratio_to_etcd",
                                   static_cast<double>(permille_of(all[0].ns, 500)) /
                                       static_cast<double>(permille_of(all[1].ns, 500)));
  print("failover", options, rows, notes);
}
