// Which version a group speaks: the newest that all its members can, and nobody guesses.
#include "raft/version.hpp"

#include <boost/test/unit_test.hpp>

#include "drawn_group.hpp"
#include "vocabulary/codec.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

Config speaking(unsigned most) {
  Config config;
  config.versions.most = Version(static_cast<std::uint16_t>(most));
  return config;
}

Entry sets(unsigned version, std::uint64_t index, std::uint64_t term = 1) {
  return {Term{term}, LogIndex{index}, EntryType::set_version,
          encode(Version(static_cast<std::uint16_t>(version)))};
}

void bring(Group& group, unsigned to, Entry entry) {
  const Append append{previous(entry.index), Term{entry.index.value > 1 ? 1u : 0u}, {}, {entry}};
  group.at(to).receive({1, NodeId{1}, NodeId{to}, entry.term, append});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(versions)

BOOST_AUTO_TEST_CASE(a_group_moves_to_the_newest_that_all_its_members_can_speak) {
  Group group({"", "", ""}, speaking(3));
  group.restart_as(3, 1, 2);
  group.campaign(1);
  group.pass(milliseconds(200));
  for (const unsigned n : {1u, 2u, 3u}) BOOST_TEST(group.version(n) == 2u);
  group.restart_as(3, 1, 3);
  group.pass(milliseconds(200));
  for (const unsigned n : {1u, 2u, 3u}) BOOST_TEST(group.version(n) == 3u);
  BOOST_TEST(group.log(1) == "111");  // one entry for each
}

BOOST_AUTO_TEST_CASE(it_waits_for_a_member_that_has_not_said_what_it_can) {
  Group group({"", "", ""}, speaking(2));
  group.cut(3);
  group.campaign(1);
  group.pass(seconds(1));
  BOOST_TEST(group.version(1) == 1u);
  group.join(3);
  group.pass(milliseconds(200));
  BOOST_TEST(group.version(1) == 2u);
}

BOOST_AUTO_TEST_CASE(a_learner_is_asked_too) {
  Config config = speaking(2);
  config.voters = {NodeId{1}};
  config.learners = {NodeId{2}};
  Group group({"", ""}, config);
  group.restart_as(2, 1, 1);
  group.pass(seconds(1));
  BOOST_TEST(group.version(1) == 1u);
}

BOOST_AUTO_TEST_CASE(it_is_known_after_a_restart_with_the_log_and_with_a_snapshot) {
  Config config = speaking(2);
  config.log_trailing = {};
  Group group({""}, config);
  group.pass(milliseconds(20));
  BOOST_TEST(group.version(1) == 2u);
  group.propose(1, "a");
  group.restart(1);
  BOOST_TEST(group.version(1) == 2u);
  group.take_snapshot(1);
  BOOST_TEST((group.core(1).snapshot()->version == Version{2}));
  BOOST_REQUIRE(group.log(1) == "");
  group.restart(1);
  BOOST_TEST(group.version(1) == 2u);
}

BOOST_AUTO_TEST_CASE(who_cannot_speak_it_stops_with_the_reason_and_keeps_it_out_of_its_log) {
  Group group({"", ""});
  bring(group, 2, sets(2, 1));
  BOOST_TEST(group.core(2).stopped());
  BOOST_TEST(group.fault(2).find("speaks version 2, this program only 1 to 1") != std::string::npos,
             group.fault(2));
  group.restart(2);
  BOOST_TEST(group.log(2) == "");
}

BOOST_AUTO_TEST_CASE(an_unknown_type_of_entry_stops_it_too) {
  Group group({"", ""});
  Entry entry = sets(1, 1);
  entry.type = static_cast<EntryType>(77);
  bring(group, 2, entry);
  BOOST_TEST(group.core(2).stopped());
  BOOST_TEST(group.fault(2).find("type 77") != std::string::npos, group.fault(2));
}

BOOST_AUTO_TEST_CASE(a_version_that_cannot_be_read_is_not_taken) {
  Group group({"", ""});
  Entry entry = sets(0, 1);
  bring(group, 2, entry);
  entry.payload = "?";
  bring(group, 2, entry);
  BOOST_TEST(!group.core(2).stopped());
  BOOST_TEST(group.log(2) == "");
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_another_version_stops_who_cannot_speak_it) {
  Group group({"", ""});
  SnapshotMeta meta;
  meta.id = SnapshotId{1};
  meta.index = LogIndex{5};
  meta.term = Term{1};
  meta.configuration.voters.incoming = {NodeId{1}, NodeId{2}};
  meta.version = Version{2};
  group.at(2).receive({1, NodeId{1}, NodeId{2}, Term{1}, Heartbeat{}});
  group.at(2).snapshot_fetched(meta.id, meta);
  BOOST_TEST(group.core(2).stopped());
  BOOST_TEST(!group.fault(2).empty());
}

BOOST_AUTO_TEST_CASE(a_program_is_not_started_with_a_log_that_it_cannot_speak) {
  const VersionRange one{Version{1}, Version{1}};
  const VersionRange two{Version{2}, Version{2}};
  Recovered log{{Term{1}, NodeId{}, LogIndex{1}}, LogIndex{1}, {sets(2, 1)}, {}, {}};
  BOOST_TEST((version_of(log) == Version{2}));
  BOOST_TEST(!check_versions(log, one).has_value());
  BOOST_TEST(check_versions(log, two).has_value());
  BOOST_TEST(check_versions(Recovered{}, one).has_value());
  const auto too_new = check_versions(Recovered{}, two);
  BOOST_REQUIRE(!too_new.has_value());
  BOOST_TEST((too_new.error().kind == FaultKind::refused));
  BOOST_TEST(too_new.error().what.find("older") != std::string::npos);
  log.hard_state.commit = {};  // it may yet be cut, but it may also be committed
  BOOST_TEST((version_of(log) == Version{1}));
  BOOST_TEST(!check_versions(log, one).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
