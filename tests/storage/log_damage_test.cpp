// What a crash and a bad disk may do to raft.db. Either it is refused, or nothing is lost.
#include <algorithm>
#include <functional>
#include <span>
#include <tuple>

#include "storage/log_store.hpp"
#include "storage/record_log.hpp"
#include "tests/storage/log_fixture.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::test;
using storage::LogStore;

namespace {

Result<void> write_one(LogStore& store, const raft::Persist& persist) {
  return store.write(std::span(&persist, 1));
}

std::vector<std::string> files_named(const std::string& path, const std::string& part) {
  std::vector<std::string> found;
  for (const auto& file : std::filesystem::directory_iterator(path))
    if (file.path().filename().string().find(part) != std::string::npos)
      found.push_back(file.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// A log whose older part lies in a table file and whose newer part in the write-ahead log.
void make_log(const std::string& path, std::uint64_t in_table, std::uint64_t in_all) {
  std::filesystem::create_directory(path);
  for (const auto& [from, to] : {std::pair{std::uint64_t{1}, in_table}, {in_table + 1, in_all}}) {
    const auto store = LogStore::open(path);  // opening moves what the WAL holds into a table
    REQUIRE_OK(store);
    for (std::uint64_t i = from; i <= to; ++i)
      REQUIRE_OK(write_one(**store, request(i, i, i, 1, i - 1, 700)));
  }
}

/// True when the log was refused; entries that are silently gone fail the test.
bool refused_or_whole(const std::string& path, std::uint64_t entries, const std::string& hurt) {
  const auto store = LogStore::open(path);
  if (!store) return true;
  const auto recovered = (*store)->recover();
  if (!recovered) return true;
  BOOST_TEST(recovered->entries.size() == entries, hurt << ": entries were lost without a word");
  BOOST_TEST(recovered->hard_state.commit.value == entries - 1, hurt << ": hard state went back");
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_damage)

BOOST_AUTO_TEST_CASE(a_flipped_byte_in_any_file_never_loses_an_entry_silently) {
  const Folder folder;
  const std::uint64_t entries = 60;
  make_log(folder / "whole", 30, entries);
  const std::string database = folder / "whole/raft.db";
  BOOST_REQUIRE(!files_named(database, ".sst").empty());
  BOOST_REQUIRE(content(files_named(database, ".log").back()).size() > 20'000);
  const std::uint64_t seed = 20261120;
  Randomness random(seed);
  for (const std::string kind : {".log", ".sst", "MANIFEST-", "CURRENT", "OPTIONS-", "IDENTITY"}) {
    unsigned refused = 0;
    for (int round = 0; round < 20; ++round) {
      std::filesystem::remove_all(folder / "hurt");
      copy_files(database, folder / "hurt/raft.db");
      const std::string file = files_named(folder / "hurt/raft.db", kind).back();
      std::string bytes = content(file);
      const std::size_t at = random.below(bytes.size());
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      write(file, bytes);
      refused +=
          refused_or_whole(folder / "hurt", entries,
                           file + " byte " + std::to_string(at) + ", seed " + std::to_string(seed));
    }
    if (kind != "OPTIONS-" && kind != "IDENTITY")  // nothing in them that we need
      BOOST_TEST(refused > 10u, kind << ": only " << refused << " of 20 flips were noticed");
  }
}

BOOST_AUTO_TEST_CASE(every_byte_of_a_record_header_near_the_end_of_the_log_counts) {
  // RocksDB takes a too large length, or the type of a recycled log, for the end of the file.
  const Folder folder;
  make_log(folder / "whole", 1, 8);
  const std::string log = files_named(folder / "whole/raft.db", ".log").back();
  const std::string whole = content(log);
  std::vector<std::size_t> headers;
  for (std::size_t at = 0; at + 7 <= whole.size();) {
    headers.push_back(at);
    at += 7 + static_cast<unsigned char>(whole[at + 4]) +
          256u * static_cast<unsigned char>(whole[at + 5]);
  }
  BOOST_REQUIRE(headers.size() == 7u);
  REQUIRE_OK(storage::check_record_log(whole, "whole"));
  for (const std::size_t header : headers)
    for (std::size_t byte = 0; byte < 7; ++byte)
      for (int bit = 0; bit < 8; ++bit) {
        std::string bytes = whole;
        bytes[header + byte] = static_cast<char>(bytes[header + byte] ^ (1 << bit));
        const auto checked = storage::check_record_log(bytes, "hurt");
        BOOST_TEST(!checked.has_value(), "header " << header << " byte " << byte << " bit " << bit);
      }
}

BOOST_AUTO_TEST_CASE(what_rocksdb_would_take_for_the_end_of_the_log_is_refused) {
  const Folder folder;
  make_log(folder / "whole", 1, 8);
  const std::string log = files_named(folder / "whole/raft.db", ".log").back();
  const std::string whole = content(log);
  const std::size_t third = whole.size() / 7 * 2;  // seven records, all alike
  for (const auto& [byte, bit, what] : {std::tuple{5, 6, "a length beyond the end"},
                                        std::tuple{6, 2, "the type of a recycled log"}}) {
    std::filesystem::remove_all(folder / "hurt");
    copy_files(folder / "whole/raft.db", folder / "hurt/raft.db");
    std::string bytes = whole;
    char& hurt = bytes[third + static_cast<std::size_t>(byte)];
    hurt = static_cast<char>(hurt ^ (1 << bit));
    write(files_named(folder / "hurt/raft.db", ".log").back(), bytes);
    BOOST_TEST(refused_or_whole(folder / "hurt", 8, what), what);
  }
}

BOOST_AUTO_TEST_CASE(the_record_that_was_being_written_may_be_missing_and_no_other) {
  const Folder folder;
  make_log(folder / "whole", 1, 8);
  const std::string log = files_named(folder / "whole/raft.db", ".log").back();
  const std::string whole = content(log);
  const std::size_t record = whole.size() / 7;  // entries 2 to 8, all alike
  for (std::size_t keep = whole.size() - record + 1; keep < whole.size(); keep += 97) {
    std::filesystem::remove_all(folder / "cut");
    copy_files(folder / "whole/raft.db", folder / "cut/raft.db");
    write(files_named(folder / "cut/raft.db", ".log").back(), whole.substr(0, keep));
    const auto store = LogStore::open(folder / "cut");
    REQUIRE_OK(store);
    BOOST_TEST((*store)->last().value == 7u);
  }
}

BOOST_AUTO_TEST_CASE(a_write_torn_at_any_byte_is_cut_off_and_a_flipped_one_is_not) {
  const Folder folder;
  make_log(folder / "whole", 1, 8);
  const std::string log = files_named(folder / "whole/raft.db", ".log").back();
  const std::string whole = content(log);
  const std::size_t start = whole.size() - whole.size() / 7;  // of the last record, all alike
  for (std::size_t keep = start; keep < whole.size(); ++keep) {
    const auto cut = storage::check_record_log(whole.substr(0, keep), "cut");
    REQUIRE_OK(cut);
    BOOST_TEST(*cut == start);
    // The file has its length, its last bytes never arrived.
    const std::size_t zeros = whole.size() - keep;
    const auto zeroed =
        storage::check_record_log(whole.substr(0, keep) + std::string(zeros, '\0'), "zeroed");
    if (zeroed) BOOST_TEST(*zeroed == start, "kept " << keep);
    const bool sectors = keep % 512 == 0 || keep == start;  // what a disk writes as a whole
    if (sectors && (zeros >= 16 || keep == start)) BOOST_TEST(zeroed.has_value(), "kept " << keep);
    // And pages behind it that were never written either.
    const auto grown =
        storage::check_record_log(whole.substr(0, keep) + std::string(zeros + 9000, '\0'), "grown");
    if (grown) BOOST_TEST(*grown == start, "kept " << keep);
    if (sectors) BOOST_TEST(grown.has_value(), "kept " << keep);
    std::string flipped = whole;
    flipped[keep] = static_cast<char>(flipped[keep] ^ (1 << keep % 8));
    BOOST_TEST(!storage::check_record_log(flipped, "flipped").has_value(), "byte " << keep);
    BOOST_TEST(!storage::check_record_log(flipped + whole.substr(start), "flipped").has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_log_whose_last_write_arrived_as_zeros_opens_without_it) {
  const Folder folder;
  make_log(folder / "whole", 1, 8);
  const std::string log = files_named(folder / "whole/raft.db", ".log").back();
  const std::string whole = content(log);
  const std::size_t start = whole.size() - whole.size() / 7;
  const std::size_t sector = (start + 511) / 512 * 512;
  for (const std::size_t keep : {start, sector}) {
    std::filesystem::remove_all(folder / "torn");
    copy_files(folder / "whole/raft.db", folder / "torn/raft.db");
    write(files_named(folder / "torn/raft.db", ".log").back(),
          whole.substr(0, keep) + std::string(whole.size() - keep + 4096, '\0'));
    for (int life = 0; life < 2; ++life) {
      const auto store = LogStore::open(folder / "torn");
      REQUIRE_OK(store);
      BOOST_TEST((*store)->last().value == 7u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_gone_is_missed) {
  const Folder folder;
  make_log(folder / "whole", 30, 60);
  std::size_t refused = 0;
  for (const auto& file : files_named(folder / "whole/raft.db", "")) {
    std::filesystem::remove_all(folder / "hurt");
    copy_files(folder / "whole/raft.db", folder / "hurt/raft.db");
    const std::string name = file.substr(file.rfind('/') + 1);
    std::filesystem::remove(folder / ("hurt/raft.db/" + name));
    refused += refused_or_whole(folder / "hurt", 60, name + " removed") ? 1 : 0;
  }
  BOOST_TEST(refused >= 4u);  // the table, the log, the manifest, CURRENT
}

BOOST_AUTO_TEST_CASE(a_log_that_ends_below_its_durable_commit_is_refused) {
  const Folder folder;
  {
    const auto store = LogStore::open(folder / "db");
    CHECK_FAULT(store, FaultKind::no_such_thing);  // the folder itself is the caller's
  }
  std::filesystem::create_directory(folder / "db");
  {
    const auto store = LogStore::open(folder / "db");
    REQUIRE_OK(store);
    REQUIRE_OK(write_one(**store, request(1, 1, 5, 1, 5)));
  }
  {
    const auto store = LogStore::open(folder / "db");
    REQUIRE_OK(store);
    raft::Persist cut;
    cut.truncate_from = LogIndex{5};  // what a defective core might ask for
    REQUIRE_OK(write_one(**store, cut));
  }
  const auto store = LogStore::open(folder / "db");
  CHECK_FAULT(store, FaultKind::corrupt);
  CHECK_SAYS(store, "ends at entry 4, but entry 5 was committed");
}

BOOST_AUTO_TEST_CASE(a_crash_at_any_moment_leaves_a_log_with_all_that_was_acknowledged) {
  // Payloads so large that memtables are flushed and write-ahead logs change meanwhile.
  const Folder folder;
  std::filesystem::create_directory(folder / "live");
  const auto store = LogStore::open(folder / "live");
  REQUIRE_OK(store);
  std::uint64_t last = 0;
  for (std::uint64_t round = 1; round <= 24; ++round) {
    REQUIRE_OK(write_one(**store, request(round, last + 1, last + 4, round, last, 400'000)));
    last += 4;
    if (round % 4 != 0) continue;
    const std::string crashed = folder / ("crash" + std::to_string(round));
    copy_files(folder / "live/raft.db", crashed + "/raft.db");
    for (int life = 0; life < 2; ++life) {  // and again: recovery itself must leave a good log
      const auto again = LogStore::open(crashed);
      REQUIRE_OK(again);
      BOOST_TEST((*again)->last().value == last);
    }
    std::filesystem::remove_all(crashed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
