// The log in memory and a follower's progress: the parts that own their invariants.
#include "raft/log.hpp"

#include <boost/test/unit_test.hpp>

#include "raft/follower_progress.hpp"
#include "vocabulary/randomness.hpp"

using namespace runink;
using namespace runink::raft;

namespace {

/// "1123" as entries from `first`.
std::vector<Entry> drawn(std::string_view terms, std::uint64_t first = 1) {
  std::vector<Entry> entries;
  for (const char c : terms)
    entries.push_back(
        {Term{static_cast<std::uint64_t>(c - '0')}, LogIndex{first++}, EntryType::command, "x"});
  return entries;
}

Log log_of(std::string_view terms, std::uint64_t commit = 0) {
  return Log({{Term{9}, NodeId{}, LogIndex{commit}}, LogIndex{1}, drawn(terms), {}, {}},
             LogIndex{commit});
}

Persist take(Log& log, std::uint64_t seq) {
  Persist write;
  write.seq = PersistSeq{seq};
  log.take_writes(write);
  return write;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_in_memory)

BOOST_AUTO_TEST_CASE(a_merge_keeps_what_agrees_and_cuts_at_the_first_conflict) {
  Log log = log_of("1122");
  log.merge(drawn("12", 2));  // agrees with what is there
  BOOST_TEST(log.last().value == 4u);
  log.merge(drawn("13", 2));
  BOOST_TEST(log.last().value == 3u);
  const Persist write = take(log, 1);
  BOOST_TEST((write.truncate_from == LogIndex{3}));
  BOOST_TEST(write.entries.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_older_shorter_append_removes_nothing) {
  Log log = log_of("1111");
  log.merge(drawn("11", 1));
  BOOST_TEST(log.last().value == 4u);
  BOOST_TEST(!log.has_writes());
}

// etcd-io/raft found this in its own tests (aba_race): an entry is written, overwritten, and comes
// back; the acknowledgement of the first write must not count for the entry that came back.
BOOST_AUTO_TEST_CASE(an_acknowledgement_does_not_count_for_an_entry_that_was_cut_and_came_back) {
  Log log = log_of("1");
  log.merge(drawn("2", 2));
  take(log, 1);
  log.merge(drawn("3", 2));  // the leader of term 3 overwrites it
  take(log, 2);
  log.merge(drawn("2", 2));  // a later leader, whose log has the old one, brings it back
  take(log, 3);
  log.persisted(PersistSeq{1});
  BOOST_TEST(log.durable().value == 1u);
  log.persisted(PersistSeq{2});
  BOOST_TEST(log.durable().value == 1u);
  log.persisted(PersistSeq{3});
  BOOST_TEST(log.durable().value == 2u);
}

BOOST_AUTO_TEST_CASE(a_cut_of_what_was_never_written_needs_no_cut_on_disk) {
  Log log = log_of("1");
  log.merge(drawn("22", 2));
  log.merge(drawn("3", 3));
  const Persist write = take(log, 1);
  BOOST_TEST(!write.truncate_from.has_value());
  BOOST_TEST(write.entries.size() == 2u);
}

BOOST_AUTO_TEST_CASE(entries_are_handed_out_once_when_committed_and_durable) {
  Log log = log_of("");
  log.append(Term{1}, EntryType::command, "a");
  log.append(Term{1}, EntryType::command, "b");
  take(log, 1);
  log.commit_to(LogIndex{2});
  BOOST_TEST(log.hand_out(MiB(1), 100).empty());
  log.persisted(PersistSeq{1});
  BOOST_TEST(log.hand_out(MiB(1), 100).size() == 2u);
  BOOST_TEST(log.hand_out(MiB(1), 100).empty());
}

BOOST_AUTO_TEST_CASE(uncommitted_bytes_are_counted_through_appends_cuts_and_commits) {
  Log log = log_of("11", 1);
  BOOST_TEST(log.uncommitted().value == 1u);
  log.append(Term{9}, EntryType::command, "abc");
  BOOST_TEST(log.uncommitted().value == 4u);
  log.merge(drawn("1", 2));
  BOOST_TEST(log.uncommitted().value == 4u);
  log.commit_to(LogIndex{3});
  BOOST_TEST(log.uncommitted().value == 0u);
}

BOOST_AUTO_TEST_CASE(a_slice_holds_at_least_one_entry_and_never_more_than_fits) {
  const Log log = log_of("1111");
  BOOST_TEST(log.slice(LogIndex{2}, Bytes{0}, 10).size() == 1u);
  BOOST_TEST(log.slice(LogIndex{2}, Bytes{2}, 10).size() == 2u);
  BOOST_TEST(log.slice(LogIndex{1}, Bytes{100}, 3).size() == 3u);
  BOOST_TEST(log.slice(LogIndex{5}, Bytes{100}, 3).empty());
}

BOOST_AUTO_TEST_CASE(the_last_possible_match_is_the_last_entry_not_above_the_term) {
  const Log log = log_of("112244");
  const auto match = [&](std::uint64_t index, std::uint64_t term) {
    return log.last_possible_match(LogIndex{index}, Term{term}).value;
  };
  BOOST_TEST(match(6, 4) == 6u);
  BOOST_TEST(match(6, 3) == 4u);
  BOOST_TEST(match(3, 9) == 3u);
  BOOST_TEST(match(99, 1) == 2u);
  BOOST_TEST(match(6, 0) == 0u);
  BOOST_TEST(match(0, 5) == 0u);
}

BOOST_AUTO_TEST_CASE(the_state_machine_gets_no_more_than_it_can_take_but_always_one) {
  Log log = log_of("");
  for (const char* payload : {"12345", "6789", "abc", "d"})
    log.append(Term{1}, EntryType::command, payload);
  take(log, 1);
  log.commit_to(LogIndex{4});
  log.persisted(PersistSeq{1});
  BOOST_TEST(log.unapplied().value == 13u);
  BOOST_TEST(log.hand_out(Bytes{2}, 10).size() == 1u);
  BOOST_TEST(log.hand_out(Bytes{9}, 10).size() == 1u);
  BOOST_TEST(log.hand_out(Bytes{9}, 10).empty());
  log.applied_to(LogIndex{1});
  BOOST_TEST(log.unapplied().value == 8u);
  BOOST_TEST(log.hand_out(Bytes{99}, 2).size() == 1u);
  log.applied_to(LogIndex{3});
  BOOST_TEST(log.hand_out(Bytes{99}, 2).size() == 1u);
  log.applied_to(LogIndex{4});
  BOOST_TEST(log.unapplied().value == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_compacted_leaves_its_term_and_the_rest_stays) {
  Log log = log_of("11223", 3);
  const Bytes before = log.size();
  log.compact_to(LogIndex{2});
  BOOST_TEST(log.first().value == 3u);
  BOOST_TEST((log.term_at(LogIndex{2}) == Term{1}));
  BOOST_TEST(!log.term_at(LogIndex{1}).has_value());
  BOOST_TEST((log.at(LogIndex{3}).term == Term{2}));
  BOOST_TEST(log.last().value == 5u);
  BOOST_TEST(log.size().value == before.value / 5 * 3);
  BOOST_TEST((log.last_possible_match(LogIndex{5}, Term{1}) == LogIndex{2}));
  BOOST_TEST((log.last_possible_match(LogIndex{1}, Term{9}) == LogIndex{1}));
  const Persist write = take(log, 1);
  BOOST_TEST((write.base == LogBase{LogIndex{2}, Term{1}}));
  BOOST_TEST(write.entries.empty());
  BOOST_TEST(!log.has_writes());
}

BOOST_AUTO_TEST_CASE(a_snapshot_beyond_the_end_takes_the_place_of_the_log) {
  Log log = log_of("11");
  log.append(Term{9}, EntryType::command, "lost");
  BOOST_TEST(log.restore({LogIndex{7}, Term{8}}));
  BOOST_TEST(log.first().value == 8u);
  BOOST_TEST(log.last().value == 7u);
  for (const LogIndex one : {log.committed(), log.applied(), log.durable(), log.handed_out()})
    BOOST_TEST(one.value == 7u);
  BOOST_TEST(log.uncommitted().value == 0u);
  log.append(Term{9}, EntryType::command, "next");
  const Persist write = take(log, 1);
  BOOST_TEST((write.base == LogBase{LogIndex{7}, Term{8}}));
  BOOST_TEST(!write.truncate_from.has_value());
  BOOST_TEST((write.entries.front().index == LogIndex{8}));
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_another_log_leads_to_cuts_ours_on_disk_too) {
  Log log = log_of("111111");
  BOOST_TEST(log.restore({LogIndex{3}, Term{2}}));
  const Persist write = take(log, 1);
  BOOST_TEST((write.truncate_from == LogIndex{4}));
  BOOST_TEST((write.base == LogBase{LogIndex{3}, Term{2}}));
}

BOOST_AUTO_TEST_CASE(a_snapshot_within_the_log_keeps_what_follows_it) {
  Log log = log_of("1122", 1);
  BOOST_TEST(!log.restore({LogIndex{3}, Term{2}}));
  BOOST_TEST(log.first().value == 1u);
  BOOST_TEST(log.last().value == 4u);
  BOOST_TEST(log.committed().value == 3u);
  BOOST_TEST(log.applied().value == 3u);
  BOOST_TEST(!log.has_writes());
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_of_what_a_snapshot_replaced_counts_for_nothing) {
  Log log = log_of("1");
  for (int i = 0; i < 4; ++i) log.append(Term{9}, EntryType::command, "x");
  take(log, 1);
  log.restore({LogIndex{3}, Term{8}});
  log.append(Term{9}, EntryType::command, "y");
  take(log, 2);
  log.persisted(PersistSeq{1});
  BOOST_TEST(log.durable().value == 3u);
  log.persisted(PersistSeq{2});
  BOOST_TEST(log.durable().value == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(follower_progress)

namespace {

Instant at_ms(std::int64_t ms) { return Instant{} + milliseconds(ms); }

/// Fills the window at `sent` and has it answered at `answered`.
void fill_and_answer(FollowerProgress& follower, std::int64_t sent, std::int64_t answered) {
  while (follower.can_send()) follower.sent(follower.next(), Bytes{1}, LogIndex{}, at_ms(sent));
  follower.acknowledged(previous(follower.next()), at_ms(answered));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_window_grows_with_the_distance_and_shrinks_when_answers_queue_up) {
  FollowerProgress far(LogIndex{1}, {4, MiB(4), 16});
  far.sent(LogIndex{1}, Bytes{1}, LogIndex{});
  far.acknowledged(LogIndex{1});
  FollowerProgress near = far;
  FollowerProgress very_far = far;
  std::int64_t now = 0;
  for (int i = 0; i < 40; ++i, now += 100) {
    fill_and_answer(near, now, now);
    fill_and_answer(far, now, now + 20);
    fill_and_answer(very_far, now, now + 90);
  }
  BOOST_TEST(near.window() == 4u);
  BOOST_TEST(far.window() == 12u);
  BOOST_TEST(far.window_bytes().value == MiB(12).value);
  BOOST_TEST(very_far.window() == 16u);
  fill_and_answer(far, now, now + 70);
  BOOST_TEST(far.window() == 6u);
  fill_and_answer(far, now + 100, now + 170);
  BOOST_TEST(far.window() == 4u);
}

BOOST_AUTO_TEST_CASE(one_probe_goes_out_until_it_is_answered) {
  FollowerProgress follower(LogIndex{5}, {4, KiB(4)});
  BOOST_TEST(follower.can_send());
  follower.sent(LogIndex{8}, Bytes{1}, LogIndex{});
  BOOST_TEST(!follower.can_send());
  BOOST_TEST(follower.acknowledged(LogIndex{8}));
  BOOST_TEST((follower.state() == FollowerProgress::State::replicate));
  BOOST_TEST((follower.next() == LogIndex{9}));
}

BOOST_AUTO_TEST_CASE(the_window_closes_by_messages_and_by_bytes_and_opens_by_acknowledgements) {
  FollowerProgress follower(LogIndex{1}, {2, Bytes{100}});
  follower.sent(LogIndex{1}, Bytes{1}, LogIndex{});
  follower.acknowledged(LogIndex{1});
  follower.sent(LogIndex{2}, Bytes{1}, LogIndex{});
  follower.sent(LogIndex{3}, Bytes{1}, LogIndex{});
  BOOST_TEST(!follower.can_send());
  follower.acknowledged(LogIndex{2});
  BOOST_TEST(follower.can_send());
  follower.sent(LogIndex{9}, Bytes{100}, LogIndex{});
  follower.acknowledged(LogIndex{3});
  BOOST_TEST(follower.room().value == 0u);
  BOOST_TEST(!follower.can_send(Bytes{1}));
  follower.acknowledged(LogIndex{9});
  BOOST_TEST(follower.can_send(Bytes{1000}));  // one entry alone always fits
}

BOOST_AUTO_TEST_CASE(stale_answers_are_known_as_such) {
  FollowerProgress follower(LogIndex{10}, {4, KiB(4)});
  BOOST_TEST(!follower.rejected(LogIndex{3}, LogIndex{2}));  // not what was probed
  BOOST_TEST(follower.rejected(LogIndex{9}, LogIndex{4}));
  BOOST_TEST((follower.next() == LogIndex{5}));
  follower.sent(LogIndex{6}, Bytes{1}, LogIndex{});
  follower.acknowledged(LogIndex{6});
  BOOST_TEST(!follower.rejected(LogIndex{4}, LogIndex{1}));  // it has proven more since
  BOOST_TEST(!follower.acknowledged(LogIndex{5}));
  BOOST_TEST((follower.match() == LogIndex{6}));
}

BOOST_AUTO_TEST_CASE(after_losses_it_is_probed_again_from_what_it_has_proven) {
  FollowerProgress follower(LogIndex{1}, {4, KiB(4)});
  follower.sent(LogIndex{3}, Bytes{1}, LogIndex{});
  follower.acknowledged(LogIndex{3});
  follower.sent(LogIndex{7}, Bytes{1}, LogIndex{7});
  follower.became_unreachable();
  BOOST_TEST((follower.state() == FollowerProgress::State::probe));
  BOOST_TEST((follower.next() == LogIndex{4}));
  BOOST_TEST(follower.in_flight() == 0u);
  BOOST_TEST((follower.commit_sent() <= LogIndex{3}));
}

BOOST_AUTO_TEST_CASE(who_needs_a_snapshot_is_offered_it_once_a_heartbeat_until_it_acknowledges) {
  FollowerProgress follower(LogIndex{5}, {4, KiB(4)});
  const SnapshotOffer offer{SnapshotId{7}, LogIndex{20}, Term{3}};
  follower.needs_snapshot(offer);
  BOOST_TEST(!follower.can_send());
  BOOST_TEST(follower.can_offer());
  follower.offered();
  BOOST_TEST(!follower.can_offer());
  follower.answered_heartbeat();
  BOOST_TEST(follower.can_offer());
  BOOST_TEST(!follower.rejected(LogIndex{0}, LogIndex{0}));
  BOOST_TEST(follower.acknowledged(LogIndex{18}));  // an older leader's snapshot does as well
  BOOST_TEST((follower.state() == FollowerProgress::State::replicate));
  BOOST_TEST((follower.next() == LogIndex{19}));
}

BOOST_AUTO_TEST_CASE(after_a_failed_snapshot_it_is_probed_again_after_a_heartbeat) {
  FollowerProgress follower(LogIndex{5}, {4, KiB(4)});
  follower.needs_snapshot({SnapshotId{7}, LogIndex{20}, Term{3}});
  follower.snapshot_failed();
  BOOST_TEST((follower.state() == FollowerProgress::State::probe));
  BOOST_TEST(!follower.can_send());
  follower.answered_heartbeat();
  BOOST_TEST(follower.can_send());
}

BOOST_AUTO_TEST_SUITE_END()
