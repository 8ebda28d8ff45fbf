// Puts and linearizable reads of three nodes, beside three of etcd in the same run.
#include "bench/raft_commit_three.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "bench/support/contender.hpp"
#include "bench/support/process.hpp"

namespace runink::bench {
namespace {

using Kind = Load::Kind;

struct Case {
  const char* name;
  Kind kind;
  int clients;
  double offered_per_second = 0;
};
constexpr Case cases[] = {
    {"put, 1 client", Kind::put, 1},      {"put, 64 clients", Kind::put, 64},
    {"put, 256 clients", Kind::put, 256}, {"put, 5,000 offered a second", Kind::put, 256, 5'000},
    {"get, 1 client", Kind::get, 1},      {"get, 64 clients", Kind::get, 64},
    {"get, 256 clients", Kind::get, 256},
};
/// Before each measurement, so that connections, caches and windows are warm.
constexpr std::int64_t warm_up_ns = 300'000'000;

/// One case of one contender over all rounds.
struct Measured {
  std::vector<std::int64_t> ns;
  std::vector<double> per_second;
  std::vector<double> p99_us;
  double nodes_cores = 0, client_cores = 0, foreign_cores_most = 0;
  double rss_mib_most = 0;
};

struct Competitor {
  std::string label;
  std::unique_ptr<Contender> nodes;
  std::vector<Measured> measured;
};

double middle(std::vector<double> of) {
  std::ranges::sort(of);
  return of[of.size() / 2];
}

void measure(Competitor& one, const Case& what, Measured& into, const Options& options) {
  Load load;
  load.kind = what.kind;
  load.clients = what.clients;
  load.offered_per_second = what.offered_per_second;
  const std::vector<std::size_t> at{one.nodes->leader()};
  load.time_ns = std::min<std::int64_t>(warm_up_ns, options.time_ms * 1'000'000LL);
  one.nodes->run(load, at);
  load.time_ns = options.time_ms * 1'000'000LL;
  const CpuWatch watch(one.nodes->pids());
  const Answered answered = one.nodes->run(load, at);
  const CpuUse used = watch.so_far();
  if (answered.failed > 0) give_up(one.label + ": " + answered.failure);
  if (answered.ns.empty()) give_up(one.label + " answered nothing");
  into.per_second.push_back(static_cast<double>(answered.ns.size()) * 1e9 /
                            static_cast<double>(answered.took_ns));
  into.p99_us.push_back(static_cast<double>(permille_of(answered.ns, 990)) / 1e3);
  into.ns.insert(into.ns.end(), answered.ns.begin(), answered.ns.end());
  into.nodes_cores += used.nodes / options.rounds;
  into.client_cores += used.client / options.rounds;
  into.foreign_cores_most = std::max(into.foreign_cores_most, used.foreign);
  for (const pid_t pid : one.nodes->pids())
    into.rss_mib_most = std::max(into.rss_mib_most, status_mib(pid, "VmRSS"));
}

Row row_of(const Case& what, const Competitor& one, const Measured& measured) {
  Row row{std::string(what.name) + ": " + one.label, measured.ns, {}, {}};
  const auto [least, most] = std::ranges::minmax(measured.per_second);
  row.more = {{"per_second", std::round(middle(measured.per_second))},
              {"per_second_least", std::round(least)},
              {"per_second_most", std::round(most)},
              {"p99_us_least", std::ranges::min(measured.p99_us)},
              {"p99_us_most", std::ranges::max(measured.p99_us)},
              {"nodes_cores", measured.nodes_cores},
              {"client_cores", measured.client_cores},
              {"foreign_cores_most", measured.foreign_cores_most},
              {"rss_mib_most", std::round(measured.rss_mib_most)}};
  return row;
}

void add_ratios(Row& row, const Measured& ours, const Measured& theirs, const std::string& suffix) {
  const auto of = [&](int permille) {
    return static_cast<double>(permille_of(ours.ns, permille)) /
           static_cast<double>(permille_of(theirs.ns, permille));
  };
  row.more.emplace_back("ratio_to_etcd" + suffix,
                        middle(ours.per_second) / middle(theirs.per_second));
  row.more.emplace_back("p50_to_etcd" + suffix, of(500));
  row.more.emplace_back("p99_to_etcd" + suffix, of(990));
}

std::vector<Competitor> competitors(const Options& options, std::vector<std::string>& notes) {
  const bool tls = options.mode == "tls";
  std::vector<Competitor> all;
  const auto add = [&](const std::string& label, std::unique_ptr<Contender> nodes) {
    if (nodes) all.push_back({label, std::move(nodes), std::vector<Measured>(std::size(cases))});
  };
  add("runink", three_runinks(options.folder, {tls, false}));
  std::string why;
  add("etcd", three_etcds(options.folder, {tls, tls}, why));
  if (tls && why.empty())
    add("etcd, clients in the clear", three_etcds(options.folder, {tls, false}, why));
  if (!why.empty()) notes.push_back(why);
  return all;
}

}  // namespace

void raft_commit_of_three(const Options& options) {
  std::vector<std::string> notes{
      "Three nodes of each on loopback of this machine, one disk, the generator a process of its "
      "own on the same "
      "cores; all clients at the leader, one request at a time each, values of 256 B, 1,000 "
      "keys. " +
          std::string(options.mode == "tls"
                          ? "TLS with certificates on both sides between the nodes."
                          : "Nodes in the clear."),
      "Clients of runink: one connection each to the admin Unix socket, JSON lines, without TLS: "
      "the only door that "
      "there is. Clients of etcd: gRPC, eight to a connection, over TCP" +
          std::string(options.mode == "tls"
                          ? ", with TLS (`etcd`) and without (`clients in the clear`)."
                          : "."),
      "Both sync before they acknowledge. Competitors take turns in each round. per_second: the "
      "median of the rounds "
      "with the least and the most; p50 and p99 over all rounds together. `offered`: a request's "
      "time counts from when "
      "it was due."};
  std::vector<Competitor> all = competitors(options, notes);
  for (int round = 0; round < options.rounds; ++round)
    for (std::size_t i = 0; i < std::size(cases); ++i)
      for (Competitor& one : all) measure(one, cases[i], one.measured[i], options);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < std::size(cases); ++i)
    for (const Competitor& one : all) {
      rows.push_back(row_of(cases[i], one, one.measured[i]));
      if (&one != &all.front()) continue;
      if (all.size() > 1) add_ratios(rows.back(), one.measured[i], all[1].measured[i], "");
      if (all.size() > 2) add_ratios(rows.back(), one.measured[i], all[2].measured[i], "_clear");
    }
  print("raft_commit", options, rows, notes);
}

}  // namespace runink::bench
