#include <fcntl.h>

#include <span>

#include "storage/archive_store.hpp"
#include "storage/beneath.hpp"
#include "tests/storage/log_fixture.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::test;
using storage::ArchiveStore;
using storage::LogStore;

namespace {

/// A node's log with entries 1 to `last`, the one with index i of term 1 + i / 1000.
std::unique_ptr<LogStore> log_of(const std::string& path, std::uint64_t last, std::size_t bytes) {
  std::filesystem::create_directories(path);
  auto store = LogStore::open(path);
  REQUIRE_OK(store);
  raft::Persist persist;
  persist.seq = raft::PersistSeq{1};
  for (std::uint64_t i = 1; i <= last; ++i)
    persist.entries.push_back(entry(i, 1 + i / 1000, std::string(bytes, 'p') + std::to_string(i)));
  persist.hard_state = raft::HardState{Term{1 + last / 1000}, NodeId{1}, LogIndex{last}};
  REQUIRE_OK((*store)->write(std::span(&persist, 1)));
  return std::move(*store);
}

/// A node whose log has `last` entries and is sealed up to `upto`.
struct Sealed {
  Sealed(std::uint64_t last, std::size_t bytes, std::uint64_t upto)
      : log(log_of(folder / "raft", last, bytes)) {
    auto opened = ArchiveStore::open(folder.path.string());
    REQUIRE_OK(opened);
    archive = std::move(*opened);
    REQUIRE_OK(archive->seal(*log, LogIndex{upto}));
  }
  const Folder folder;
  std::unique_ptr<LogStore> log;
  std::unique_ptr<ArchiveStore> archive;
};

std::string only_segment(const Folder& folder) {
  std::vector<std::string> found;
  for (const auto& file : std::filesystem::directory_iterator(folder / "archive"))
    found.push_back(file.path());
  BOOST_REQUIRE(found.size() == 1u);
  return found.front();
}

std::string writable_segment(const Folder& folder) {
  std::string file = only_segment(folder);
  std::filesystem::permissions(file, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  return file;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(archive)

BOOST_AUTO_TEST_CASE(the_bytes_of_a_segment_never_change) {
  const Folder folder;
  const OwnedFd file(
      ::open((folder / "segment").c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  storage::SegmentWriter writer(file.get(), LogIndex{1}, LogIndex{2});
  REQUIRE_OK(writer.add(entry(1, 3, "hello")));
  raft::Entry no_op = entry(2, 3, "");
  no_op.type = raft::EntryType::no_op;
  REQUIRE_OK(writer.add(no_op));
  const auto name = writer.finish();
  REQUIRE_OK(name);
  // Made by another program.
  BOOST_TEST(to_hex(content(folder / "segment")) ==
             "524e4b4101010000000000000002000000000000000300000000000000010000"
             "0000000000010500000068656c6c6f0300000000000000020000000000000002"
             "000000001a000000566a40b283a4ea42d162259e923573be796320fe83fa4cab"
             "dbdebe3270fd7adc1500000090e5d2400470f67bacedd464e6c00e93973cd993"
             "72eb413645f1158506a530c044000000000000003554c4fc0a9f38679c5dc3ad"
             "e9061c09e2b09e66c6e3b54e1f41355f6fb34437dccfe8fd");
  BOOST_TEST(storage::file_name(*name) ==
             "00000000000000000001-00000000000000000002-"
             "3554c4fc0a9f38679c5dc3ade9061c09e2b09e66c6e3b54e1f41355f6fb34437.segment");
}

BOOST_AUTO_TEST_CASE(a_name_says_range_and_root_and_any_other_name_is_none) {
  const storage::SegmentName name{LogIndex{1025}, LogIndex{2048}, sha256("x")};
  const std::string file = storage::file_name(name);
  BOOST_REQUIRE(storage::segment_of_file(file).has_value());
  BOOST_TEST((*storage::segment_of_file(file) == name));
  for (const std::string& other :
       {std::string(), file + "x", file.substr(1), "+" + file.substr(1),
        storage::file_name({LogIndex{1}, LogIndex{1025}, {}}),  // longer than a segment is
        storage::file_name({LogIndex{2}, LogIndex{1}, {}}),
        storage::file_name({LogIndex{0}, LogIndex{1}, {}})})
    BOOST_TEST(!storage::segment_of_file(other).has_value(), other);
}

BOOST_AUTO_TEST_CASE(what_was_sealed_is_read_back_after_the_log_was_cut) {
  const Folder folder;
  const auto log = log_of(folder / "raft", 2500, 10);
  const auto whole = log->read(LogIndex{1}, LogIndex{2500});
  REQUIRE_OK(whole);
  {
    const auto archive = ArchiveStore::open(folder.path.string());
    REQUIRE_OK(archive);
    BOOST_TEST((*archive)->sealed().value == 0u);
    REQUIRE_OK((*archive)->seal(*log, LogIndex{1500}));
    REQUIRE_OK((*archive)->seal(*log, LogIndex{1500}));
    BOOST_TEST((*archive)->sealed().value == 1500u);
    REQUIRE_OK(log->cut_prefix(LogIndex{1200}, LogIndex{1500}));
    REQUIRE_OK((*archive)->seal(*log, LogIndex{2100}));
    REQUIRE_OK(log->cut_prefix(LogIndex{2100}, LogIndex{2100}));
  }
  const auto archive = ArchiveStore::open(folder.path.string());
  REQUIRE_OK(archive);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const auto& segment : (*archive)->segments())
    ranges.emplace_back(segment.name.first.value, segment.name.last.value);
  const decltype(ranges) expected{{1, 1024}, {1025, 1500}, {1501, 2048}, {2049, 2100}};
  BOOST_TEST((ranges == expected));
  REQUIRE_OK((*archive)->verify());
  const auto all = storage::read_history(**archive, *log, LogIndex{1}, LogIndex{2500});
  REQUIRE_OK(all);
  BOOST_TEST((*all == *whole));
  const auto some = (*archive)->read(LogIndex{1020}, LogIndex{1503});
  REQUIRE_OK(some);
  BOOST_TEST((*some == std::vector(whole->begin() + 1019, whole->begin() + 1503)));
  CHECK_FAULT((*archive)->read(LogIndex{2090}, LogIndex{2101}), FaultKind::no_such_thing);
  CHECK_SAYS((*archive)->read(LogIndex{2090}, LogIndex{2101}), "it ends at entry 2100");
  CHECK_FAULT((*archive)->read(LogIndex{1}, LogIndex{5000}), FaultKind::bad_input);
  CHECK_FAULT((*archive)->read(LogIndex{2}, LogIndex{1}), FaultKind::bad_input);
}

BOOST_AUTO_TEST_CASE(two_nodes_seal_the_same_range_into_the_same_file) {
  std::string names[2], bytes[2];
  for (int node = 0; node < 2; ++node) {
    const Sealed one(1024, 20, 1024);
    const auto& [folder, log, archive] = one;
    const std::string file = only_segment(folder);
    names[node] = file.substr(file.rfind('/'));
    bytes[node] = content(file);
  }
  BOOST_TEST(names[0] == names[1]);
  BOOST_TEST((bytes[0] == bytes[1]));
}

BOOST_AUTO_TEST_CASE(a_proof_holds_for_its_entry_and_for_no_other) {
  const Sealed node(700, 10, 700);
  const auto& [folder, log, archive] = node;
  for (const std::uint64_t i : {1u, 350u, 699u, 700u}) {
    auto proof = archive->prove(LogIndex{i});
    REQUIRE_OK(proof);
    BOOST_TEST(proof->entry.index.value == i);
    BOOST_TEST(storage::proves(*proof));
    auto other = *proof;
    other.entry.payload += "!";
    BOOST_TEST(!storage::proves(other));
    other = *proof;
    other.entry.index = LogIndex{i == 1 ? 2 : i - 1};
    BOOST_TEST(!storage::proves(other));
    other = *proof;
    other.entry.index = LogIndex{701};
    BOOST_TEST(!storage::proves(other));
  }
}

BOOST_AUTO_TEST_CASE(what_expired_is_said_to_have_expired_and_the_newest_segment_stays) {
  const Folder folder;
  const auto log = log_of(folder / "raft", 4096, 100);
  const auto archive = ArchiveStore::open(folder.path.string());
  REQUIRE_OK(archive);
  CHECK_SAYS((*archive)->read(LogIndex{1}, LogIndex{1}), "it is empty");
  REQUIRE_OK((*archive)->seal(*log, LogIndex{4096}));
  const auto segments = (*archive)->segments();
  BOOST_REQUIRE(segments.size() == 4u);
  const WallTime sealed = segments.back().sealed;
  storage::ArchivePolicy policy;
  policy.oldest = seconds(60);
  auto removed = (*archive)->expire(policy, sealed + seconds(30));
  REQUIRE_OK(removed);
  BOOST_TEST(*removed == 0u);
  policy.oldest.reset();
  policy.most = segments[2].size + segments[3].size;
  removed = (*archive)->expire(policy, sealed);
  REQUIRE_OK(removed);
  BOOST_TEST(*removed == 2u);
  CHECK_FAULT((*archive)->read(LogIndex{2048}, LogIndex{2050}), FaultKind::no_such_thing);
  CHECK_SAYS((*archive)->read(LogIndex{2048}, LogIndex{2050}), "has expired");
  CHECK_SAYS((*archive)->read(LogIndex{2048}, LogIndex{2050}), "keeps entries from 2049 on");
  REQUIRE_OK((*archive)->read(LogIndex{2049}, LogIndex{4096}));
  policy.oldest = seconds(60);
  removed = (*archive)->expire(policy, sealed + seconds(100));
  REQUIRE_OK(removed);
  BOOST_TEST(*removed == 1u);
  BOOST_TEST((*archive)->sealed().value == 4096u);
  REQUIRE_OK((*archive)->seal(*log, LogIndex{4096}));
  BOOST_TEST((*archive)->segments().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_gap_that_a_snapshot_left_is_named_as_one) {
  const Sealed node(2000, 10, 100);
  const auto& [folder, log, archive] = node;
  REQUIRE_OK(log->cut_prefix(LogIndex{500}, LogIndex{500}));
  REQUIRE_OK(archive->seal(*log, LogIndex{600}));
  REQUIRE_OK(archive->read(LogIndex{501}, LogIndex{600}));
  CHECK_FAULT(archive->read(LogIndex{100}, LogIndex{101}), FaultKind::no_such_thing);
  CHECK_SAYS(archive->read(LogIndex{100}, LogIndex{101}), "entry 101 was never in the log");
}

BOOST_AUTO_TEST_CASE(any_flipped_or_missing_byte_of_a_segment_is_found) {
  const Sealed node(20, 5, 20);
  const auto& [folder, log, archive] = node;
  const std::string file = writable_segment(folder);
  const std::string whole = content(file);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    write(file, bytes);
    const auto verified = archive->verify();
    BOOST_TEST(!verified.has_value(), "byte " << at);
    if (!verified) BOOST_TEST(verified.error().what.find(".segment'") != std::string::npos);
  }
  for (std::size_t keep = 0; keep < whole.size(); keep += 7) {
    write(file, whole.substr(0, keep));
    BOOST_TEST(!archive->verify().has_value(), keep << " bytes");
  }
  write(file, whole + "x");
  BOOST_TEST(!archive->verify().has_value());
  write(file, whole);
  REQUIRE_OK(archive->verify());
}

BOOST_AUTO_TEST_CASE(a_damaged_entry_leaves_the_others_of_its_segment_readable) {
  const Sealed node(20, 50, 20);
  const auto& [folder, log, archive] = node;
  const std::string file = writable_segment(folder);
  std::string bytes = content(file);
  const std::size_t at = bytes.find("p7");
  bytes[at] = 'q';
  write(file, bytes);
  REQUIRE_OK(archive->read(LogIndex{1}, LogIndex{6}));
  REQUIRE_OK(archive->read(LogIndex{8}, LogIndex{20}));
  CHECK_FAULT(archive->read(LogIndex{6}, LogIndex{8}), FaultKind::corrupt);
  CHECK_SAYS(archive->read(LogIndex{7}, LogIndex{7}), "Entry 7 is not what was sealed");
}

BOOST_AUTO_TEST_CASE(what_a_crash_left_half_sealed_is_sealed_again) {
  const Folder folder;
  const auto log = log_of(folder / "raft", 20, 50);
  std::filesystem::create_directory(folder / "archive");
  write(folder / "archive/sealing.new", "half");
  write(folder / "archive/note.txt", "somebody else's");
  const auto archive = ArchiveStore::open(folder.path.string());
  REQUIRE_OK(archive);
  BOOST_TEST(!std::filesystem::exists(folder / "archive/sealing.new"));
  BOOST_TEST(std::filesystem::exists(folder / "archive/note.txt"));
  BOOST_TEST((*archive)->segments().empty());
  write(folder / "archive/sealing.new", "half");  // of an attempt that failed
  REQUIRE_OK((*archive)->seal(*log, LogIndex{20}));
  REQUIRE_OK((*archive)->verify());
  BOOST_TEST((*archive)->sealed().value == 20u);
}

BOOST_AUTO_TEST_SUITE_END()
