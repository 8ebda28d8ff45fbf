#include "storage/state_store.hpp"

#include <algorithm>
#include <mutex>
#include <span>

#include "storage/record.hpp"
#include "storage/state_writer.hpp"
#include "tests/storage/log_fixture.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::test;
using namespace runink::storage;

namespace {

Result<void> write_one(StateStore& store, std::uint64_t applied, std::vector<Row> rows,
                       std::uint64_t hash = 0) {
  const StateChange change{std::move(rows), LogIndex{applied}, hash};
  return store.write(std::span(&change, 1));
}

std::string find_file(const std::string& path, const std::string& part) {
  std::string found;
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    const std::string name = file.path();
    if (name.find(part) != std::string::npos) found = std::max(found, name);
  }
  BOOST_REQUIRE(!found.empty());
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state_store)

BOOST_AUTO_TEST_CASE(rows_come_back_with_the_index_they_belong_to) {
  const Folder folder;
  {
    const auto store = StateStore::open(folder.path);
    REQUIRE_OK(store);
    BOOST_TEST((*store)->applied().value == 0u);
    REQUIRE_OK(write_one(**store, 1, {{1, "a", "one"}, {1, "b", "two"}, {2, "a", ""}}, 11));
    REQUIRE_OK(write_one(**store, 3, {{1, "a", "three"}, {1, "b", std::nullopt}}, 33));
    REQUIRE_OK((*store)->flush());
  }
  const auto store = StateStore::open(folder.path);
  REQUIRE_OK(store);
  BOOST_TEST((*store)->applied().value == 3u);
  BOOST_TEST((*store)->hash_at_applied() == 33u);
  BOOST_TEST((*store)->get(1, "a").value().value() == "three");
  BOOST_TEST(!(*store)->get(1, "b").value().has_value());
  BOOST_TEST((*store)->get(2, "a").value().value() == "");
  BOOST_TEST((*store)->hash_at(LogIndex{1}).value() == 11u);
  CHECK_FAULT((*store)->hash_at(LogIndex{2}), FaultKind::no_such_thing);
}

BOOST_AUTO_TEST_CASE(of_a_row_that_changes_often_in_one_batch_the_last_value_stays) {
  const Folder folder;
  const auto store = StateStore::open(folder.path);
  REQUIRE_OK(store);
  const std::vector<StateChange> changes{
      {{{1, "a", "one"}, {1, "gone", "one"}, {1, "back", "one"}}, LogIndex{1}, 11},
      {{{1, "a", "two"}, {1, "gone", "two"}, {1, "back", std::nullopt}}, LogIndex{2}, 22},
      {{{1, "a", "three"}, {1, "gone", std::nullopt}, {1, "back", "three"}}, LogIndex{3}, 33}};
  REQUIRE_OK((*store)->write(changes));
  BOOST_TEST((*store)->get(1, "a").value().value() == "three");
  BOOST_TEST(!(*store)->get(1, "gone").value().has_value());
  BOOST_TEST((*store)->get(1, "back").value().value() == "three");
  for (const std::uint64_t index : {1u, 2u, 3u})
    BOOST_TEST((*store)->hash_at(LogIndex{index}).value() == 11 * index);
  // Nothing of a batch is written of which an entry is not newer than the one before.
  const std::vector<StateChange> backwards{{{{1, "a", "four"}}, LogIndex{4}, 44},
                                           {{{1, "a", "again"}}, LogIndex{4}, 45}};
  CHECK_FAULT((*store)->write(backwards), FaultKind::out_of_date);
  BOOST_TEST((*store)->get(1, "a").value().value() == "three");
  BOOST_TEST((*store)->applied().value == 3u);
}

BOOST_AUTO_TEST_CASE(an_entry_is_never_applied_twice) {
  const Folder folder;
  const auto store = StateStore::open(folder.path);
  REQUIRE_OK(store);
  REQUIRE_OK(write_one(**store, 5, {{1, "a", "five"}}));
  CHECK_FAULT(write_one(**store, 5, {{1, "a", "again"}}), FaultKind::out_of_date);
  const std::vector<StateChange> falling{{{{1, "a", "7"}}, LogIndex{7}, 0},
                                         {{{1, "a", "6"}}, LogIndex{6}, 0}};
  CHECK_FAULT((*store)->write(falling), FaultKind::out_of_date);
  BOOST_TEST((*store)->get(1, "a").value().value() == "five");
  BOOST_TEST((*store)->applied().value == 5u);
}

BOOST_AUTO_TEST_CASE(a_scan_stays_in_its_table_and_prefix_and_goes_on_where_it_stopped) {
  const Folder folder;
  const auto store = StateStore::open(folder.path);
  REQUIRE_OK(store);
  std::vector<Row> rows;
  for (const char* key : {"run.2", "run.1", "run.10", "runner", "rum", "run.\xff", "run."})
    for (const std::uint8_t table : {3, 4, 255}) rows.push_back({table, key, "v"});
  rows.push_back({4, "", "empty key"});
  REQUIRE_OK(write_one(**store, 1, rows));
  const auto keys = [&](std::string_view prefix, std::size_t limit, std::string from = {}) {
    std::vector<std::string> found;
    const auto rows_found = (*store)->scan(4, prefix, limit, from);
    REQUIRE_OK(rows_found);
    for (const auto& row : *rows_found) found.push_back(row.key);
    return found;
  };
  const std::vector<std::string> all{"run.", "run.1", "run.10", "run.2", "run.\xff"};
  BOOST_TEST(keys("run.", 100) == all, boost::test_tools::per_element());
  std::vector<std::string> in_pages;
  for (std::string from;;) {
    const auto page = keys("run.", 2, from);
    if (page.empty()) break;
    in_pages.insert(in_pages.end(), page.begin(), page.end());
    from = page.back() + '\0';
  }
  BOOST_TEST(in_pages == all, boost::test_tools::per_element());
  BOOST_TEST(keys("", 100).size() == 8u);
  BOOST_TEST((*store)->scan(255, "", 100).value().size() == 7u);
  BOOST_TEST((*store)->scan(5, "", 100).value().empty());
}

BOOST_AUTO_TEST_CASE(the_bytes_of_the_state_never_change) {
  const Folder folder;
  {
    const auto store = StateStore::open(folder.path);
    REQUIRE_OK(store);
    REQUIRE_OK(write_one(**store, 9, {{4, "key", "value"}}, 0x1122334455667788));
    REQUIRE_OK((*store)->flush());
  }
  const std::string path = folder / "state.db";
  const auto raw = [&](const std::string& key) { return to_hex(raw_value(path, key)); };
  // Every value ends with the CRC32C of key and value; made by another program.
  BOOST_TEST(raw(std::string("\x00\x01", 2)) ==
             "0900000000000000"
             "8877665544332211"
             "3ed059ce");
  BOOST_TEST(raw(std::string("\x00\x02", 2)) ==
             "0900000000000000"
             "f7534b05");
  BOOST_TEST(raw(std::string("\x01\0\0\0\0\0\0\0\x09", 9)) ==
             "8877665544332211"
             "f5b835ea");
  BOOST_TEST(raw("\x02\x04key") ==
             "76616c7565"
             "2d887aca");
}

BOOST_AUTO_TEST_CASE(recent_hashes_and_every_1024th_are_kept) {
  const Folder folder;
  const auto store = StateStore::open(folder.path);
  REQUIRE_OK(store);
  const std::uint64_t last = 7000;
  std::vector<StateChange> changes;
  for (std::uint64_t i = 1; i <= last; ++i) {
    changes.push_back({{}, LogIndex{i}, i * 3});
    if (i % 100 != 0) continue;
    REQUIRE_OK((*store)->write(changes));
    changes.clear();
  }
  for (std::uint64_t i = 1; i <= last; ++i) {
    const auto hash = (*store)->hash_at(LogIndex{i});
    const bool expected = i > last - hash_history || i % hash_history_step == 0;
    BOOST_REQUIRE_MESSAGE(hash.has_value() == expected, "entry " << i);
    if (hash) BOOST_REQUIRE(*hash == i * 3);
  }
  // A leap, as after a snapshot.
  REQUIRE_OK(write_one(**store, 20'000, {}, 1));
  for (const std::uint64_t kept : {1024u, 6144u, 20'000u})
    BOOST_TEST((*store)->hash_at(LogIndex{kept}).has_value());
  for (const std::uint64_t gone : {1025u, 6143u, 6145u, 7000u})
    BOOST_TEST(!(*store)->hash_at(LogIndex{gone}).has_value());
}

BOOST_AUTO_TEST_CASE(flushed_is_what_a_power_cut_cannot_take) {
  const Folder folder;
  std::filesystem::create_directory(folder / "live");
  {
    const auto store = StateStore::open(folder / "live");
    REQUIRE_OK(store);
    REQUIRE_OK(write_one(**store, 7, {{1, "a", "seven"}}));
    BOOST_TEST((*store)->flushed_index().value == 0u);
    REQUIRE_OK((*store)->flush());
    BOOST_TEST((*store)->flushed_index().value == 7u);
    REQUIRE_OK(write_one(**store, 8, {{1, "a", "eight"}}));
    BOOST_TEST((*store)->flushed_index().value == 7u);
    BOOST_TEST((*store)->get(1, "a").value().value() == "eight");
    copy_files(folder / "live/state.db", folder / "cut/state.db");
  }
  for (const char* left : {"cut", "live"}) {  // a crash, and an end without a flush
    const auto store = StateStore::open(folder / left);
    REQUIRE_OK(store);
    BOOST_TEST((*store)->applied().value == 7u);
    BOOST_TEST((*store)->flushed_index().value == 7u);
    BOOST_TEST((*store)->get(1, "a").value().value() == "seven");
  }
}

BOOST_AUTO_TEST_CASE(a_row_that_was_exchanged_is_found_when_it_is_read) {
  const Folder folder;
  {
    const auto store = StateStore::open(folder.path);
    REQUIRE_OK(store);
    REQUIRE_OK(write_one(**store, 7, {{1, "a", "seven"}, {1, "b", "eight"}}));
    REQUIRE_OK((*store)->flush());
  }
  put_raw(folder / "state.db",
          "\x02\x01"
          "a",
          raw_value(folder / "state.db",
                    "\x02\x01"
                    "b"));
  const auto store = StateStore::open(folder.path);
  REQUIRE_OK(store);
  const auto row = (*store)->get(1, "a");
  CHECK_FAULT(row, FaultKind::corrupt);
  CHECK_SAYS(row, "move the folder 'state'");
  CHECK_FAULT((*store)->scan(1, "", 10), FaultKind::corrupt);
  BOOST_TEST((*store)->get(1, "b").value().value() == "eight");
}

BOOST_AUTO_TEST_CASE(a_flipped_byte_is_a_fault_at_open_or_at_read) {
  const Folder folder;
  std::filesystem::create_directory(folder / "whole");
  const auto value = [](int i) { return std::string(300, static_cast<char>('a' + i % 26)); };
  for (const int half : {0, 1}) {
    const auto store = StateStore::open(folder / "whole");
    REQUIRE_OK(store);
    for (int i = half * 50; i < half * 50 + 50; ++i)
      REQUIRE_OK(write_one(**store, static_cast<std::uint64_t>(i + 1),
                           {{1, std::to_string(i), value(i)}}));
    REQUIRE_OK((*store)->flush());
  }
  const std::uint64_t seed = 42;
  Randomness random(seed);
  for (const std::string kind : {".sst", "MANIFEST-"}) {
    int noticed = 0;
    for (int round = 0; round < 15; ++round) {
      std::filesystem::remove_all(folder / "hurt");
      copy_files(folder / "whole/state.db", folder / "hurt/state.db");
      const std::string file = find_file(folder / "hurt/state.db", kind);
      std::string bytes = content(file);
      const std::size_t at = random.below(bytes.size());
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      write(file, bytes);
      const auto store = StateStore::open(folder / "hurt");
      const auto rows = store ? (*store)->scan(1, "", 1000) : std::unexpected(store.error());
      if (!rows) {
        ++noticed;
        continue;
      }
      BOOST_TEST(rows->size() == 100u, file << " byte " << at << " seed " << seed);
      BOOST_TEST((*store)->applied().value == 100u);
      for (const StoredRow& row : *rows) BOOST_TEST(row.value == value(std::stoi(row.key)));
    }
    BOOST_TEST(noticed > 7, kind << ": " << noticed << " of 15");
  }
}

BOOST_AUTO_TEST_CASE(the_writer_keeps_the_order_and_flushes_by_itself_and_at_the_end) {
  const Folder folder;
  const auto store = StateStore::open(folder.path);
  REQUIRE_OK(store);
  std::vector<std::uint64_t> flushes;
  std::vector<int> completed;
  StateWriterLimits limits;
  limits.flush_changes = 300;
  limits.queue = 50;
  StateWriter writer(
      **store, [](const Fault& fault) { BOOST_ERROR(fault.what); },
      [&](LogIndex index) { flushes.push_back(index.value); }, limits);
  for (int i = 1; i <= 1000; ++i) {
    const StateChange change{
        {{1, "last", std::to_string(i)}}, LogIndex{static_cast<unsigned>(i)}, 0};
    BOOST_REQUIRE(writer.submit(change, [&completed, i] { completed.push_back(i); }));
    BOOST_TEST(writer.waiting() <= 50u);
  }
  writer.stop();
  BOOST_TEST(completed.size() == 1000u);
  BOOST_TEST(std::is_sorted(completed.begin(), completed.end()));
  BOOST_TEST(flushes.size() >= 3u);
  BOOST_TEST(flushes.back() == 1000u);
  BOOST_TEST((*store)->flushed_index().value == 1000u);
  BOOST_TEST((*store)->get(1, "last").value().value() == "1000");
  BOOST_TEST(!writer.submit({{}, LogIndex{1001}, 0}));
}

BOOST_AUTO_TEST_CASE(a_change_that_cannot_be_written_stops_the_writer_once) {
  const Folder folder;
  const auto store = StateStore::open(folder.path);
  REQUIRE_OK(store);
  std::vector<FaultKind> fatal;
  StateWriter writer(**store, [&](const Fault& fault) { fatal.push_back(fault.kind); });
  writer.submit({{}, LogIndex{2}, 0});
  writer.submit({{}, LogIndex{2}, 0}, [] { BOOST_ERROR("an entry was applied twice"); });
  writer.submit({{}, LogIndex{1}, 0}, [] { BOOST_ERROR("an entry was applied twice"); });
  writer.stop();
  BOOST_REQUIRE(fatal.size() == 1u);
  BOOST_TEST(to_string(fatal[0]) == "out_of_date");
}

BOOST_AUTO_TEST_CASE(who_needs_an_entry_durable_waits_for_it_and_no_longer_than_it_said) {
  const Folder folder;
  const auto store = StateStore::open(folder.path);
  REQUIRE_OK(store);
  StateWriter writer(**store, [](const Fault& fault) { BOOST_ERROR(fault.what); });
  for (std::uint64_t i = 1; i <= 100; ++i) BOOST_REQUIRE(writer.submit({{}, LogIndex{i}, i}));
  BOOST_TEST(writer.flush_to(LogIndex{100}, seconds(60)));
  BOOST_TEST((*store)->flushed_index().value == 100u);
  BOOST_TEST(writer.flush_to(LogIndex{100}, seconds(60)));
  BOOST_TEST(!writer.flush_to(LogIndex{101}, milliseconds(20)));
}

BOOST_AUTO_TEST_SUITE_END()
