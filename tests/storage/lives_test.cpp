#include "storage/lives.hpp"

#include "tests/storage/temporary.hpp"
#include "vocabulary/digest.hpp"
#include "vocabulary/limits.hpp"

using namespace runink;
using namespace runink::test;
using storage::begin_life;
using storage::DataFolder;
using storage::Life;
using storage::MetNodes;

namespace {

const NodeName other{"n2"};

DataFolder opened(const std::string& path) {
  auto data = DataFolder::open(path);
  REQUIRE_OK(data);
  return std::move(*data);
}

/// The life that a start of the folder at `path` shows.
Life shown(const std::string& path) {
  const DataFolder data = opened(path);
  auto life = begin_life(data);
  REQUIRE_OK(life);
  return std::move(*life);
}

void copy_folder(const std::string& from, const std::string& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

/// The node that remembers; each meeting is of another process of it.
struct Remembering {
  Folder folder;
  std::string of_other = folder / "n2";
  Result<void> meet(const Life& life) {
    const DataFolder data = opened(folder / "n1");
    auto met = MetNodes::open(data);
    REQUIRE_OK(met);
    return met->meet(other, life);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lives, Remembering)

BOOST_AUTO_TEST_CASE(a_node_comes_back_as_often_as_it_likes) {
  for (int start = 0; start < 3; ++start) {
    const Life life = shown(of_other);
    REQUIRE_OK(meet(life));
    REQUIRE_OK(meet(life));
    shown(of_other);  // a start that only others have met
  }
}

BOOST_AUTO_TEST_CASE(another_data_folder_is_refused_after_both_were_started_again) {
  REQUIRE_OK(meet(shown(of_other)));
  const auto wiped = meet(shown(folder / "empty"));
  CHECK_FAULT(wiped, FaultKind::refused);
  CHECK_SAYS(wiped, "has come back with another data folder");
  CHECK_SAYS(wiped, "`runi cluster remove n2` at another node");
}

BOOST_AUTO_TEST_CASE(an_older_copy_is_refused_however_often_it_is_started) {
  REQUIRE_OK(meet(shown(of_other)));
  copy_folder(of_other, folder / "copy");
  REQUIRE_OK(meet(shown(of_other)));
  for (int start = 0; start < 5; ++start) {
    const auto rolled_back = meet(shown(folder / "copy"));
    CHECK_FAULT(rolled_back, FaultKind::refused);
    CHECK_SAYS(rolled_back, "an older copy, or a second copy");
  }
  REQUIRE_OK(meet(shown(of_other)));
}

BOOST_AUTO_TEST_CASE(of_two_copies_the_first_one_is_the_node) {
  REQUIRE_OK(meet(shown(of_other)));
  copy_folder(of_other, folder / "clone");
  const Life first = shown(of_other), second = shown(folder / "clone");
  BOOST_TEST(first.folder.incarnation == second.folder.incarnation);
  REQUIRE_OK(meet(first));
  CHECK_FAULT(meet(second), FaultKind::refused);
}

BOOST_AUTO_TEST_CASE(an_older_process_is_sent_away_once_a_newer_one_was_met) {
  const Life older = shown(of_other);
  REQUIRE_OK(meet(older));
  REQUIRE_OK(meet(shown(of_other)));
  const auto late = meet(older);
  CHECK_FAULT(late, FaultKind::out_of_date);
  CHECK_SAYS(late, "Stop the older process");
}

BOOST_AUTO_TEST_CASE(starts_that_nobody_was_told_of_do_not_use_up_the_list) {
  REQUIRE_OK(meet(shown(of_other)));
  for (std::uint32_t start = 0; start < limits::starts_remembered + 9; ++start) opened(of_other);
  const Life life = shown(of_other);
  BOOST_TEST(life.starts.size() == 2u);
  REQUIRE_OK(meet(life));
}

BOOST_AUTO_TEST_CASE(who_was_started_too_often_since_is_refused_with_the_reason) {
  Life life = shown(of_other);
  REQUIRE_OK(meet(life));
  const DataFolder data = opened(of_other);
  for (std::uint32_t start = 0; start < limits::starts_remembered; ++start)
    life = begin_life(data).value();
  BOOST_TEST(life.starts.size() == limits::starts_remembered);
  life.folder.incarnation += limits::starts_remembered;
  const auto unknown = meet(life);
  CHECK_FAULT(unknown, FaultKind::refused);
  CHECK_SAYS(unknown, "was started more than 256 times");
}

BOOST_AUTO_TEST_CASE(a_forgotten_node_may_come_with_any_folder) {
  REQUIRE_OK(meet(shown(of_other)));
  const Life empty = shown(folder / "empty");
  CHECK_FAULT(meet(empty), FaultKind::refused);
  std::filesystem::remove(folder / "n1/peers/n2");
  REQUIRE_OK(meet(empty));
  CHECK_FAULT(meet(shown(of_other)), FaultKind::refused);
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_life_are_these) {
  Life life;
  for (std::uint8_t i = 0; i < 16; ++i) life.folder.uuid[i] = i;
  life.folder.incarnation = 3;
  life.starts = {7, 8};
  REQUIRE_OK(meet(life));
  BOOST_TEST(to_hex(content(folder / "n1/peers/n2")) ==
             "524e4b4c01"                                // RNKL, format 1
             "000102030405060708090a0b0c0d0e0f"          // uuid
             "0300000000000000"                          // incarnation
             "0200000007000000000000000800000000000000"  // starts
             "519cbb91");                                // CRC32C
}

BOOST_AUTO_TEST_CASE(damage_is_found) {
  REQUIRE_OK(meet(shown(of_other)));
  for (const std::string& path : {folder / "n1/peers/n2", of_other + "/starts"}) {
    const std::string good = content(path);
    for (std::size_t at = 0; at < good.size(); at += 3) {
      std::string hurt = good;
      hurt[at] = static_cast<char>(hurt[at] ^ 0x20);
      write(path, hurt);
      const DataFolder one = opened(folder / "n1"), two = opened(of_other);
      BOOST_TEST(
          (kind_of(MetNodes::open(one)) == "corrupt" || kind_of(begin_life(two)) == "corrupt"));
    }
    write(path, good);
  }
  Life silent = shown(of_other);
  silent.starts.clear();
  CHECK_FAULT(meet(silent), FaultKind::corrupt);
}

BOOST_AUTO_TEST_SUITE_END()
