// How long a node takes to come back with a log behind it, and what three idle nodes cost; ours beside etcd's.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "bench/floor.hpp"
#include "bench/support/contender.hpp"
#include "bench/support/process.hpp"
#include "bench/support/table.hpp"

namespace runink::bench {
namespace {

constexpr std::size_t value_bytes = 8 * 1024;
constexpr double gib = 1024.0 * 1024 * 1024;

struct Competitor {
  std::unique_ptr<Contender> nodes;
  std::vector<std::int64_t> ns;
  double idle_percent = 0, log_gib = 0, disk_gib = 0, peak_mib = 0, before_mib = 0;
};

constexpr unsigned fills_most = 5;

double idle_percent(const Contender& nodes) {
  std::int64_t used = 0;
  for (const pid_t pid : nodes.pids()) used -= cpu_ns(pid);
  constexpr unsigned seconds = 5;
  ::sleep(seconds);
  for (const pid_t pid : nodes.pids()) used += cpu_ns(pid);
  return static_cast<double>(used) / 1e9 / seconds * 100;
}

void fill(Competitor& one, std::uint64_t mebibytes) {
  Load load;
  load.clients = 64;
  load.value_bytes = value_bytes;
  const std::uint64_t wanted = mebibytes * 1024 * 1024 / value_bytes;
  // A machine that does more than it can may change its leader meanwhile: what fails is put again.
  std::uint64_t there = 0;
  for (unsigned goes = 1; there < wanted; ++goes) {
    load.requests_most = wanted - there;
    const Answered answered = one.nodes->run(load, {one.nodes->leader()});
    there += answered.ns.size();
    if (there < wanted && goes == fills_most)
      give_up(one.nodes->name() + ": " + answered.failure);
  }
  one.log_gib = static_cast<double>(wanted * value_bytes) / gib;
}

/// From exec of a node that was killed until it has applied what it had before, and answers.
void restart(Competitor& one) {
  Contender& nodes = *one.nodes;
  const std::size_t node = (nodes.leader() + 1) % nodes.pids().size();
  std::uint64_t wanted = 0;
  wait_until("all has been applied", [&] {
    const auto there = nodes.applied(node), leads = nodes.applied(nodes.leader());
    wanted = there.value_or(0);
    return there && leads && *there >= *leads;
  });
  one.before_mib = std::max(one.before_mib, status_mib(nodes.pid(node), "VmRSS"));
  nodes.kill(node);
  one.disk_gib = std::max(one.disk_gib, static_cast<double>(bytes_below(nodes.data(node))) / gib);
  const std::int64_t began = now_ns();
  nodes.start(node);
  wait_until("the node is back", [&] { return nodes.applied(node).value_or(0) >= wanted; });
  one.ns.push_back(now_ns() - began);
  one.peak_mib = std::max(one.peak_mib, status_mib(nodes.pid(node), "VmHWM"));
}

Row row_of(const Competitor& one) {
  Row row{"restart: " + one.nodes->name(), one.ns, {}, {}};
  const double seconds = static_cast<double>(permille_of(one.ns, 500)) / 1e9;
  row.more = {{"s_per_gib_of_values", seconds / one.log_gib},
              {"s_per_gib_on_disk", seconds / one.disk_gib},
              {"values_gib", one.log_gib},
              {"on_disk_gib", one.disk_gib},
              {"rss_peak_mib", one.peak_mib},
              {"rss_before_mib", one.before_mib},
              {"idle_percent_of_three", one.idle_percent}};
  return row;
}

}  // namespace
}  // namespace runink::bench

int main(int argc, char** argv) {
  using namespace runink::bench;
  const Options options = read_options(argc, argv, 3);
  const std::uint64_t mebibytes =
      static_cast<std::uint64_t>(options.time_ms) / 4;  // -t 2000: 500 MiB
  std::vector<std::string> notes{"Puts of 8 KiB, " + std::to_string(mebibytes) +
                                     " MiB in all (-t MS: a quarter of it in MiB), then a follower "
                                     "is killed with SIGKILL and started again: from "
                                     "exec until it answers and has applied what it had before. "
                                     "Three nodes over TLS, 1,000 keys.",
                                 "Where a program cuts its log the rest is less than what was put: "
                                 "the second figure divides by what lies on the "
                                 "disk. RSS: the most while it came back, and before it was "
                                 "killed. Idle: CPU of three nodes in 5 s before the puts."};
  std::vector<Competitor> all;
  all.push_back({three_runinks(options.folder, {true, false}), {}});
  std::string why;
  if (auto etcd = three_etcds(options.folder, {true, true}, why))
    all.push_back({std::move(etcd), {}});
  if (!why.empty()) notes.push_back(why);
  for (Competitor& one : all) one.idle_percent = idle_percent(*one.nodes);
  for (Competitor& one : all) fill(one, std::max<std::uint64_t>(mebibytes, 1));
  for (int round = 0; round < options.rounds; ++round)
    for (Competitor& one : all) restart(one);
  std::vector<Row> rows;
  for (const Competitor& one : all) rows.push_back(row_of(one));
  if (all.size() > 1)
    rows.front().more.emplace_back(
        "ratio_to_etcd", rows.front().more.front().second / rows.back().more.front().second);
  print("recovery", options, rows, notes);
}
