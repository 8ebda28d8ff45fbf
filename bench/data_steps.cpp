// validate + mask + group against plain DuckDB on the same files: both as processes of their own, on one
// core, with the same library and the same memory. RUNINK_BENCH_ROWS: another number of trades than 10,000,000;
// RUNINK_BENCH_CASE: only trades, or only flights.
#include <sched.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bench/floor.hpp"
#include "bench/support/table.hpp"
#include "bench/support/trades.hpp"
#include "pipeline/step_file.hpp"
#include "steps/engine.hpp"
#include "vocabulary/codec.hpp"

namespace runink::bench {
namespace {
namespace fs = std::filesystem;

constexpr Bytes kMemory = MiB(1024);
constexpr std::string_view kKey = "herd key, 32 bytes of entropy...";

/// What a process took.
struct Took {
  std::int64_t ns = 0;
  double peak_mib = 0;
};

Took wait_for(pid_t child, std::int64_t begun, const std::string& what) {
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) != child || status != 0) give_up(what + " failed");
  return {now_ns() - begun, static_cast<double>(usage.ru_maxrss) / 1024};
}

/// All of this program and of its children on one core, so that nothing helps from another.
void stay_on_one_core() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(0, &cores);
  if (::sched_setaffinity(0, sizeof cores, &cores) != 0) give_up("no core can be chosen");
}

/// Folders of one slice after the other.
class Steps {
 public:
  explicit Steps(const fs::path& root) : root_(root) {
    for (const char* name : {"in/.runink", "out", "scratch", "volumes"})
      fs::create_directories(root_ / name);
    std::ofstream(root_ / "in/.runink/key", std::ios::binary) << kKey;
  }

  /// A step as the daemon starts it; its outputs become inputs of the next.
  Took run(const pipeline::Step& step) {
    pipeline::StepFile file;
    file.step = step;
    file.memory_limit = kMemory;
    std::ofstream(root_ / "in/.runink/step", std::ios::binary) << encode(file);
    fs::remove_all(root_ / "out");
    fs::create_directories(root_ / "out");
    const std::int64_t begun = now_ns();
    const Took took = wait_for(start(), begun, "the step " + step.name.value);
    for (const auto& dataset : fs::directory_iterator(root_ / "out")) {
      fs::remove_all(root_ / "in" / dataset.path().filename());
      fs::rename(dataset.path(), root_ / "in" / dataset.path().filename());
    }
    return took;
  }
  fs::path in(const std::string& name) const { return root_ / "in" / name; }

 private:
  pid_t start() const {
    const auto place = [&](const char* name, const char* below) {
      return std::string(name) + "=" + (root_ / below).string();
    };
    std::string environment[] = {
        place("RUNINK_IN", "in"), place("RUNINK_OUT", "out"), place("RUNINK_SCRATCH", "scratch"),
        place("RUNINK_VOLUMES", "volumes"), place("RUNINK_REPORT", "report")};
    std::ofstream(root_ / "report");
    std::vector<char*> pointers;
    for (std::string& one : environment) pointers.push_back(one.data());
    pointers.push_back(nullptr);
    std::string program =
        (fs::read_symlink("/proc/self/exe").parent_path() / "runink-step").string();
    std::string verb = "run";
    char* arguments[] = {program.data(), verb.data(), nullptr};
    pid_t child = -1;
    if (::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, pointers.data()) != 0)
      give_up(program + " cannot be started");
    return child;
  }

  fs::path root_;
};

/// Statements of plain DuckDB in a process of its own, with the settings of our engine.
Took plain(const fs::path& root, const std::vector<std::string>& statements) {
  std::fflush(stdout);
  const std::int64_t begun = now_ns();
  const pid_t child = ::fork();
  if (child == 0) {
    auto engine = steps::Engine::open({.memory = kMemory,
                                       .spill_folder = (root / "scratch").string(),
                                       .spill_max = GiB(16),
                                       .folders = {root.string() + "/"}});
    for (const std::string& statement : statements) {
      const auto done = engine ? engine->execute(statement)
                               : steps::Outcome<void>(std::unexpected(engine.error()));
      if (done) continue;
      std::fprintf(stderr, "%s\n", done.error().text.c_str());
      ::_exit(1);
    }
    ::_exit(0);
  }
  return wait_for(child, begun, "plain DuckDB");
}

/// The same rounds of all ways to do one case.
struct Way {
  std::string name;
  std::vector<std::int64_t> ns;
  double peak_mib = 0;
  void add(const Took& took) {
    ns.push_back(took.ns);
    peak_mib = std::max(peak_mib, took.peak_mib);
  }
};

/// Steps one after the other; what the first alone took is added to `first`.
Took all_of(Steps& steps, const std::vector<pipeline::Step>& list, Way& first) {
  Took sum;
  for (const pipeline::Step& step : list) {
    const Took took = steps.run(step);
    if (&step == &list.front()) first.add(took);
    sum.ns += took.ns;
    sum.peak_mib = std::max(sum.peak_mib, took.peak_mib);
  }
  return sum;
}

std::vector<Row> measure(const Case& one, Steps& steps, const fs::path& root, int rounds) {
  Way whole{"", {}}, apart{"", {}}, both{"", {}}, validate{"", {}};
  Way copy{"", {}}, copied{"", {}}, query{"", {}}, by_hand{"", {}};
  for (int round = 0; round < rounds; ++round) {
    whole.add(all_of(steps, one.steps, both));
    copy.add(plain(root, {one.copy}));
    const Took group = plain(root, {one.group});
    copied.add({copy.ns.back() + group.ns, std::max(copy.peak_mib, group.peak_mib)});
    query.add(plain(root, {one.one_query}));
    by_hand.add(plain(root, one.by_hand));
    apart.add(all_of(steps, one.apart, validate));
  }
  const auto row = [&](const std::string& name, const Way& ours, const Way& floor) {
    const double seconds = static_cast<double>(permille_of(ours.ns, 500)) / 1e9;
    return Row{one.name + name,
               ours.ns,
               floor.ns,
               {{"rows_per_second_core", static_cast<double>(one.rows) / seconds},
                {"peak_mib", ours.peak_mib},
                {"floor_peak_mib", floor.peak_mib}}};
  };
  return {row(" / typed copy, group", whole, copied),
          row(" / the same by hand", whole, by_hand),
          row(" / one query", whole, query),
          row(" validate + mask / typed copy", both, copy),
          row(" in three steps / typed copy, group", apart, copied),
          row(" validate alone / typed copy", validate, copy)};
}

}  // namespace
}  // namespace runink::bench

int main(int argc, char** argv) {
  using namespace runink::bench;
  namespace fs = std::filesystem;
  const Options options = read_options(argc, argv, 3);
  const char* asked = std::getenv("RUNINK_BENCH_ROWS");
  const std::uint64_t trades = asked                ? std::strtoull(asked, nullptr, 10)
                               : options.rounds < 3 ? 50'000
                                                    : 10'000'000;
  const fs::path root =
      fs::path(options.folder) / ("runink-data-steps-" + std::to_string(::getpid()));
  stay_on_one_core();
  const char* only = std::getenv("RUNINK_BENCH_CASE");
  const auto wanted = [only](const std::string& name) { return !only || name == only; };
  std::vector<Row> rows;
  {
    Steps steps{root};
    fs::create_directories(root / "plain");
    if (wanted("trades")) {
      write_trades(steps.in("trades") / "trades.csv", trades);
      for (Row& row : measure(trades_case(root, trades), steps, root, options.rounds))
        rows.push_back(std::move(row));
      fs::remove_all(steps.in("trades"));
    }
    const fs::path flights =
        fs::path(RUNINK_SOURCE_DIR) / ".data/examples/lake/flights/flights-3m.parquet";
    if (wanted("flights") && fs::exists(flights)) {
      fs::create_directories(steps.in("flights"));
      fs::copy_file(flights, steps.in("flights") / "flights.parquet");
      for (Row& row : measure(flights_case(root), steps, root, options.rounds))
        rows.push_back(std::move(row));
    }
  }
  fs::remove_all(root);
  print("data_steps", options, rows,
        {"Wall time of processes on one core: a step that validates and masks, then one that "
         "groups (each "
         "writes Parquet, hashes what it wrote, and counts) against plain DuckDB, 1 thread, "
         "memory_limit 1 GiB for both.",
         "one query: SELECT .. FROM read_csv(types) GROUP BY, nothing written. typed copy, group: "
         "read_csv(types) to "
         "Parquet, then the query on it. the same by hand: copy with the rules in WHERE (rejected "
         "rows are lost) and "
         "masks by SQL, then the query.",
         "trades: 12 columns, 20 rules beside types, one row in 10,000 broken. flights: 5 columns "
         "of Parquet, 12 rules.",
         "Goal: 1.3."});
}
