// What a power cut, a failed call and a lying disk may do to the log and to the state, at every
// single operation on the disk.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <span>

#include "storage/log_store.hpp"
#include "storage/log_writer.hpp"
#include "storage/state_store.hpp"
#include "tests/storage/faulty_env.hpp"
#include "tests/storage/log_fixture.hpp"

using namespace runink;
using namespace runink::test;
using storage::LogStore;
using storage::StateStore;

namespace {

constexpr Unsynced all_ways[] = {Unsynced::lost, Unsynced::kept, Unsynced::torn, Unsynced::zeroed};

/// What a log holds.
struct Content {
  std::map<std::uint64_t, std::uint64_t> term_of;  ///< of each entry
  raft::HardState hard;

  void take(const raft::Persist& persist) {
    if (persist.hard_state) hard = *persist.hard_state;
    if (persist.truncate_from)
      term_of.erase(term_of.lower_bound(persist.truncate_from->value), term_of.end());
    for (const raft::Entry& entry : persist.entries) term_of[entry.index.value] = entry.term.value;
  }
  void forget_before(LogIndex first) {
    term_of.erase(term_of.begin(), term_of.lower_bound(first.value));
  }
  friend bool operator==(const Content&, const Content&) = default;
};

Content content_of(const raft::Recovered& recovered) {
  Content content;
  content.hard = recovered.hard_state;
  for (const raft::Entry& entry : recovered.entries)
    content.term_of[entry.index.value] = entry.term.value;
  return content;
}

/// The writes of a follower: large ones, so that tables are written meanwhile, and some of them in
/// conflict with what was there.
std::vector<raft::Persist> writes(bool conflicts = true) {
  std::vector<raft::Persist> all;
  std::uint64_t last = 0;
  for (std::uint64_t seq = 1; seq <= 24; ++seq) {
    const std::uint64_t count = 2 + seq % 2;
    const std::uint64_t term = 1 + seq / 8;
    raft::Persist persist;
    if (conflicts && seq % 8 == 0) {
      persist = request(seq, last - 1, last + count, term, last - 2, 6'000);
      persist.truncate_from = LogIndex{last - 1};
    } else {
      persist = request(seq, last + 1, last + count, term, last, 6'000);
    }
    last += count;
    all.push_back(std::move(persist));
  }
  return all;
}

/// Writes until the disk gives up. How many writes were acknowledged.
std::size_t write_to(LogStore& store, const std::vector<raft::Persist>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!store.write(std::span(&all[i], 1))) return i;
    const LogIndex commit = all[i].hard_state->commit;
    if (i % 10 == 9 && !store.cut_prefix(LogIndex{commit.value / 2}, commit)) return i + 1;
  }
  return all.size();
}

/// True when the log is what the first n of `all` make, for an n from `least` to `most`.
bool is_log_after(const raft::Recovered& recovered, const std::vector<raft::Persist>& all,
                  std::size_t least, std::size_t most) {
  const Content found = content_of(recovered);
  Content model;
  for (std::size_t n = 0;; ++n) {
    Content kept = model;
    kept.forget_before(recovered.first);
    if (n >= least && kept == found) return true;
    if (n == std::min(most, all.size())) return false;
    model.take(all[n]);
  }
}

/// Opens what a power cut left. Twice: what a start makes of it must be good too.
void check_log(const std::string& path, const std::vector<raft::Persist>& all, std::size_t least,
               std::size_t most, const std::string& how) {
  BOOST_TEST_CONTEXT(how) {
    for (int life = 0; life < 2; ++life) {
      const auto store = LogStore::open(path);
      REQUIRE_OK(store);
      const auto recovered = (*store)->recover();
      REQUIRE_OK(recovered);
      BOOST_TEST(is_log_after(*recovered, all, least, most),
                 "of " << least << " acknowledged writes, the log has entries "
                       << recovered->first.value << " to " << (*store)->last().value);
    }
  }
}

void make_empty(const std::string& path, bool log) {
  std::filesystem::create_directories(path);
  if (log) {
    REQUIRE_OK(LogStore::open(path));
  } else {
    REQUIRE_OK(StateStore::open(path));
  }
}

std::string name_of(std::uint64_t n, Unsynced unsynced) {
  return "operation " + std::to_string(n) + ", way " + std::to_string(static_cast<int>(unsynced));
}

/// Seven rows, of which entry i writes one; the row `last` is i too.
storage::StateChange change(std::uint64_t i) {
  storage::StateChange change;
  change.applied = LogIndex{i};
  change.hash = i * 7;
  change.rows = {{1, std::to_string(i % 7), std::string(3'000, 'x') + std::to_string(i)},
                 {1, "last", std::to_string(i)}};
  return change;
}

/// All rows are of the same moment, and not before `flushed`.
void check_state(const std::string& path, LogIndex flushed, LogIndex written,
                 const std::string& how) {
  BOOST_TEST_CONTEXT(how) {
    const auto store = StateStore::open(path);
    REQUIRE_OK(store);
    const std::uint64_t applied = (*store)->applied().value;
    BOOST_TEST(applied >= flushed.value);
    BOOST_TEST(applied <= written.value);
    BOOST_TEST((*store)->hash_at_applied() == applied * 7);
    std::map<std::string, std::string> expected;
    for (std::uint64_t i = 1; i <= applied; ++i)
      for (const storage::Row& row : change(i).rows) expected[row.key] = *row.value;
    const auto rows = (*store)->scan(1, "", 100);
    REQUIRE_OK(rows);
    std::map<std::string, std::string> found;
    for (const auto& row : *rows) found[row.key] = row.value;
    BOOST_TEST((found == expected), "rows are of another moment than entry " << applied);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(power_cut)

BOOST_AUTO_TEST_CASE(a_power_cut_at_any_operation_keeps_every_acknowledged_entry) {
  const Folder folder;
  make_empty(folder / "empty", true);
  const auto all = writes();
  Randomness random(20261201);
  std::uint64_t tables = 0;
  for (std::uint64_t n = 1;; ++n) {
    std::filesystem::remove_all(folder / "live");
    copy_files(folder / "empty/raft.db", folder / "live/raft.db");
    FaultyDisk disk(folder / "live/raft.db");
    disk.power_off_at(n);
    std::size_t acknowledged = 0;
    if (const auto store = LogStore::open(folder / "live", disk.ground()); store) {
      acknowledged = write_to(**store, all);
      for (const auto& file : std::filesystem::directory_iterator(folder / "live/raft.db"))
        tables += file.path().extension() == ".sst" ? 1 : 0;
    }
    const bool over = !disk.struck();
    for (const Unsynced unsynced : {Unsynced::lost, all_ways[1 + n % 3]}) {
      disk.leave(folder / "left/raft.db", unsynced, random);
      check_log(folder / "left", all, acknowledged, acknowledged + 1, name_of(n, unsynced));
    }
    if (over) {
      BOOST_TEST(n > 60u, "only " << n << " operations: the test has lost its point");
      break;
    }
  }
  BOOST_TEST(tables > 0u);
}

BOOST_AUTO_TEST_CASE(a_power_cut_at_any_operation_leaves_rows_of_one_moment_not_before_the_flush) {
  const Folder folder;
  make_empty(folder / "empty", false);
  Randomness random(20261202);
  for (std::uint64_t n = 1;; ++n) {
    std::filesystem::remove_all(folder / "live");
    copy_files(folder / "empty/state.db", folder / "live/state.db");
    FaultyDisk disk(folder / "live/state.db");
    disk.power_off_at(n);
    LogIndex flushed;
    LogIndex written;
    if (const auto store = StateStore::open(folder / "live", disk.ground()); store) {
      for (std::uint64_t i = 1; i <= 60; ++i) {
        const auto one = change(i);
        written = one.applied;  // a failed write may have arrived all the same
        if (!(*store)->write(std::span(&one, 1))) break;
        if (i % 25 == 0 && !(*store)->flush()) break;
      }
      flushed = (*store)->flushed_index();
    }
    const bool over = !disk.struck();
    for (const Unsynced unsynced : {Unsynced::lost, all_ways[1 + n % 3]}) {
      disk.leave(folder / "left/state.db", unsynced, random);
      for (int life = 0; life < 2; ++life)
        check_state(folder / "left", flushed, written, name_of(n, unsynced));
    }
    if (over) {
      BOOST_TEST(n > 25u, "only " << n << " operations: the test has lost its point");
      break;
    }
  }
}

BOOST_AUTO_TEST_CASE(any_operation_that_fails_once_is_final_for_the_writer_or_changes_nothing) {
  const Folder folder;
  make_empty(folder / "empty", true);
  Randomness random(20261203);
  const auto all = writes();
  unsigned final_ones = 0;
  for (std::uint64_t n = 1;; ++n) {
    std::filesystem::remove_all(folder / "live");
    copy_files(folder / "empty/raft.db", folder / "live/raft.db");
    FaultyDisk disk(folder / "live/raft.db");
    disk.refuse(n, static_cast<Refusal>(n % 4));
    std::mutex mutex;  // guards the next two
    std::condition_variable changed;
    std::size_t durable = 0;
    int fatal = 0;
    const auto store = LogStore::open(folder / "live", disk.ground());
    if (store) {
      storage::LogWriter writer(
          **store,
          [&](raft::PersistSeq seq, Term, LogIndex) {
            const std::lock_guard lock(mutex);
            durable = seq.value;
            changed.notify_all();
          },
          [&](raft::PersistSeq seq, const Fault&) {
            const std::lock_guard lock(mutex);
            ++fatal;
            BOOST_TEST(seq.value == durable + 1);
            changed.notify_all();
          });
      for (const raft::Persist& persist : all) {
        writer.submit(persist);  // also after a failure: nothing comes of it
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return durable == persist.seq.value || fatal > 0; });
      }
      writer.stop();
      BOOST_TEST(fatal == (durable == all.size() ? 0 : 1), "operation " << n);
      final_ones += fatal > 0 ? 1 : 0;
      // The disk is well again, and that must not tempt anybody.
      if (fatal > 0)
        BOOST_TEST(!(*store)->write(std::span(&all[durable], 1)).has_value(), "operation " << n);
    }
    const bool over = !disk.struck();
    disk.leave(folder / "left/raft.db", Unsynced::lost, random);
    check_log(folder / "left", all, durable, all.size(), "operation " + std::to_string(n));
    if (over) break;
  }
  BOOST_TEST(final_ones > 10u, "only " << final_ones << " failures were final");
}

BOOST_AUTO_TEST_CASE(nothing_is_acknowledged_while_a_sync_hangs_and_what_waits_shares_the_next) {
  const Folder folder;
  make_empty(folder.path.string(), true);
  FaultyDisk disk(folder / "raft.db");
  const auto store = LogStore::open(folder.path.string(), disk.ground());
  REQUIRE_OK(store);
  std::atomic<std::uint64_t> durable{0};
  storage::LogWriter writer(
      **store, [&](raft::PersistSeq seq, Term, LogIndex) { durable = seq.value; },
      [](raft::PersistSeq, const Fault& fault) { BOOST_ERROR(fault.what); });
  disk.hold_syncs();
  writer.submit(request(1, 1, 1, 1, 0));
  disk.wait_for_held_sync();
  for (std::uint64_t i = 2; i <= 100; ++i) writer.submit(request(i, i, i, 1, 0));
  BOOST_TEST(durable == 0u);
  BOOST_TEST((*store)->syncs() == 0u);
  disk.release_syncs();
  writer.stop();
  BOOST_TEST(durable == 100u);
  BOOST_TEST((*store)->syncs() == 2u);
}

BOOST_AUTO_TEST_CASE(
    a_disk_that_lies_about_its_syncs_leaves_an_older_log_and_never_one_with_holes) {
  const Folder folder;
  make_empty(folder.path.string(), true);
  FaultyDisk disk(folder / "raft.db");
  const auto all = writes(false);
  Randomness random(20261204);
  std::size_t written = 0;
  {
    const auto store = LogStore::open(folder.path.string(), disk.ground());
    REQUIRE_OK(store);
    for (; written < 4; ++written) REQUIRE_OK((*store)->write(std::span(&all[written], 1)));
    disk.lie();
    for (; written < all.size(); ++written)
      REQUIRE_OK((*store)->write(std::span(&all[written], 1)));
  }
  unsigned refused = 0, older = 0;
  for (int round = 0; round < 40; ++round) {
    disk.leave(folder / "left/raft.db", round % 2 == 0 ? Unsynced::torn : Unsynced::zeroed, random);
    const auto left = LogStore::open(folder / "left");
    if (!left) {
      CHECK_SAYS(left, "join again as a new node");
      ++refused;
      continue;
    }
    ++older;
    const auto recovered = (*left)->recover();
    REQUIRE_OK(recovered);
    BOOST_TEST(is_log_after(*recovered, all, 0, all.size()),
               "round " << round << ": entries " << recovered->first.value << " to "
                        << (*left)->last().value << ", commit "
                        << recovered->hard_state.commit.value);
  }
  BOOST_TEST(refused + older == 40u);
}

BOOST_AUTO_TEST_SUITE_END()
