// Simulates groups seed by seed, in two processes, and says what happened and what was broken.
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "world/fleet.hpp"
#include "world/mutants.hpp"
#include "world/reduce.hpp"
#include "world/simulation.hpp"
#include "world/trace.hpp"

using namespace runink;
using namespace runink::raft;
using namespace runink::raft::simulation;

namespace {

constexpr const char* help =
    R"(simulate: a Raft group with its network, disks and clocks, out of a seed

  --seeds N       so many seeds (default 500)
  --minutes M     no new seed after M minutes
  --from S        the first seed (default 1)
  --workers W     processes (default 2)
  --once          each seed once; otherwise twice, and both must be the same
  --failures F    stop after so many failures (default 1)
  --seed S        only this one: its weather, and what is broken
  --trace         with --seed: what of its weather the failure does not need, and without that
                  the last events in words; --lines N of them (default 60)
  --mutant NAME   with a deliberate defect; `--mutant list` names them
  --complete      fails also when something never happened, or was never judged
  --properties    the properties, and who judges them
  --quiet         no progress
)";

struct Options {
  Order order;
  std::optional<std::uint64_t> seed;
  bool trace = false;
  bool properties = false;
  bool quiet = false;
  bool complete = false;
  std::size_t lines = 60;
  Mutant mutant = Mutant::none;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// False when `name` is no option, or lacks its value.
bool take(Options& options, std::string_view name, std::string_view value) {
  if (name == "--mutant") {
    const auto mutant = mutant_named(value);
    if (mutant) options.mutant = *mutant;
    return mutant.has_value();
  }
  const auto many = number(value);
  if (!many) return false;
  if (name == "--seeds")
    options.order.seeds = *many;
  else if (name == "--minutes")
    options.order.seconds_most = static_cast<double>(*many) * 60;
  else if (name == "--from")
    options.order.from = *many;
  else if (name == "--workers")
    options.order.workers = static_cast<unsigned>(*many);
  else if (name == "--failures")
    options.order.failures_most = *many;
  else if (name == "--seed")
    options.seed = *many;
  else if (name == "--lines")
    options.lines = *many;
  else
    return false;
  return true;
}

std::optional<Options> read_options(int argc, char** argv) {
  Options options;
  bool seeds_given = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    seeds_given |= name == "--seeds";
    if (name == "--trace")
      options.trace = true;
    else if (name == "--once")
      options.order.twice = false;
    else if (name == "--properties")
      options.properties = true;
    else if (name == "--quiet")
      options.quiet = true;
    else if (name == "--complete")
      options.complete = true;
    else if (i + 1 >= argc || !take(options, name, argv[++i]))
      return std::nullopt;
  }
  if (options.order.seconds_most > 0 && !seeds_given) options.order.seeds = ~std::uint64_t{0} / 4;
  if (options.order.workers == 0 || options.order.seeds == 0) return std::nullopt;
  return options;
}

Weather weather_of(const Options& options, std::uint64_t seed) {
  if (options.mutant == Mutant::none) return draw_weather(seed);
  return weather_for(options.mutant, seed);
}

std::string repeat_command(const Options& options, std::uint64_t seed) {
  std::string command = "tools/simulate --seed " + std::to_string(seed) + " --trace";
  if (options.mutant != Mutant::none)
    command += " --mutant " + std::string(name_of(options.mutant));
  return command;
}

/// A broken promise ends the process in the middle of a run: what led to it is told all the same.
void tell_at_the_end(int) {
  if (Trace::newest)
    for (const std::string& line : Trace::newest->lines()) std::printf("  %s\n", line.c_str());
  std::fflush(stdout);
  _exit(1);
}

/// The least weather in which the seed still breaks what it breaks, and the last events in it.
void tell(const Options& options, std::uint64_t seed, const Weather& weather) {
  Order order{.from = seed, .seeds = 1, .workers = 1, .twice = false};
  order.weather = [&](std::uint64_t) { return weather; };
  const Report report = run(order);
  Weather least = weather;
  if (!report.failures.empty()) {
    const Failure& one = report.failures.front();
    const Reduced reduced = reduce(seed, weather, one.property);
    least = reduced.weather;
    std::printf("%s is broken: %s\n  still so in less weather: %s\n",
                number_of(one.property).c_str(), one.what.c_str(), to_string(least).c_str());
    std::fflush(stdout);
  }
  for (const std::string& line : simulate(seed, least, options.lines).lines)
    std::printf("  %s\n", line.c_str());
}

/// In a process of its own, which may end.
void tell_apart(const Options& options, std::uint64_t seed) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return;
  if (child > 0) {
    waitpid(child, nullptr, 0);
    return;
  }
  tell(options, seed, weather_of(options, seed));
  std::fflush(stdout);
  _exit(0);
}

int run_one(const Options& options) {
  const std::uint64_t seed = *options.seed;
  const Weather weather = weather_of(options, seed);
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), to_string(weather).c_str());
  std::fflush(stdout);
  if (options.trace) tell_apart(options, seed);
  const Outcome outcome = simulate(seed, weather);
  std::printf("trace %016llx, %llu core events\n", static_cast<unsigned long long>(outcome.trace),
              static_cast<unsigned long long>(outcome.steps));
  if (!outcome.violation) return std::puts("nothing is broken"), 0;
  std::printf("%s %s\n", number_of(outcome.violation->property).c_str(),
              outcome.violation->what.c_str());
  return 1;
}

/// What never happened and what was never judged, by name.
std::string gaps_of(const Report& report, bool twice) {
  std::string gaps;
  for (std::size_t i = 0; i < happening_count; ++i)
    if (report.coverage.at(i) == 0) gaps += " " + std::string(happening_names[i]);
  for (const PropertyRow& row : properties())
    if (report.judged[static_cast<std::size_t>(row.property)] == 0 &&
        (twice || row.property != Property::same_trace))
      gaps += " " + number_of(row.property);
  return gaps;
}

int run_many(Options options) {
  options.order.weather = [&](std::uint64_t seed) { return weather_of(options, seed); };
  if (!options.quiet)
    options.order.progress = [](const Report& so_far) {
      std::fprintf(stderr, "\r%llu seeds, %.1f M events, %.0f events/s ",
                   static_cast<unsigned long long>(so_far.seeds),
                   static_cast<double>(so_far.events) / 1e6,
                   static_cast<double>(so_far.events) / so_far.seconds);
    };
  const Report report = run(options.order);
  if (!options.quiet) std::fputs("\n", stderr);
  std::fputs(to_text(report).c_str(), stdout);
  for (const Failure& one : report.failures) {
    std::printf("seed %llu breaks %s: %s\n  repeat with: %s\n",
                static_cast<unsigned long long>(one.seed), number_of(one.property).c_str(),
                one.what.c_str(), repeat_command(options, one.seed).c_str());
    if (one.property != Property::same_trace) tell_apart(options, one.seed);
  }
  std::puts(to_json(report).c_str());
  const std::string gaps = options.complete ? gaps_of(report, options.order.twice) : "";
  if (!gaps.empty()) std::printf("never:%s\n", gaps.c_str());
  return report.failures.empty() && gaps.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, tell_at_the_end);
  if (argc > 1 && std::strcmp(argv[1], "--help") == 0) return std::fputs(help, stdout), 0;
  if (argc > 2 && std::strcmp(argv[1], "--mutant") == 0 && std::strcmp(argv[2], "list") == 0) {
    for (const MutantRow& row : mutants())
      std::printf("%-32s %s\n", std::string(row.name).c_str(), std::string(row.sentence).c_str());
    return 0;
  }
  const auto options = read_options(argc, argv);
  if (!options) return std::fputs(help, stderr), 2;
  if (options->properties) {
    for (const PropertyRow& row : properties())
      std::printf("%-4s %-22s %s\n     judged by: %s\n", number_of(row.property).c_str(),
                  std::string(row.name).c_str(), std::string(row.sentence).c_str(),
                  std::string(row.judged_by).c_str());
    return 0;
  }
  return options->seed ? run_one(*options) : run_many(*options);
}
