#include "storage/data_folder.hpp"

#include <sys/file.h>

#include "storage/beneath.hpp"
#include "tests/storage/temporary.hpp"
#include "vocabulary/digest.hpp"

using namespace runink;
using namespace runink::test;
using storage::DataFolder;

BOOST_AUTO_TEST_SUITE(data_folder)

BOOST_AUTO_TEST_CASE(a_new_data_folder_is_private_and_complete) {
  const Folder folder;
  const auto data = DataFolder::open(folder / "data");
  REQUIRE_OK(data);
  BOOST_TEST(data->fresh());
  struct stat info {};
  BOOST_REQUIRE(::stat((folder / "data").c_str(), &info) == 0);
  BOOST_TEST((info.st_mode & 07777) == 0700u);
  for (const char* name : {"raft", "state", "artifacts", "staging", "slices", "bundles"})
    BOOST_TEST(std::filesystem::is_directory(data->path() + "/" + name), name);
}

BOOST_AUTO_TEST_CASE(a_folder_that_others_may_read_is_closed_to_them) {
  const Folder folder;
  std::filesystem::create_directory(folder / "data");
  ::chmod((folder / "data").c_str(), 0755);
  REQUIRE_OK(DataFolder::open(folder / "data"));
  struct stat info {};
  BOOST_REQUIRE(::stat((folder / "data").c_str(), &info) == 0);
  BOOST_TEST((info.st_mode & 077) == 0u);
}

BOOST_AUTO_TEST_CASE(the_node_keeps_its_uuid_and_counts_its_lives) {
  const Folder folder;
  storage::Identity first;
  {
    const auto data = DataFolder::open(folder.path);
    REQUIRE_OK(data);
    first = data->identity();
  }
  const auto again = DataFolder::open(folder.path);
  REQUIRE_OK(again);
  BOOST_TEST((again->identity().uuid == first.uuid));
  BOOST_TEST(first.incarnation == 1u);
  BOOST_TEST(again->identity().incarnation == 2u);
  BOOST_TEST(!again->fresh());
  BOOST_TEST(uuid_text(first).size() == 36u);
  BOOST_TEST(uuid_text(first)[14] == '4');
}

BOOST_AUTO_TEST_CASE(a_second_daemon_is_refused_and_told_who_holds_the_folder) {
  const Folder folder;
  auto data = DataFolder::open(folder.path);
  REQUIRE_OK(data);
  const auto second = DataFolder::open(folder.path);
  CHECK_FAULT(second, FaultKind::conflict);
  CHECK_SAYS(second, "process " + std::to_string(::getpid()));
  BOOST_TEST(data->identity().incarnation == 1u);
  data = fail(FaultKind::conflict, "closed");  // the first one ends
  const auto third = DataFolder::open(folder.path);
  REQUIRE_OK(third);
  BOOST_TEST(third->identity().incarnation == 2u);
}

BOOST_AUTO_TEST_CASE(the_bytes_of_version_and_identity_never_change) {
  const Folder folder;
  REQUIRE_OK(DataFolder::open(folder.path));
  BOOST_TEST(content(folder / "VERSION") == "runink-data-format 3\nneeds-runink 0.1.0\n");
  // magic, uuid, incarnation 6, CRC32C: written by hand, read by us, and written back as 7.
  std::string bytes = "RNKI";
  for (int i = 0; i < 16; ++i) bytes += static_cast<char>(i);
  bytes += std::string("\x06\0\0\0\0\0\0\0", 8);
  const std::uint32_t sum = crc32c(bytes);
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(sum >> shift);
  write(folder / "identity", bytes);
  const auto data = DataFolder::open(folder.path);
  REQUIRE_OK(data);
  BOOST_TEST(data->identity().incarnation == 7u);
  BOOST_TEST(uuid_text(data->identity()) == "00010203-0405-0607-0809-0a0b0c0d0e0f");
  BOOST_TEST(to_hex(content(folder / "identity")) ==
             "524e4b49"
             "000102030405060708090a0b0c0d0e0f"
             "0700000000000000"
             "92eb0145");
}

BOOST_AUTO_TEST_CASE(a_folder_from_a_newer_runink_names_the_version_to_install) {
  const Folder folder;
  REQUIRE_OK(DataFolder::open(folder.path));
  write(folder / "VERSION", "runink-data-format 4\nneeds-runink 0.9.3\n");
  const auto data = DataFolder::open(folder.path);
  CHECK_FAULT(data, FaultKind::refused);
  CHECK_SAYS(data, "Install runink 0.9.3 or newer");
}

BOOST_AUTO_TEST_CASE(a_folder_from_before_the_first_release_says_what_to_do) {
  const Folder folder;
  REQUIRE_OK(DataFolder::open(folder.path));
  write(folder / "VERSION", "runink-data-format 2\nneeds-runink 0.1.0\n");
  const auto data = DataFolder::open(folder.path);
  CHECK_FAULT(data, FaultKind::refused);
  CHECK_SAYS(data, "Move the folder away");
}

BOOST_AUTO_TEST_CASE(a_damaged_or_missing_version_is_not_taken_for_a_new_folder) {
  const Folder folder;
  REQUIRE_OK(DataFolder::open(folder.path));
  for (const char* text : {"", "runink-data-format \n", "runink-data-format x\n", "rubbish",
                           "runink-data-format 0\n", "runink-data-format 1"}) {
    write(folder / "VERSION", text);
    CHECK_FAULT(DataFolder::open(folder.path), FaultKind::corrupt);
  }
  std::filesystem::remove(folder / "VERSION");
  CHECK_FAULT(DataFolder::open(folder.path), FaultKind::corrupt);
}

BOOST_AUTO_TEST_CASE(every_flipped_byte_of_the_identity_is_found) {
  const Folder folder;
  REQUIRE_OK(DataFolder::open(folder.path));
  const std::string whole = content(folder / "identity");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
    write(folder / "identity", bytes);
    CHECK_FAULT(DataFolder::open(folder.path), FaultKind::corrupt);
  }
  std::filesystem::remove(folder / "identity");
  CHECK_FAULT(DataFolder::open(folder.path), FaultKind::corrupt);
}

BOOST_AUTO_TEST_CASE(a_first_opening_that_died_half_way_is_repeated) {
  const Folder folder;
  REQUIRE_OK(DataFolder::open(folder.path));
  // Died before anything but LOCK existed.
  for (const char* name : {"VERSION", "identity", "raft", "state", "artifacts", "staging"})
    std::filesystem::remove(folder / name);
  const auto data = DataFolder::open(folder.path);
  REQUIRE_OK(data);
  BOOST_TEST(data->fresh());
}

BOOST_AUTO_TEST_SUITE_END()
