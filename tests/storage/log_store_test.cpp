#include "storage/log_store.hpp"

#include <span>

#include "storage/record.hpp"
#include "tests/storage/log_fixture.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::test;
using storage::LogStore;

namespace {
Result<void> write_one(LogStore& store, const raft::Persist& persist) {
  return store.write(std::span(&persist, 1));
}
std::string key_of(std::uint64_t index) { return storage::numbered_key("\x01", index); }
}  // namespace

BOOST_AUTO_TEST_SUITE(log_store)

BOOST_AUTO_TEST_CASE(an_empty_log_begins_at_one_and_remembers_nothing) {
  const Folder folder;
  const auto store = LogStore::open(folder.path);
  REQUIRE_OK(store);
  const auto recovered = (*store)->recover();
  REQUIRE_OK(recovered);
  BOOST_TEST((recovered->hard_state == raft::HardState{}));
  BOOST_TEST(recovered->first.value == 1u);
  BOOST_TEST(recovered->entries.empty());
  BOOST_TEST((*store)->last().value == 0u);
  REQUIRE_OK(raft::check(*recovered));
}

BOOST_AUTO_TEST_CASE(what_was_written_is_there_after_a_restart) {
  const Folder folder;
  {
    const auto store = LogStore::open(folder.path);
    REQUIRE_OK(store);
    REQUIRE_OK(write_one(**store, request(1, 1, 3, 1, 0)));
    REQUIRE_OK(write_one(**store, request(2, 4, 5, 2, 3)));
  }
  const auto store = LogStore::open(folder.path);
  REQUIRE_OK(store);
  const auto recovered = (*store)->recover();
  REQUIRE_OK(recovered);
  REQUIRE_OK(raft::check(*recovered));
  BOOST_TEST((recovered->hard_state == raft::HardState{Term{2}, NodeId{1}, LogIndex{3}}));
  BOOST_REQUIRE(recovered->entries.size() == 5u);
  for (std::uint64_t i = 1; i <= 5; ++i)
    BOOST_TEST((recovered->entries[i - 1] ==
                entry(i, i <= 3 ? 1 : 2, std::string(100, static_cast<char>('a' + i)))));
}

BOOST_AUTO_TEST_CASE(a_conflicting_suffix_is_replaced_in_the_same_batch) {
  const Folder folder;
  {
    const auto store = LogStore::open(folder.path);
    REQUIRE_OK(store);
    REQUIRE_OK(write_one(**store, request(1, 1, 9, 1, 2)));
    raft::Persist replace = request(2, 4, 5, 2, 2);
    replace.truncate_from = LogIndex{4};
    raft::Persist more = request(3, 6, 6, 3, 2);
    const std::vector<raft::Persist> both{replace, more};
    REQUIRE_OK((*store)->write(both));
    BOOST_TEST((*store)->last().value == 6u);
  }
  const auto store = LogStore::open(folder.path);
  REQUIRE_OK(store);
  const auto recovered = (*store)->recover();
  REQUIRE_OK(recovered);
  std::vector<std::uint64_t> terms;
  for (const auto& one : recovered->entries) terms.push_back(one.term.value);
  const std::vector<std::uint64_t> expected{1, 1, 1, 2, 2, 3};
  BOOST_TEST(terms == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(entries_are_read_back_for_explain_and_replay) {
  const Folder folder;
  const auto store = LogStore::open(folder.path);
  REQUIRE_OK(store);
  REQUIRE_OK(write_one(**store, request(1, 1, 9, 1, 2)));
  const auto some = (*store)->read(LogIndex{3}, LogIndex{5});
  REQUIRE_OK(some);
  BOOST_REQUIRE(some->size() == 3u);
  BOOST_TEST(some->front().index.value == 3u);
  CHECK_FAULT((*store)->read(LogIndex{8}, LogIndex{10}), FaultKind::no_such_thing);
}

BOOST_AUTO_TEST_CASE(the_bytes_of_the_log_never_change) {
  const Folder folder;
  {
    const auto store = LogStore::open(folder.path);
    REQUIRE_OK(store);
    raft::Persist persist;
    persist.seq = raft::PersistSeq{1};
    persist.hard_state = raft::HardState{Term{3}, NodeId{2}, LogIndex{1}};
    persist.entries = {entry(1, 3, "hello"), entry(2, 3, "cut before me")};
    REQUIRE_OK(write_one(**store, persist));
  }
  const std::string path = folder / "raft.db";
  const std::string first("\x01\0\0\0\0\0\0\0\x01", 9);
  // Format, term, type, length, payload, CRC32C of key and all before; made by another program.
  BOOST_TEST(to_hex(raw_value(path, first)) ==
             "01"
             "0300000000000000"
             "01"
             "05000000"
             "68656c6c6f"
             "dd53bbf4");
  // Format, term, vote, commit, CRC32C.
  BOOST_TEST(to_hex(raw_value(path, "\x02")) ==
             "01"
             "0300000000000000"
             "0200000000000000"
             "0100000000000000"
             "5c3b0bc6");
  {
    const auto store = LogStore::open(folder.path);
    REQUIRE_OK(store);
    REQUIRE_OK((*store)->cut_prefix(LogIndex{1}, LogIndex{1}));
  }
  // Format, index, term, CRC32C.
  BOOST_TEST(to_hex(raw_value(path, "\x03")) ==
             "01"
             "0100000000000000"
             "0300000000000000"
             "919d32ae");
}

// As a core asks when its log was compacted, and when a snapshot took the place of all of it.
BOOST_AUTO_TEST_CASE(a_log_that_begins_behind_a_snapshot_is_found_so_again) {
  const Folder folder;
  {
    const auto store = LogStore::open(folder.path);
    REQUIRE_OK(store);
    REQUIRE_OK(write_one(**store, request(1, 1, 10, 1, 8)));
    raft::Persist compacted;
    compacted.seq = raft::PersistSeq{2};
    compacted.base = raft::LogBase{LogIndex{4}, Term{1}};
    REQUIRE_OK(write_one(**store, compacted));
    BOOST_TEST((*store)->first().value == 5u);
    BOOST_TEST((*store)->last().value == 10u);
    CHECK_FAULT((*store)->read(LogIndex{4}, LogIndex{5}), FaultKind::no_such_thing);
  }
  {
    const auto store = LogStore::open(folder.path.string());
    REQUIRE_OK(store);
    const auto recovered = (*store)->recover();
    REQUIRE_OK(recovered);
    BOOST_TEST(recovered->first.value == 5u);
    BOOST_TEST(recovered->base_term.value == 1u);
    BOOST_TEST(recovered->entries.size() == 6u);
    // Two writes in one sync: what another leader left is cut, the log begins anew at 21.
    raft::Persist replaced = request(3, 21, 22, 3, 20);
    replaced.truncate_from = LogIndex{10};
    replaced.base = raft::LogBase{LogIndex{20}, Term{2}};
    REQUIRE_OK(write_one(**store, replaced));
    BOOST_TEST((*store)->first().value == 21u);
    BOOST_TEST((*store)->last().value == 22u);
  }
  const auto store = LogStore::open(folder.path.string());
  REQUIRE_OK(store);
  const auto recovered = (*store)->recover();
  REQUIRE_OK(recovered);
  BOOST_TEST(recovered->first.value == 21u);
  BOOST_TEST(recovered->base_term.value == 2u);
  BOOST_TEST(recovered->entries.size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_log_is_never_cut_above_what_the_state_has_flushed_or_what_is_committed) {
  const Folder folder;
  {
    const auto store = LogStore::open(folder.path);
    REQUIRE_OK(store);
    REQUIRE_OK(write_one(**store, request(1, 1, 100, 1, 80)));
    const auto refused = (*store)->cut_prefix(LogIndex{51}, LogIndex{50});
    CHECK_FAULT(refused, FaultKind::refused);
    CHECK_SAYS(refused, "flushed only up to entry 50");
    CHECK_FAULT((*store)->cut_prefix(LogIndex{81}, LogIndex{100}), FaultKind::refused);
    BOOST_TEST((*store)->first().value == 1u);
    REQUIRE_OK((*store)->cut_prefix(LogIndex{50}, LogIndex{50}));
    REQUIRE_OK((*store)->cut_prefix(LogIndex{50}, LogIndex{50}));
    BOOST_TEST((*store)->first().value == 51u);
    CHECK_FAULT((*store)->read(LogIndex{50}, LogIndex{51}), FaultKind::no_such_thing);
  }
  const auto store = LogStore::open(folder.path);
  REQUIRE_OK(store);
  const auto recovered = (*store)->recover();
  REQUIRE_OK(recovered);
  BOOST_TEST(recovered->first.value == 51u);
  BOOST_REQUIRE(recovered->entries.size() == 50u);
  BOOST_TEST(recovered->entries.front().index.value == 51u);
}

BOOST_AUTO_TEST_CASE(a_record_that_was_exchanged_behind_our_back_is_refused) {
  const auto refused = [](const std::function<void(const std::string&)>& hurt,
                          const std::string& says) {
    const Folder folder;
    {
      const auto store = LogStore::open(folder.path);
      REQUIRE_OK(store);
      REQUIRE_OK(write_one(**store, request(1, 1, 9, 4, 7)));
    }
    hurt(folder / "raft.db");
    const auto store = LogStore::open(folder.path);
    CHECK_FAULT(store, FaultKind::corrupt);
    CHECK_SAYS(store, says);
    CHECK_SAYS(store, "join again as a new node");
  };
  const auto sealed = [](const std::string& path, std::uint64_t from, std::uint64_t to) {
    const std::string value = raw_value(path, key_of(from));
    put_raw(path, key_of(to), storage::seal(key_of(to), value.substr(0, value.size() - 4)));
  };
  refused([](auto& path) { put_raw(path, key_of(4), raw_value(path, key_of(5))); },
          "Log entry 4 has a wrong checksum");
  refused([&](auto& path) { sealed(path, 9, 11); }, "has a gap: entry 10 is missing");
  refused(
      [&](auto& path) {
        std::string value = raw_value(path, key_of(5));
        value[1] = 3;  // the term
        put_raw(path, key_of(5), storage::seal(key_of(5), value.substr(0, value.size() - 4)));
      },
      "the term of entry 5 cannot be right");
  refused(
      [&](auto& path) {
        std::string value = raw_value(path, "\x02");
        value[17] = 10;  // the commit index
        put_raw(path, "\x02", storage::seal("\x02", value.substr(0, value.size() - 4)));
      },
      "ends at entry 9, but entry 10 was committed");
}

BOOST_AUTO_TEST_CASE(a_database_that_was_half_made_is_made_again_and_one_that_lost_a_part_is_not) {
  const Folder folder;
  std::filesystem::create_directory(folder / "raft.db.new");
  write(folder / "raft.db.new/CURRENT", "half");
  {
    const auto store = LogStore::open(folder.path);
    REQUIRE_OK(store);
    REQUIRE_OK(write_one(**store, request(1, 1, 9, 1, 9)));
  }
  std::filesystem::remove(folder / "raft.db/CURRENT");
  CHECK_FAULT(LogStore::open(folder.path), FaultKind::corrupt);
}

BOOST_AUTO_TEST_SUITE_END()
