// What holds for every log: the same twice, restored from rows, no leak, at most one commit, and no
// crash whatever the bytes.
#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/state/world.hpp"

using namespace runink;
using namespace runink::state;
using namespace runink::state::testing;

namespace {

const auto no_check = [](const World&, const Command&, const Applied&) {};

/// The invariants of the room, each a sentence.
void check_invariants(const ClusterState& state) {
  const Uses uses = uses_of(state);
  std::size_t live = 0;
  for (const auto& [id, run] : state.runs) {
    bool busy = run.head.status == RunStatus::running;
    for (const Stage& stage : run.stages) {
      busy = busy || stage.head.status == StageStatus::publishing;
      for (const PartitionState& partition : stage.partitions) {
        live += partition.live.size();
        busy = busy || !partition.live.empty();
        BOOST_REQUIRE_MESSAGE(partition.live.size() + (partition.commit ? 1 : 0) <= 1,
                              "a partition has one live attempt or one commit");
      }
    }
    BOOST_REQUIRE_MESSAGE(busy, "a run without work is in history");
  }
  BOOST_REQUIRE_MESSAGE(live == state.live_attempts.size(), "the index of live attempts is exact");
  for (const PartitionKey& key : state.placeable)
    BOOST_REQUIRE_MESSAGE(state.run(key.run)->find(key.step, key.partition)->live.empty(),
                          "a placeable partition has no live attempt");
  for (const auto& [name, use] : uses.of_nodes)
    BOOST_REQUIRE_MESSAGE(use.cpu <= MilliCpu{4000} && use.memory <= GiB(4),
                          "no node is filled beyond the largest capacity it ever had");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(every_log)

BOOST_AUTO_TEST_CASE(gives_the_same_rows_events_and_hash_when_it_is_applied_again) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::vector<std::pair<Command, Applied>> log;
      const World first =
          random_log(seed, 400, [&](const World&, const Command& command, const Applied& applied) {
            log.emplace_back(command, applied);
          });
      World second = World::with({node("n1"), node("n2", 2000)});
      for (const auto& [command, applied] : log) {
        const Result<Command> read = decode_command(encode(command));
        BOOST_REQUIRE(read.has_value());
        BOOST_REQUIRE(second.say(*read) == applied);
      }
      BOOST_TEST(second.state.hash == first.state.hash);
      BOOST_CHECK(second.state == first.state);
      BOOST_CHECK(second.store == first.store);
    }
  }
}

BOOST_AUTO_TEST_CASE(can_be_restored_from_its_rows_at_any_entry) {
  for (std::uint64_t seed = 20; seed < 26; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::size_t entry = 0;
      random_log(seed, 300, [&](const World& world, const Command&, const Applied&) {
        if (++entry % 17 != 0) return;
        const Result<ClusterState> loaded = load(world.stored());
        BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().what));
        BOOST_REQUIRE(*loaded == world.state);
        std::vector<Row> rows = rows_of(world.state);
        std::vector<Row> kept = world.stored_live();
        BOOST_REQUIRE(rows == kept);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(never_leaks_a_slot_and_commits_each_partition_at_most_once) {
  std::size_t commits = 0;
  std::size_t archived = 0;
  std::size_t violated = 0;
  std::set<Verdict> verdicts;
  for (std::uint64_t seed = 40; seed < 52; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::set<PartitionKey> committed;
      random_log(seed, 400,
                 [&](const World& world, const Command& command, const Applied& applied) {
                   check_invariants(world.state);
                   verdicts.insert(applied.outcome.verdict);
                   for (const Event& event : applied.events) {
                     if (const auto* done = std::get_if<PartitionDone>(&event)) {
                       BOOST_REQUIRE(committed.insert(done->attempt.partition).second);
                       ++commits;
                     }
                     if (std::holds_alternative<RunArchived>(event)) ++archived;
                     const auto* stage = std::get_if<StageChanged>(&event);
                     if (stage && stage->status == StageStatus::failed &&
                         std::holds_alternative<PartitionCommitted>(command.body))
                       ++violated;
                   }
                   if (applied.outcome.verdict != Verdict::accepted)
                     BOOST_REQUIRE(applied.rows.size() == 1 && applied.events.empty());
                 });
    }
  }
  // The random logs are worth something only if work is done in them.
  BOOST_TEST(commits > 200);
  BOOST_TEST(archived > 50);
  BOOST_TEST(violated > 3);
  BOOST_TEST(verdicts.size() == 3);
}

BOOST_AUTO_TEST_CASE(has_the_hash_that_every_other_build_of_it_has) {
  const std::pair<std::uint64_t, std::uint64_t> golden[] = {
      {101, 13936351772962259921u}, {102, 1410775855803429075u}, {103, 9230937764948958642u}};
  for (const auto& [seed, hash] : golden) {
    const World world = random_log(seed, 500, no_check);
    BOOST_TEST_MESSAGE("state hash of seed " << seed << ": " << world.state.hash);
    BOOST_TEST(world.state.hash == hash);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(junk)

BOOST_AUTO_TEST_CASE(bytes_that_were_changed_are_refused_or_read_but_never_crash) {
  Randomness chance(7);
  std::vector<std::string> logs;
  World world = random_log(61, 300, [&](const World&, const Command& command, const Applied&) {
    logs.push_back(encode(command));
  });
  std::size_t read = 0;
  std::size_t unread = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string bytes = pick(chance, logs);
    for (std::uint64_t i = chance.below(4) + 1; i > 0 && !bytes.empty(); --i) {
      const std::size_t at = chance.below(bytes.size());
      switch (chance.below(3)) {
        case 0: bytes[at] = static_cast<char>(chance.next()); break;
        case 1: bytes.erase(at, 1 + chance.below(4)); break;
        default: bytes.insert(at, 1, static_cast<char>(chance.next()));
      }
    }
    const Result<Command> command = decode_command(bytes);
    if (!command) {
      BOOST_REQUIRE(command.error().kind == FaultKind::corrupt);
      ++unread;
      continue;
    }
    ++read;
    const Applied applied = world.say(*command);
    if (applied.outcome.verdict == Verdict::refused) {
      BOOST_REQUIRE(applied.outcome.refusal != Refusal::none);
      BOOST_REQUIRE(!applied.outcome.what.empty());
    }
  }
  BOOST_TEST(read > 300);
  BOOST_TEST(unread > 300);
  const Result<ClusterState> loaded = load(world.stored());
  BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().what));
  BOOST_CHECK(*loaded == world.state);
}

BOOST_AUTO_TEST_CASE(rows_that_were_changed_are_corrupt_or_read_but_never_crash) {
  Randomness chance(8);
  const World world = random_log(62, 200, no_check);
  const std::vector<Row> rows = world.stored();
  std::size_t corrupt = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<Row> changed = rows;
    Row& row = changed[chance.below(changed.size())];
    (*row.value)[chance.below(row.value->size())] = static_cast<char>(chance.next());
    const Result<ClusterState> loaded = load(changed);
    if (!loaded) ++corrupt;
    (void)artifacts_of(row, [](const Digest&) {});
  }
  BOOST_TEST(corrupt > 0);
}

BOOST_AUTO_TEST_SUITE_END()
