#include "weather.hpp"

#include "vocabulary/randomness.hpp"

namespace runink::raft::simulation {
namespace {

/// Half of the seeds know nothing of it, so that what it hides shows too.
unsigned sometimes(Randomness& random, unsigned most) {
  return random.chance(50) ? 0 : static_cast<unsigned>(random.below(most + 1));
}

void draw_group(Randomness& random, Weather& weather) {
  constexpr unsigned sizes[] = {1, 2, 3, 3, 3, 3, 4, 5, 5, 7};
  weather.nodes = sizes[random.below(std::size(sizes))];
  weather.learners = random.chance(25) ? 1 + static_cast<unsigned>(random.below(2)) : 0;
  switch (random.below(6)) {
    case 0:  // members come and go
      weather.spares = 1 + static_cast<unsigned>(random.below(3));
      weather.change_percent = 10 + static_cast<unsigned>(random.below(31));
      weather.forced_percent = static_cast<unsigned>(random.below(101));
      break;
    case 1:
      weather.nodes = 3 + static_cast<unsigned>(random.below(3));
      weather.learners = 0;
      weather.replacements = true;
      weather.lying_disks = random.chance(50);
      break;
    case 2: weather.minority_dies = weather.nodes > 2; break;
    case 3: weather.upgrades = true; break;
    default: break;
  }
  weather.snapshots = random.chance(50);
  weather.clients = random.chance(25);
}

void draw_network(Randomness& random, Weather& weather) {
  weather.lost_percent = sometimes(random, 30);
  weather.doubled_percent = sometimes(random, 50);
  weather.late_percent = sometimes(random, 30);
  constexpr std::int64_t ways_ms[] = {1, 3, 3, 10, 30};
  weather.way_longest = milliseconds(ways_ms[random.below(std::size(ways_ms))]);
  weather.late_longest = milliseconds(random.between(20, 1000));
  weather.partitions = random.chance(80);
  weather.clogs = random.chance(40);
}

void draw_disks(Randomness& random, Weather& weather) {
  constexpr std::int64_t syncs_ms[] = {1, 5, 5, 30, 100};
  weather.sync_longest = milliseconds(syncs_ms[random.below(std::size(syncs_ms))]);
  weather.slow_sync_permille = sometimes(random, 20);
  weather.failed_write_permille = sometimes(random, 5);
  weather.stalls = random.chance(30);
  weather.full_disks = random.chance(30);
  if (random.chance(50)) weather.apply_longest = milliseconds(random.between(1, 200));
}

void draw_limits(Randomness& random, Weather& weather) {
  if (random.chance(20))
    weather.batch_entries_most = 1 + static_cast<std::uint32_t>(random.below(4));
  if (random.chance(20)) weather.window_messages = 1 + static_cast<std::uint32_t>(random.below(3));
  if (random.chance(15)) weather.uncommitted_bytes_most = 400 + random.below(2000);
  if (random.chance(15)) weather.unapplied_most = 1 + static_cast<std::uint32_t>(random.below(20));
}

}  // namespace

Weather draw_weather(std::uint64_t seed) {
  Randomness random(seed ^ 0x7765617468657200ull);
  Weather weather;
  draw_group(random, weather);
  draw_network(random, weather);
  draw_disks(random, weather);
  draw_limits(random, weather);
  weather.crashes = random.chance(85);
  weather.crash_after_vote_percent = sometimes(random, 60);
  weather.pauses = random.chance(60);
  weather.clock_jumps = random.chance(30);
  weather.clock_skew_percent = static_cast<unsigned>(random.below(21));
  weather.transfer_percent = sometimes(random, 20);
  weather.between_faults = milliseconds(random.between(150, 1000));
  weather.rough = milliseconds(random.between(1000, 6000));
  weather.damage = random.chance(4);
  weather.probes = true;
  weather.crash_before_sync_percent = sometimes(random, 10);
  return weather;
}

std::string to_string(const Weather& weather) {
  std::string text = std::to_string(weather.nodes) + " voters";
  const auto add = [&](const char* what, std::uint64_t much, const char* unit = "") {
    if (much > 0) text += std::string(", ") + what + " " + std::to_string(much) + unit;
  };
  const auto flag = [&](const char* what, bool is) {
    if (is) text += std::string(", ") + what;
  };
  const auto ms = [](Duration time) { return static_cast<std::uint64_t>(time.ns / 1'000'000); };
  add("learners", weather.learners);
  add("spares", weather.spares);
  add("changes", weather.change_percent, " %");
  flag("disks are lost", weather.replacements);
  flag("disks lie", weather.lying_disks);
  flag("a minority dies", weather.minority_dies);
  flag("upgrades", weather.upgrades);
  flag("clients", weather.clients);
  flag("snapshots", weather.snapshots);
  add("lost", weather.lost_percent, " %");
  add("doubled", weather.doubled_percent, " %");
  add("late", weather.late_percent, " %");
  add("way up to", ms(weather.way_longest), " ms");
  flag("partitions", weather.partitions);
  flag("clogs", weather.clogs);
  add("sync up to", ms(weather.sync_longest), " ms");
  add("slow syncs", weather.slow_sync_permille, " permille");
  add("failed syncs", weather.failed_write_permille, " permille");
  flag("stalls", weather.stalls);
  flag("full disks", weather.full_disks);
  add("apply up to", ms(weather.apply_longest), " ms");
  flag("crashes", weather.crashes);
  add("crashes after votes", weather.crash_after_vote_percent, " %");
  add("crashes before syncs", weather.crash_before_sync_percent, " %");
  flag("pauses", weather.pauses);
  flag("clock jumps", weather.clock_jumps);
  add("skew", weather.clock_skew_percent, " %");
  flag("damage", weather.damage);
  add("hand-overs", weather.transfer_percent, " %");
  add("batches of", weather.batch_entries_most);
  add("windows of", weather.window_messages);
  add("uncommitted up to", weather.uncommitted_bytes_most, " B");
  add("unapplied up to", weather.unapplied_most);
  add("faults every", ms(weather.between_faults), " ms");
  add("for", ms(weather.rough), " ms");
  return text;
}

}  // namespace runink::raft::simulation
